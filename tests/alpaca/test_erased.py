"""A node that is erased on its Llama while it runs, once it has deleted what that had."""

import asyncio
import contextlib
import logging
from pathlib import Path

import aiomqtt
import pytest

from herdbook.alpaca import agent
from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.sensors.file import FileConfig
from herdbook.broker import BrokerSettings
from herdbook.eventlog import question
from herdbook.eventlog.audit import audit
from herdbook.eventlog.folder import LogFolder
from herdbook.eventlog.retention import Retention
from tests.llama.herd.conftest import LlamaFixture, until
from tests.mosquitto import Mosquitto


class Boiler:
    """A node with one number in a file, each change of which is worth an observation."""

    def __init__(self, folder: Path, port: int) -> None:
        self.data = folder / "node"
        self._file = folder / "value"
        self.said = 0
        self.state = b""
        self.set(50)
        boiler = FileConfig(
            id="boiler", name="Boiler", path=str(self._file), interval=0.1, usual=(20, 90), quiet=0
        )
        self.config = AlpacaConfig(
            name="Hallway",
            data=self.data,
            broker=BrokerSettings(port=port),
            sensor=(boiler,),
            log=Retention(keep_days=30, disk_share=1e-12),
        )

    def set(self, value: int) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(f"{value}\n")
        new.replace(self._file)

    async def reads(self, value: int) -> None:
        """Until it has read another value."""
        self.set(value)
        await until(lambda: self.state == f"{value}.0".encode())

    async def watch(self) -> None:
        """Follow what it shows in Home Assistant."""
        async with aiomqtt.Client("127.0.0.1", self.config.broker.port) as client:
            await client.subscribe("herdbook/v1/node/+/sensor/boiler/state")
            async for message in client.messages:
                self.state = bytes(message.payload)

    async def notice(self) -> None:
        """Something unusual."""
        await self.reads(50)
        self.said += 1
        await self.reads(100 + self.said)


def has_deleted(data: Path) -> bool:
    """Whether a node's log, which is whole, has not all it once had."""
    source = LogFolder.open(data)
    found = audit(source)
    source.close()
    assert found.problems == []
    return len(found.absent) == 1


def heard(llama: LlamaFixture) -> list[int]:
    """The numbers of what was noticed, in the order in which the Llama heard of it."""
    return [int(one.value) - 100 for one in llama.heard.observations if one.value]


async def test_it_waits_as_a_new_node_and_then_goes_on(
    tmp_path: Path,
    mosquitto: Mosquitto,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(question, "AGAIN_MS", 200)
    monkeypatch.setattr("herdbook.eventlog.protocol.FIRST_TIMEOUT_MS", 200)
    monkeypatch.setattr("herdbook.alpaca.uplink._RETIRE_EVERY_MS", 0)
    boiler = Boiler(tmp_path, mosquitto.port)
    llama = LlamaFixture(tmp_path / "llama", BrokerSettings(port=mosquitto.port))
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with llama.running(), asyncio.TaskGroup() as group:
        watching = group.create_task(boiler.watch())
        node = asyncio.create_task(agent.run(boiler.config, on_ready=ready.set_result))
        try:
            node_id = await ready
            for _ in range(2):
                await until(lambda: bool(llama.heard.nodes))
                await llama.herd.approve(node_id)
                for _ in range(3):
                    await boiler.notice()
                    await until(lambda: boiler.said in heard(llama))
                    await until(lambda: has_deleted(boiler.data))
                await llama.herd.forget(node_id)
                llama.heard.nodes.clear()
                await boiler.notice()
                await until(lambda: bool(llama.heard.nodes))
                [waiting] = await llama.herd.nodes()
                assert (waiting.node_id, waiting.approved) == (node_id, False)
                assert boiler.said not in heard(llama)
            await llama.herd.approve(node_id)
            await boiler.notice()
            await until(lambda: boiler.said in heard(llama))
        finally:
            node.cancel()
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await node
        assert heard(llama) == list(range(1, boiler.said + 1)), "all of it, once, in order"
        assert set(await llama.book.refusals()) <= {"unapproved", "gap"}
        [row] = await llama.herd.nodes()
        have = await llama.book.have(node_id)
        assert row.seq == have.seq > 0
        warnings = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
        assert warnings == [], "what the Llama cleaned away at the broker is no fault"
