"""A broker, a house book, a Llama's herd on it, and a node's log."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC
from pathlib import Path

import pytest

from herdbook.broker import BrokerSettings
from herdbook.clock import SystemClock
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.log import EventLog
from herdbook.house.book import HouseBook, Today
from herdbook.house.node import NodeRow
from herdbook.house.observation import Observation
from herdbook.llama.herd.herd import Herd
from tests.mosquitto import Mosquitto


class Heard:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.observations: list[Observation] = []
        self.todays: list[Today] = []
        self.nodes: list[NodeRow] = []
        self.gone: list[str] = []

    def on_observation(self, observation: Observation) -> None:
        self.observations.append(observation)

    def on_today(self, today: Today) -> None:
        self.todays.append(today)

    def on_node(self, node: NodeRow) -> None:
        self.nodes.append(node)

    def on_node_gone(self, node_id: str) -> None:
        self.gone.append(node_id)


class LlamaFixture:
    """A herd that can be started and stopped."""

    def __init__(self, folder: Path, settings: BrokerSettings) -> None:
        self.folder = folder
        self.settings = settings
        self.heard = Heard()
        self.identity = Identity.load_or_create(folder / "identity.key")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["LlamaFixture"]:
        clock = SystemClock()
        self.book = await HouseBook.open(self.folder, clock, UTC)
        self.herd = Herd(self.book, self.settings, self.identity, clock, self.heard)
        task = asyncio.create_task(self.herd.run())
        try:
            await until(lambda: self.herd.connected)
            yield self
        finally:
            task.cancel()
            [result] = await asyncio.gather(task, return_exceptions=True)
            await self.book.close()
            assert isinstance(result, asyncio.CancelledError), result


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """A message that a broker drops comes again after seconds, ever more, on a busy machine too."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def admit(llama: LlamaFixture, node_id: str) -> None:
    await until(lambda: any(node.node_id == node_id for node in llama.heard.nodes))
    await llama.herd.approve(node_id)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture
def settings(mosquitto: Mosquitto) -> BrokerSettings:
    return BrokerSettings(host=mosquitto.host, port=mosquitto.port)


@pytest.fixture
def llama(tmp_path: Path, settings: BrokerSettings) -> LlamaFixture:
    return LlamaFixture(tmp_path / "llama", settings)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    opened = EventLog.open(tmp_path / "node", SystemClock(), boot_id="boot")
    yield opened
    opened.close()
