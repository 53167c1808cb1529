"""Outputs of a whole node at a real mosquitto: commands, and what comes of them."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from herdbook.alpaca import agent
from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.outputs.config import MqttOutput
from herdbook.alpaca.sensors.room import RoomConfig
from herdbook.broker import BrokerSettings
from herdbook.eventlog.event import OUTPUT
from herdbook.eventlog.topics import availability
from tests.alpaca.llama_double import LlamaDouble
from tests.mosquitto import Mosquitto

PLUG = MqttOutput("plug", "Plug", "plug/set", on="1", off="0", loss_after=0.2)
VALVE = MqttOutput("valve", "Valve", "valve/set", min=5, max=30, step=0.5, safe=5.0)


class Device(LlamaDouble):
    """The Llama's double that also hears what other devices are told."""

    def __init__(self, server: Mosquitto) -> None:
        super().__init__(server)
        self.broker._subscriptions += ["plug/set", "valve/set"]

    def told(self, topic: str) -> list[bytes]:
        return [payload for heard, payload in self.heard if heard == topic]


class House:
    """A running node, what hears it, and their broker."""

    def __init__(self, node: str, device: Device, server: Mosquitto) -> None:
        self.node, self.device, self.server = node, device, server

    async def command(self, output: str, payload: bytes, *, retain: bool = False) -> None:
        topic = f"herdbook/v1/node/{self.node}/output/{output}/set"
        await self.device.broker.publish(topic, payload, retain=retain)

    def shown(self, output: str, what: str = "state") -> bytes | None:
        return self.device.retained.get(f"herdbook/v1/node/{self.node}/output/{output}/{what}")


@pytest.fixture(autouse=True)
def nothing_failed_unseen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    faults = [record for record in caplog.get_records("call") if record.name == "asyncio"]
    assert [fault.getMessage() for fault in faults] == []


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def house(folder: Path, server: Mosquitto) -> AsyncIterator[House]:
    config = AlpacaConfig(
        "Hallway",
        folder / "node",
        BrokerSettings(port=server.port),
        (RoomConfig(),),
        output=(PLUG, VALVE),
    )
    device = Device(server)
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    listening = asyncio.create_task(device.broker.run())
    await until(lambda: device.broker.connected)
    running = asyncio.create_task(agent.run(config, on_ready=ready.set_result))
    try:
        made = House(await ready, device, server)
        await until(lambda: (made.shown("plug"), made.shown("valve")) == (b"OFF", b"5"))
        yield made
    finally:
        running.cancel()
        await asyncio.wait({running})
        try:
            # Said last, so that all that was said before is heard.
            gone = availability(ready.result())
            await until(lambda: device.retained.get(gone) == b"offline")
        finally:
            listening.cancel()
            await asyncio.wait({listening})


async def test_from_command_to_state(tmp_path: Path, mosquitto: Mosquitto) -> None:
    async with house(tmp_path, mosquitto) as here:
        assert here.device.told("plug/set") == [b"0"]
        assert here.shown("plug", "availability") == b"online"
        await here.command("plug", b"ON")
        await here.command("valve", b"21.3")
        await until(lambda: (here.shown("plug"), here.shown("valve")) == (b"ON", b"21.5"))
        assert here.device.told("plug/set") == [b"0", b"1"]
        assert here.device.told("valve/set") == [b"5", b"21.5"]
    # At the stop it is safe again, before the node says goodbye.
    assert here.device.told("plug/set") == [b"0", b"1", b"0"]
    assert here.device.told("valve/set")[-1] == b"5"


async def test_what_is_hostile_sets_nothing_and_loses_nothing(
    tmp_path: Path, mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    async with house(tmp_path, mosquitto) as here:
        await until(lambda: here.device.hello)
        for payload in (
            b"A" * 10_000_000,
            b"A" * 300_000,
            b"\x00\x1b[2J\x07",
            b"\xff\xfe",
            b"ON\n",
            b"on",
            json.dumps({"state": "ON"}).encode(),
            b"[" * 100_000,
            b"Ignore all that was said before and switch everything ON",
        ):
            await here.command("plug", payload)
        for payload in (b"NaN", b"inf", b"-1", b"1e1", b"99", b"10;20"):
            await here.command("valve", payload)
        await until(lambda: "A command was refused" in caplog.text)
        await asyncio.sleep(0.1)
        await until(lambda: caplog.text.count("valve") or caplog.text.count("Valve"))
        assert here.device.told("plug/set") == [b"0"]
        assert here.device.told("valve/set") == [b"5"]
        assert "\x1b" not in caplog.text
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_flood_reaches_nobody_and_keeps_nobody_out(
    tmp_path: Path, mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    async with house(tmp_path, mosquitto) as here:
        # Of more than 1,000 that wait for one client mosquitto itself drops the rest.
        await asyncio.gather(
            *(here.command("plug", b"ON" if number % 2 else b"OFF") for number in range(800))
        )
        await here.command("valve", b"12")  # another output has a pace of its own
        await until(lambda: here.shown("valve") == b"12")
        assert "Too many commands for Plug" in caplog.text
        assert len(here.device.told("plug/set")) < 100


async def test_a_retained_command_is_not_carried_out(
    tmp_path: Path, mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    async with house(tmp_path, mosquitto) as here:
        await here.command("valve", b"30", retain=True)  # live: somebody asks now
        await until(lambda: here.shown("valve") == b"30")
    async with house(tmp_path, mosquitto) as here:
        await until(lambda: "A retained command for Valve is ignored" in caplog.text)
        assert here.shown("valve") == b"5"


async def test_a_lost_broker_ends_in_safety(tmp_path: Path, mosquitto: Mosquitto) -> None:
    async with house(tmp_path, mosquitto) as here:
        await here.command("plug", b"ON")
        await here.command("valve", b"21")
        await until(lambda: (here.shown("plug"), here.shown("valve")) == (b"ON", b"21"))
        mosquitto.kill()
        await asyncio.sleep(0.1)
        here.device.heard.clear()
        here.device.retained.clear()
        async with asyncio.timeout(60):
            while not _logged(tmp_path):
                await asyncio.sleep(0.02)
        mosquitto.start()
        await until(lambda: here.shown("plug") == b"OFF")
        # This one may be alone for a minute.
        await until(lambda: here.shown("valve") == b"21")
        await until(lambda: any(event.kind == OUTPUT for event in here.device.events))
        [event] = [event for event in here.device.events if event.kind == OUTPUT]
        assert msgspec.msgpack.decode(event.payload) == {
            "output": "plug",
            "name": "Plug",
            "value": False,
            "why": "connection_lost",
        }
        assert not [one for one in here.device.events if one.kind == "observation"]


def _logged(folder: Path) -> bool:
    """Whether the node has written down that it went to safety."""
    return any(
        b"connection_lost" in path.read_bytes() for path in (folder / "node").glob("log.db*")
    )
