"""A node that logged again what its Llama had lost: nothing is in any house book twice."""

import random
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

import pytest

from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import (
    LOSS,
    OBSERVATION,
    READINGS,
    Event,
    LossPayload,
    Run,
    encode_payload,
)
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.messages import Hello
from herdbook.eventlog.readings import pack
from herdbook.eventlog.retention import Retention
from herdbook.house.again import KEPT
from herdbook.house.book import HouseBook
from tests.eventlog.samples import SYNCED_MS, fill, numbered, open_log
from tests.eventlog.test_protocol import NODE
from tests.fakes.clock import ManualClock
from tests.house.household import Teller

DAY = 86_400_000
EVENTS = 300


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """The folder of a node."""
    (tmp_path / "identity.key").write_text((b"\x01" * 32).hex())
    return tmp_path


async def llama(folder: Path, wires: Sequence[bytes] = ()) -> HouseBook:
    """A Llama that has these batches."""
    book = await HouseBook.open(folder, ManualClock(SYNCED_MS), UTC)
    await book.hello(NODE.node_id, Hello("Hallway", "0.1.0", EVENTS))
    await book.approve(NODE.node_id)
    for wire in wires:
        await book.store(open_batch(wire, NODE.node_id))
    return book


async def sync(log: EventLog, book: HouseBook) -> None:
    have = await book.have(NODE.node_id)
    assert log.goes_on_from(have.seq, have.hash)
    log.seal()
    for wire in log.batches_after(have.seq, 10_000):
        assert (await book.store(open_batch(wire, NODE.node_id))).verdict == "new"
    assert (await book.have(NODE.node_id)).hash == log.head().sealed_hash
    assert await book.refusals() == {}


async def values(book: HouseBook) -> list[float]:
    rows = book._connection.execute("SELECT value FROM observation ORDER BY value").fetchall()
    return [value for (value,) in rows]


@pytest.mark.parametrize("resets", [1, 2])
@pytest.mark.parametrize("backup", [0, 20, 170, EVENTS])
async def test_a_llama_that_is_put_forward_again_has_everything_once(
    node: Path, backup: int, resets: int
) -> None:
    clock = ManualClock(SYNCED_MS)
    log = open_log(node, clock)
    fill(log, EVENTS, seal_every=10)
    wires = log.batches_after(0, 1000)
    ends = [open_batch(wire, NODE.node_id).last_seq for wire in wires]
    had = [wire for wire, end in zip(wires, ends, strict=True) if end <= backup]
    gone = ends[len(ends) // 2]
    retire(log, clock, gone)
    old = await llama(node / "old", had)
    held = await values(old)
    told = [*range(gone + 1, EVENTS + 1)]
    for number in range(resets):
        anew = await llama(node / f"anew {number}")
        await sync(log, anew)
        assert await values(anew) == told
        fill_values(log, EVENTS + 1 + 10 * number)
        await sync(log, anew)
        told = await values(anew)
        await anew.close()
    await sync(log, old)  # the backup is put back in the place of the new one
    assert await values(old) == sorted({*held, *told})
    fill_values(log, 1000)
    await sync(log, old)
    assert (await values(old))[-10:] == [*range(1000, 1010)]
    await old.close()
    log.close()


def retire(log: EventLog, clock: ManualClock, seq: int) -> None:
    """What the Llama has grows old."""
    log.acknowledge(seq)
    clock.advance(31 * DAY)
    while log.retire(seq, Retention(keep_days=30, disk_share=1)):
        pass


def fill_values(log: EventLog, first: int) -> None:
    """Ten observations whose values go on from one."""
    log.append_many([(OBSERVATION, numbered(first + number)) for number in range(10)])
    log.seal()


def told_loss(teller: Teller, first: int, last: int, *again: tuple[int, int]) -> Event:
    """A loss behind the last of these numbers."""
    teller.seq = last
    runs = tuple(Run(*run) for run in again)
    return teller.event(kind=LOSS, payload=encode_payload(LossPayload(first, last, runs)))


async def test_readings_told_again_count_once_and_what_was_passed_over_counts(
    book: HouseBook, hallway: Teller
) -> None:
    blocks = [
        encode_payload(pack("s", "°C", [(SYNCED_MS + 1000 * number, float(number))]))
        for number in range(10)
    ]

    def read(numbers: range) -> list[Event]:
        return [hallway.event(kind=READINGS, payload=blocks[number]) for number in numbers]

    await hallway.tell(*read(range(4)))  # 1 to 4
    # 5 to 8 never come; after them all of 1 to 8 is told again, of which half is held.
    await hallway.tell(told_loss(hallway, 5, 8, (1, 8)), *read(range(3)))
    await hallway.tell(*read(range(3, 10)))
    series = await hallway.series()
    held = await book.readings(series.id, 0, 2 * SYNCED_MS)
    assert [one.value for one in held] == list(range(10))
    [hour] = await book.by_hour(series.id, 0, 2 * SYNCED_MS)
    assert hour.count == 10


async def test_a_node_that_tells_of_a_thousand_losses_is_bounded(
    book: HouseBook, hallway: Teller
) -> None:
    rng = random.Random(2)
    for _ in range(3 * KEPT):
        last = hallway.seq + rng.randint(1, 5)
        await hallway.tell(told_loss(hallway, hallway.seq + 1, last, *[(1, 1)] * 9))
    for table in ("missing", "again"):
        [(count,)] = book._connection.execute(f"SELECT count(*) FROM {table}").fetchall()
        assert count <= KEPT
    assert (await book.have(hallway.node_id)).seq == hallway.seq
