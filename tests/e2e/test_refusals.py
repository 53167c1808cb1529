"""What the two commands say when they cannot do what they are told to."""

import asyncio
import socket
from pathlib import Path

import pytest

from demo.folder import Folder
from demo.herdbook import COMMAND, Alpaca, Llama
from demo.ports import free_port
from demo.waiting import until


async def run(*arguments: object) -> tuple[int | None, str]:
    """Run `herdbook` to its end; its exit code and all it said."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    words, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, words.decode()


@pytest.mark.parametrize("listener", ["panel", "api"])
async def test_llama_names_a_taken_port(tmp_path: Path, listener: str) -> None:
    with Folder(tmp_path) as folder, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"panel_port": free_port(), "api_port": free_port(), f"{listener}_port": port}
        llama = Llama(folder, broker_port=free_port(), **ports)
        code, words = await run("llama", "run", "--config", llama.config)
    assert code == 1
    assert str(port) in words
    assert "port" in words.splitlines()[-1]
    assert "Traceback" not in words


@pytest.mark.parametrize("part", ["llama", "alpaca"])
async def test_misspelt_setting_is_named(tmp_path: Path, part: str) -> None:
    config = tmp_path / f"{part}.toml"
    config.write_text('data = "data"\nname = "One"\nbrokre = 1\n')
    code, words = await run(part, "run", "--config", config)
    assert code == 2
    assert "brokre" in words
    assert "Traceback" not in words


@pytest.mark.parametrize("part", ["llama", "alpaca"])
async def test_missing_configuration_is_named(tmp_path: Path, part: str) -> None:
    code, words = await run(part, "run", "--config", tmp_path / "nowhere.toml")
    assert code == 2
    assert "nowhere.toml" in words
    assert "--config" in words


async def test_alpaca_works_without_a_broker_and_says_so(tmp_path: Path) -> None:
    with Folder(tmp_path) as folder:
        port = free_port()
        alpaca = Alpaca(folder, broker_port=port)
        await alpaca.start()

        async def has_said() -> bool:
            return f"No MQTT broker at 127.0.0.1:{port}" in alpaca.process.output()

        try:
            assert await until(has_said, "the missing broker is named", seconds=20)
            assert alpaca.process.running
        finally:
            await alpaca.stop()
        assert "Traceback" not in alpaca.process.output()
        assert alpaca.process.returncode == 0


async def test_second_alpaca_on_one_log_is_refused(tmp_path: Path) -> None:
    with Folder(tmp_path) as folder:
        alpaca = Alpaca(folder, broker_port=free_port())
        await alpaca.start()
        try:
            code, words = await run("alpaca", "run", "--config", alpaca.config)
        finally:
            await alpaca.stop()
    assert code == 1
    assert str(alpaca.data) in words
    assert "Traceback" not in words


async def test_an_ingress_without_the_panels_address_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "llama.toml"
    config.write_text('data = "data"\n[ingress]\nport = 8099\n')
    code, words = await run("llama", "run", "--config", config)
    assert code == 2
    assert "panel_url" in words
    assert "Traceback" not in words
