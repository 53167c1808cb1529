"""Sockets that cannot be opened, or not yet."""

import asyncio
import logging
import socket
from pathlib import Path

import pytest

from herdbook.alpaca.page import door
from herdbook.alpaca.page.settings import PageSettings
from tests.alpaca.page.stage import Stage, stage
from tests.mosquitto import free_port


async def test_a_taken_port_is_named_once_and_opened_once_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(door, "_RETRY_S", 0.05)
    caplog.set_level(logging.WARNING)
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        async with stage(tmp_path, port=port) as node:
            assert (await node.ask("GET", "/v1/status"))[0] == 200, "the node runs without"
            await asyncio.sleep(0.1)
            assert caplog.text.count(f"The page at http://127.0.0.1:{port}/ cannot be opened") == 1


async def test_it_is_opened_once_the_port_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_RETRY_S", 0.05)
    port = free_port()
    taken = socket.create_server(("127.0.0.1", port))
    async with stage(tmp_path, port=port) as node:
        taken.close()
        await until_open(node)
        async with node.browser() as browser, browser.get("/") as answer:
            assert answer.status == 200


async def until_open(node: Stage) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", node.page.port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


async def test_a_token_that_cannot_be_read_keeps_the_page_shut_and_the_node_running(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage(tmp_path) as node:
        (node.data / "page_token").write_text("half")
        _, writer = await asyncio.open_connection("127.0.0.1", node.page.port)
        async with asyncio.timeout(10):
            while "holds half a token" not in caplog.text:
                await asyncio.sleep(0.02)
        writer.close()
        assert (await node.ask("GET", "/v1/status"))[0] == 200


async def test_the_control_sockets_path_may_be_long(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    async with stage(deep) as node:
        assert (await node.ask("GET", "/v1/status"))[0] == 200
        assert [one.name for one in node.data.glob("*alpaca.sock*")] == ["alpaca.sock"]


def test_an_address_is_written_as_browsers_want_it() -> None:
    assert PageSettings(port=8480).address == "http://127.0.0.1:8480/"
    assert PageSettings(port=8480, host="::1").address == "http://[::1]:8480/"
