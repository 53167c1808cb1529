import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from herdbook.alpaca import outbox as outbox_module
from herdbook.alpaca.outbox import Outbox
from herdbook.errors import BrokerRefused, BrokerUnavailable


class BrokerDouble:
    """A publisher that can be away, or answer nothing."""

    def __init__(self) -> None:
        self.connected = True
        self.refuses = 0
        self.forbids: set[str] = set()
        self.forbidden = 0
        self.sent: list[tuple[str, bytes]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(
        self, topic: str, payload: bytes | str, *, qos: int = 1, retain: bool = False
    ) -> None:
        await self.gate.wait()
        assert (qos, retain) == (1, True)
        if self.refuses:
            self.refuses -= 1
            raise BrokerUnavailable("gone")
        if topic in self.forbids:
            self.forbidden += 1
            raise BrokerRefused("not you")
        assert isinstance(payload, bytes)
        self.sent.append((topic, payload))


@contextlib.asynccontextmanager
async def sending(outbox: Outbox, broker: BrokerDouble) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.run(broker))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until_sent(broker: BrokerDouble, count: int) -> None:
    async with asyncio.timeout(5):
        while len(broker.sent) < count:
            await asyncio.sleep(0.001)


async def test_what_is_put_in_is_sent_in_order() -> None:
    outbox, broker = Outbox(), BrokerDouble()
    async with sending(outbox, broker):
        for number in range(40):
            outbox.put(f"t/{number}", b"x")
        await until_sent(broker, 40)
    assert [topic for topic, _ in broker.sent] == [f"t/{number}" for number in range(40)]


async def test_a_payload_replaced_before_it_was_sent_is_not_sent() -> None:
    outbox, broker = Outbox(), BrokerDouble()
    broker.connected = False
    async with sending(outbox, broker):
        for number in range(1000):
            outbox.put("t/a", str(number).encode())
        outbox.put("t/b", b"x")
        await asyncio.sleep(0)
        broker.connected = True
        outbox.resend()
        await until_sent(broker, 2)
    assert broker.sent == [("t/a", b"999"), ("t/b", b"x")]


async def test_a_newer_payload_follows_one_that_is_on_its_way() -> None:
    outbox, broker = Outbox(), BrokerDouble()
    broker.gate.clear()
    async with sending(outbox, broker):
        outbox.put("t/a", b"old")
        await asyncio.sleep(0.01)
        outbox.put("t/a", b"new")
        broker.gate.set()
        await until_sent(broker, 2)
    assert broker.sent == [("t/a", b"old"), ("t/a", b"new")]


async def test_what_the_broker_refused_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "_RETRY_S", 0.01)
    outbox, broker = Outbox(), BrokerDouble()
    broker.refuses = 3
    async with sending(outbox, broker):
        outbox.put("t/a", b"1")
        outbox.put("t/b", b"2")
        await until_sent(broker, 2)
    assert sorted(broker.sent) == [("t/a", b"1"), ("t/b", b"2")]


async def test_after_a_connection_everything_is_sent_again_but_what_was_cleared() -> None:
    outbox, broker = Outbox(), BrokerDouble()
    async with sending(outbox, broker):
        outbox.put("t/a", b"1")
        outbox.put("t/b", b"2")
        await until_sent(broker, 2)
        outbox.put("t/a", b"")
        await until_sent(broker, 3)
        broker.sent.clear()
        outbox.resend()
        await until_sent(broker, 1)
        await asyncio.sleep(0.01)
    assert broker.sent == [("t/b", b"2")]


async def test_what_the_broker_refuses_is_not_sent_again_until_it_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox_module, "_RETRY_S", 0.001)
    outbox, broker = Outbox(), BrokerDouble()
    broker.forbids = {"t/not"}
    async with sending(outbox, broker):
        outbox.put("t/not", b"1")
        outbox.put("t/yes", b"1")
        await until_sent(broker, 1)
        await asyncio.sleep(0.05)
        assert broker.forbidden == 1
        broker.forbids = set()
        outbox.put("t/not", b"2")
        await until_sent(broker, 2)
    assert broker.sent == [("t/yes", b"1"), ("t/not", b"2")]
