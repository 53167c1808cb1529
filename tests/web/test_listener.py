"""The ports of a Llama, against peers that mean no good."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from aiohttp import ClientError, ClientSession, web

from herdbook.errors import ConfigError, PortTaken
from herdbook.settings import Listener
from herdbook.web import listener as module
from herdbook.web.listener import listening
from tests.mosquitto import free_port


async def _hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


async def _measure(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())))


def _app() -> web.Application:
    app = web.Application()
    app.router.add_get("/", _hello)
    app.router.add_put("/", _measure)
    return app


@pytest.fixture
def where() -> Listener:
    return Listener(free_port())


@pytest.fixture
async def url(where: Listener) -> AsyncIterator[str]:
    async with listening(_app(), where, "panel") as url:
        yield url


async def _get(url: str) -> str:
    async with ClientSession() as session, session.get(url) as response:
        assert response.headers["Server"] == "Herdbook"
        return await response.text()


async def test_it_answers_and_says_little_of_itself(url: str) -> None:
    assert await _get(url) == "hello"


async def test_a_taken_port_is_named(where: Listener) -> None:
    with socket.create_server(("127.0.0.1", where.port)), pytest.raises(PortTaken) as raised:
        async with listening(_app(), where, "api"):
            pass
    assert f"Port {where.port} of 127.0.0.1 is taken" in str(raised.value)
    assert "[api]" in raised.value.fix


async def test_an_address_of_another_machine_is_named(where: Listener) -> None:
    with pytest.raises(ConfigError, match=r"Cannot listen on 192\.0\.2\.1:\d+: .*could not bind"):
        async with listening(_app(), Listener(where.port, "192.0.2.1"), "panel"):
            pass


async def test_a_connection_keeps_nothing_of_its_request(url: str) -> None:
    """aiohttp would keep the last one, and its answer, with a connection that stays open."""
    async with ClientSession() as session, session.get(url) as response:
        assert response.headers["Connection"] == "close"
        assert await response.text() == "hello"


async def test_silent_connections_are_closed_and_talking_ones_are_not(
    where: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEADER_S", 0.3)
    said = asyncio.Event()

    async def think(_: web.Request) -> web.Response:
        await said.wait()
        return web.Response(text="at last")

    app = _app()
    app.router.add_get("/thought", think)
    async with listening(app, where, "panel") as url, ClientSession() as session:
        thought = asyncio.create_task(session.get(f"{url}/thought"))
        silent = [await asyncio.open_connection("127.0.0.1", where.port) for _ in range(5)]
        silent[0][1].write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        for reader, writer in silent:
            async with asyncio.timeout(5):
                assert await reader.read() == b""
            writer.close()
        said.set()
        async with await thought as response:
            assert await response.text() == "at last"


async def test_a_body_that_does_not_come_is_waited_for_only_so_long(
    where: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else as many as connections are let in could keep everybody out, for as long as they like."""
    monkeypatch.setattr(module, "BODY_S", 0.3)

    async def listen(request: web.Request) -> web.Response:
        said = await request.text()
        await asyncio.sleep(0.5 if said == "all of it" else 0)
        return web.Response(text=said)

    app = _app()
    app.router.add_post("/", listen)
    async with listening(app, where, "panel") as url, ClientSession() as session:
        whole = asyncio.create_task(session.post(url, data="all of it"))
        head = b"POST / HTTP/1.1\r\nHost: x\r\n"
        for body in (
            b"Content-Length: 9\r\n\r\nall",
            b"Transfer-Encoding: chunked\r\n\r\n3\r\nall",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", where.port)
            writer.write(head + body)
            async with asyncio.timeout(5):
                assert await reader.read() == b""
            writer.close()
        async with await whole as response:
            assert await response.text() == "all of it", "what thinks for longer is left alone"


@pytest.mark.parametrize(("bytes_a_time", "comes"), [(1_000, True), (10, False)])
async def test_a_large_body_may_take_its_time_but_not_come_by_drops(
    where: Listener, monkeypatch: pytest.MonkeyPatch, bytes_a_time: int, comes: bool
) -> None:
    monkeypatch.setattr(module, "BODY_S", 0.3)
    monkeypatch.setattr(module, "BODY_BYTES", 1_000)

    async def listen(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    app = _app()
    app.router.add_post("/", listen)
    async with listening(app, where, "panel"):
        reader, writer = await asyncio.open_connection("127.0.0.1", where.port)
        writer.write(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (20 * bytes_a_time)
        )
        answer = b""
        with suppress(ConnectionError):  # that it is closed may show in any of these
            for _ in range(20):
                writer.write(bytes(bytes_a_time))
                await asyncio.sleep(0.05)
            async with asyncio.timeout(5):
                answer = await reader.read()
        assert answer.endswith(b"20000") if comes else answer == b""
        writer.close()


@pytest.mark.parametrize("asked", ["GET /nowhere", "POST /", "CONNECT x:1"])
async def test_a_request_that_is_refused_leaves_no_connection_open(
    url: str, where: Listener, asked: str
) -> None:
    """Whoever asks for what is not there could else take up all connections, one by one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", where.port)
    writer.write(f"{asked} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    async with asyncio.timeout(5):
        assert b" 40" in await reader.readline()
        await reader.read()
    writer.close()


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "br", "gzip, gzip"])
async def test_a_compressed_body_is_only_bytes(
    url: str, caplog: pytest.LogCaptureFixture, encoding: str
) -> None:
    """A bomb goes off nowhere, and what only says that it is compressed fills no log."""
    async with ClientSession() as session:
        for body in (gzip.compress(bytes(1 << 24)), b"not compressed at all"):
            headers = {"Content-Encoding": encoding}
            async with session.put(url, data=body, headers=headers, compress=False) as response:
                assert await response.text() == f"{len(body)}"
    assert [record for record in caplog.records if record.exc_info] == []


async def test_a_flood_of_connections_is_refused_and_ends_by_itself(
    where: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CONNECTIONS_LIMIT", 10)
    monkeypatch.setattr(module, "HEADER_S", 0.5)
    async with listening(_app(), where, "panel") as url:
        flood = [await asyncio.open_connection("127.0.0.1", where.port) for _ in range(30)]
        async with asyncio.timeout(5):
            over = [await reader.read(1) for reader, _ in flood[10:]]
        assert over == [b""] * 20
        async with asyncio.timeout(5):
            while True:
                try:
                    assert await _get(url) == "hello"
                    break
                except ClientError:
                    await asyncio.sleep(0.05)
        for _, writer in flood:
            writer.close()
