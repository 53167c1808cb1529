"""One request over HTTP, and whatever may come instead of a Llama's answer."""

import asyncio
import contextlib
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.alpaca import address as module
from herdbook.alpaca.address import MAX_ANSWER, Address, LlamaSettings, Reply, _parse
from herdbook.errors import ConfigError, HerdbookError, LlamaUnavailable
from tests.mosquitto import free_port

type Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def server(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Somebody on a port who talks like this; then the connection is closed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await talk(reader, writer)
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with listener:
        yield listener.sockets[0].getsockname()[1]


def saying(answer: bytes, heard: list[bytes] | None = None) -> Talk:
    """Reads a request of three bytes, and answers it."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(3)
        if heard is not None:
            heard.append(head + body)
        writer.write(answer)
        await writer.drain()

    return talk


OK = b"HTTP/1.1 200 OK\r\nHerdbook: 1\r\nContent-Length: 4\r\n\r\nhave"


async def post(port: int, scheme: str = "http", ca: str | None = None, path: str = "") -> Reply:
    settings_ = LlamaSettings(f"{scheme}://127.0.0.1:{port}{path}", ca)
    return await Address(settings_).post("/herdbook/v1/x", b"one")


async def test_a_request_is_whole_and_so_is_its_answer() -> None:
    heard: list[bytes] = []
    async with server(saying(OK, heard)) as port:
        assert await post(port, path="/behind/") == Reply(
            200, {"herdbook": "1", "content-length": "4"}, b"have"
        )
    lines = heard[0].split(b"\r\n")
    assert lines[0] == b"POST /behind/herdbook/v1/x HTTP/1.1"
    assert f"Host: 127.0.0.1:{port}".encode() in lines
    assert b"Content-Length: 3" in lines
    assert lines[-1] == b"one"


async def test_an_address_may_be_numbers_or_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def connect(host: str, port: int, **_: object) -> None:
        asked.append((host, port))
        raise ConnectionRefusedError

    monkeypatch.setattr("asyncio.open_connection", connect)
    for url in ("http://[fd00::5]:8479", "http://[fd00::5]", "https://llama.home/x/"):
        with pytest.raises(LlamaUnavailable, match="nobody listens"):
            await Address(LlamaSettings(url)).post("/y", b"")
    assert asked == [("fd00::5", 8479), ("fd00::5", 80), ("llama.home", 443)]


@pytest.mark.parametrize(
    ("answer", "content"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nha\r\n2\r\nve\r\n0\r\n\r\n",
            4,
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nhave", 4),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 4),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 0),
    ],
)
async def test_other_ways_to_answer_are_understood(answer: bytes, content: int) -> None:
    async with server(saying(answer)) as port:
        assert (await post(port)).content == b"have"[:content]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "no whole answer"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "no whole answer"),
        (b"220 mail.example ESMTP\r\n", "no whole answer"),
        (OK[:-2], "no whole answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + bytes(70_000), "no whole answer"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + bytes(10 * MAX_ANSWER), "no whole answer"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", "no whole answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200 + b"\r\n", "no whole answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "no whole answer"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-" + b"f" * 20 + b"\r\n",
            "no whole answer",
        ),
    ],
)
async def test_what_is_no_whole_answer_is_none(answer: bytes, words: str) -> None:
    async with server(saying(answer)) as port:
        with pytest.raises(LlamaUnavailable, match=words):
            await post(port)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=300), st.binary(max_size=60).map(lambda b: OK[:17] + b + OK[17:]))
)
def test_no_answer_breaks_the_parser(raw: bytes) -> None:
    try:
        reply = _parse(raw)
    except module.HTTPException:
        return
    assert len(reply.content) <= MAX_ANSWER


async def test_nobody_there_is_said() -> None:
    with pytest.raises(LlamaUnavailable, match=r"nobody listens there.*\[herd\]"):
        await post(free_port())


async def test_a_name_nobody_knows_is_said() -> None:
    address = Address(LlamaSettings("http://llama.invalid:8479"))
    with pytest.raises(LlamaUnavailable, match=r"no machine is known by that name"):
        await address.post("/x", b"")


async def test_who_does_not_answer_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WITHIN_S", 0.1)

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with server(drip) as port:
        with pytest.raises(LlamaUnavailable, match="does not answer in time"):
            await post(port)


async def test_a_connection_that_is_reset_is_said() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with server(reset) as port:
        with pytest.raises(LlamaUnavailable, match=r"broke|no whole answer"):
            await post(port)


class Authority:
    """A certificate for 127.0.0.1 that signs itself."""

    def __init__(self, folder: Path, name: str = "127.0.0.1") -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Herdbook test")])
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))]), False
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256())
        )
        self.path = folder / "ca.pem"
        self.path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        both = folder / "both.pem"
        both.write_bytes(
            self.path.read_bytes()
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(both)


async def test_a_certificate_is_checked_by_the_authority_that_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with server(saying(OK), authority.context) as port:
        assert (await post(port, "https", str(authority.path))).content == b"have"
        with pytest.raises(LlamaUnavailable, match=r"certificate is signed by itself.*“ca”"):
            await post(port, "https")
        with pytest.raises(LlamaUnavailable, match=r"https://"):
            await post(port)


async def test_a_certificate_of_another_machine_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "127.0.0.9")
    async with server(saying(OK), authority.context) as port:
        with pytest.raises(LlamaUnavailable, match="certificate is for another name"):
            await post(port, "https", str(authority.path))


async def test_tls_where_there_is_none_is_said() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with server(refuse) as port:
        with pytest.raises(LlamaUnavailable, match=r"speaks no TLS"):
            await post(port, "https")


@pytest.mark.parametrize(
    "url",
    [
        "http://:8479",
        "http://llama:0x1",
        "http://llama:99999",
        "http://ada@llama:8479",
        "http://llama/?a=b",
        "http://llama/#here",
        "http://[::1",
        "http://pi..local:8479",
    ],
)
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(ConfigError, match="no address of a Llama") as caught:
        Address(LlamaSettings(url))
    assert "[herd]" in caught.value.fix


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    with pytest.raises(HerdbookError, match=r"missing\.pem.*“ca” under \[llama\]"):
        Address(LlamaSettings("https://llama", missing))
