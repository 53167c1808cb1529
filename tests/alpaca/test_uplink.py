"""The uplink alone: how a log is cut into batches while its Llama is away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from herdbook.alpaca.record import Record
from herdbook.alpaca.uplink import Uplink
from herdbook.eventlog.batch import GENESIS, hash_of, span_of
from herdbook.eventlog.event import OBSERVATION
from herdbook.eventlog.messages import Have, open_hello, seal_have
from herdbook.eventlog.pin import FilePin
from herdbook.eventlog.protocol import WINDOW
from herdbook.eventlog.retention import Retention
from tests.eventlog.samples import identity, numbered
from tests.fakes.clock import ManualClock

LLAMA = identity(9)


class Node:
    """A log with an uplink, on a way that keeps what is sent; its Llama is the test."""

    connected = True

    def __init__(self, folder: Path, record: Record) -> None:
        self.record = record
        self.sent: list[bytes] = []
        self._hello = b""
        self._count = 0
        self.uplink = Uplink(
            record,
            "Attic",
            FilePin(folder / "llama.key"),
            ManualClock(),
            Retention(),
            on_waiting=lambda _: None,
        )

    async def hello(self, wire: bytes) -> None:
        self._hello = wire

    async def batch(self, wire: bytes) -> None:
        self.sent.append(wire)

    async def tell(self, first: int, last: int) -> None:
        """Log these observations."""
        numbers = range(first, last + 1)
        await asyncio.gather(*(self.record.append(OBSERVATION, numbered(n)) for n in numbers))
        self.uplink.appended()

    async def hear(self, seq: int, hash_: bytes) -> None:
        """The Llama says that it has this much."""
        node_id = self.record.identity.node_id
        self._count += 1
        nonce = open_hello(self._hello, node_id).nonce
        have = Have(node_id, seq, hash_, approved=True, nonce=nonce, count=self._count)
        await self.uplink.heard(seal_have(LLAMA, have))

    async def until_sent(self, batches: int) -> None:
        async with asyncio.timeout(60):
            while len(self.sent) < batches:
                await asyncio.sleep(0.01)

    async def until_sealed(self, seq: int) -> None:
        async with asyncio.timeout(60):
            while (await self.record.call(self.record.log.head)).sealed_seq < seq:
                await asyncio.sleep(0.01)


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    record = await Record.open(tmp_path, ManualClock())
    made = Node(tmp_path, record)
    sending = asyncio.create_task(made.uplink.run(made))
    yield made
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending
    await record.close()


async def test_a_node_that_is_alone_seals_what_fills_a_batch_and_no_more(node: Node) -> None:
    for first in (1, 901, 1801):
        await node.tell(first, first + 899)
    await node.until_sealed(2000)
    head = await node.record.call(node.record.log.head)
    assert (head.sealed_seq, head.seq) == (2000, 2700)
    assert node.sent == []


async def test_while_the_llama_is_silent_large_batches_are_made(node: Node) -> None:
    await node.uplink.connected()
    await node.uplink.say_hello(node)
    await node.hear(0, GENESIS)
    for number in range(1, WINDOW + 1):
        await node.tell(number, number)
        await node.until_sent(number)
    for first in range(WINDOW + 1, 1209, 50):
        await node.tell(first, first + 49)
    await node.until_sealed(WINDOW + 1000)
    assert len(node.sent) == WINDOW
    await node.hear(WINDOW, hash_of(node.sent[-1]))
    await node.until_sent(WINDOW + 2)
    assert [span_of(wire) for wire in node.sent] == [
        *((number, number) for number in range(1, WINDOW + 1)),
        (WINDOW + 1, WINDOW + 1000),
        (WINDOW + 1001, WINDOW + 1200),
    ]
