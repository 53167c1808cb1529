import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from herdbook.alpaca import hearing as hearing_module
from herdbook.alpaca.hearing import Hearing
from herdbook.errors import BrokerRefused


class Broker:
    """Gives back what is published, or not, or refuses it."""

    connected = True

    def __init__(self, hearing: Hearing) -> None:
        self.hearing = hearing
        self.delivers = self.takes = True
        self.published = 0

    async def publish(
        self, topic: str, payload: bytes | str, *, qos: int = 1, retain: bool = False
    ) -> None:
        assert (topic, payload, retain) == ("here", b"online", True)
        self.published += 1
        if not self.takes:
            raise BrokerRefused("no")
        if self.delivers:
            self.hearing.heard()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing_module, "_PATIENCE_S", 0.02)


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    hearing = Hearing("here", b"online")
    broker = Broker(hearing)
    task = asyncio.create_task(hearing.run(broker))
    yield broker
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def connect(broker: Broker) -> None:
    """A connection on which nothing comes by itself; until it was looked into."""
    before = broker.published
    broker.hearing.connected()
    async with asyncio.timeout(5):
        while broker.published == before:
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.05)


async def test_a_broker_that_lets_nothing_be_heard_is_named_once(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.delivers = False
    for _ in range(3):
        await connect(broker)
    assert caplog.text.count("lets it hear nothing") == 1
    assert "Let this user read" in caplog.text
    broker.delivers = True
    await connect(broker)
    broker.delivers = False
    await connect(broker)
    assert caplog.text.count("lets it hear nothing") == 2


async def test_one_that_lets_itself_be_heard_is_not_asked(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.hearing.connected()
    broker.hearing.heard()
    await asyncio.sleep(0.05)
    assert broker.published == 0
    assert caplog.text == ""


async def test_one_that_takes_nothing_either_is_not_accused(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.takes = False
    await connect(broker)
    assert caplog.text == ""
