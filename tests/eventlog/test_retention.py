"""What is deleted of a log: only what the Llama has, and never what it does not."""

import random
import shutil
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.eventlog.audit import audit
from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import OBSERVATION, ObservationPayload
from herdbook.eventlog.folder import LogFolder
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.messages import Hello
from herdbook.eventlog.retention import Retention
from herdbook.house.book import HouseBook
from tests.eventlog.samples import SYNCED_MS, fill, numbered, open_log
from tests.eventlog.test_damage import drain, holding, numbers
from tests.eventlog.test_protocol import NODE, Receiver
from tests.fakes.clock import ManualClock

DAY = 86_400_000
MIB = 1024 * 1024
KEEP = Retention(keep_days=30, disk_share=1)
SHORT = Retention(keep_days=30, disk_share=1e-12)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "identity.key").write_text((b"\x01" * 32).hex())
    return tmp_path


def kept(log: EventLog) -> list[int]:
    """The last numbers of the batches that are there."""
    with log._store.writing():
        rows = log._store.connection.execute("SELECT last_seq FROM batch ORDER BY last_seq")
        return [row[0] for row in rows.fetchall()]


def retire(log: EventLog, seq: int, rules: Retention) -> None:
    while log.retire(seq, rules):
        pass


def test_what_is_acknowledged_goes_when_it_is_old(folder: Path) -> None:
    clock = ManualClock(SYNCED_MS)
    log = open_log(folder, clock)
    fill(log, 300, seal_every=10)
    ends = kept(log)
    half = ends[len(ends) // 2]
    log.acknowledge(half)
    retire(log, half, KEEP)
    assert kept(log) == ends
    clock.advance(30 * DAY + 1)
    retire(log, half, KEEP)
    assert kept(log) == [end for end in ends if end > half]
    clock.advance(3000 * DAY)
    retire(log, half, KEEP)
    assert kept(log) == [end for end in ends if end > half], "what is not acknowledged stays"
    # The log goes on, over restarts too, and still knows its place in the chain.
    log.close()
    log = open_log(folder, clock)
    assert log.goes_on_from(half, log.hash_at(half) or b"")
    fill(log, 5)
    source = LogFolder.open(folder)
    found = audit(source)
    source.close()
    assert (found.problems, found.first_seq, found.last_seq) == ([], half + 1, 305)
    log.close()


def test_it_goes_sooner_when_the_log_takes_too_much_of_the_disk(folder: Path) -> None:
    log = open_log(folder)
    fill(log, 300, seal_every=10)
    ends = kept(log)
    log.acknowledge(ends[5])
    retire(log, ends[5], SHORT)
    assert kept(log) == ends[6:]
    log.close()


def test_a_clock_that_was_never_set_makes_nothing_old(folder: Path) -> None:
    log = open_log(folder, ManualClock(5_000, "unset"))
    fill(log, 50, seal_every=10)
    ends = kept(log)
    log.acknowledge(50)
    log.close()
    log = open_log(folder, ManualClock(SYNCED_MS))
    retire(log, 50, KEEP)
    assert kept(log) == ends, "nobody knows yet since when the Llama has it"
    log.close()


def test_a_llama_put_back_to_what_is_kept_gets_the_rest_again(folder: Path, tmp_path: Path) -> None:
    clock = ManualClock(SYNCED_MS)
    log = open_log(folder, clock)
    fill(log, 300, seal_every=10)
    wires = {open_batch(wire, NODE.node_id).last_seq: wire for wire in log.batches_after(0, 999)}
    ends = kept(log)
    log.acknowledge(ends[9])
    clock.advance(31 * DAY)
    log.acknowledge(300)
    retire(log, 300, KEEP)
    assert kept(log) == ends[10:]
    receiver = holding(wires, ends[9])
    drain(log, receiver)
    assert numbers(receiver) == list(range(1, 301))
    log.close()


def test_an_acknowledgement_taken_back_counts_anew(folder: Path) -> None:
    clock = ManualClock(SYNCED_MS)
    log = open_log(folder, clock)
    fill(log, 100, seal_every=10)
    ends = kept(log)
    log.acknowledge(100)
    clock.advance(31 * DAY)
    log.acknowledge(ends[2])  # the Llama was put back
    log.acknowledge(100)
    retire(log, 100, KEEP)
    assert kept(log) == ends, "it has them since just now"
    log.close()


@pytest.mark.parametrize("known", [0, 20, 100])
async def test_a_llama_that_lost_its_house_book_gets_all_that_is_still_here(
    folder: Path, tmp_path: Path, known: int
) -> None:
    """It begins anew, or knows as much as a backup did, which ended amid what is deleted."""
    clock = ManualClock(SYNCED_MS)
    log = open_log(folder, clock)
    fill(log, 300, seal_every=10)
    wires = log.batches_after(0, 1000)
    half = kept(log)[len(kept(log)) // 2]
    log.acknowledge(half)
    clock.advance(31 * DAY)
    retire(log, half, KEEP)
    log.append(OBSERVATION, numbered(1000))
    book = await HouseBook.open(tmp_path / "llama", clock, UTC)
    await book.hello(NODE.node_id, Hello("Hallway", "0.1.0", 300))
    await book.approve(NODE.node_id)
    had = [wire for wire in wires if open_batch(wire, NODE.node_id).last_seq <= known]
    for wire in had:
        await book.store(open_batch(wire, NODE.node_id))
    for _ in range(2):  # the same “have” may come again
        have = await book.have(NODE.node_id)
        assert log.goes_on_from(have.seq, have.hash)
    log.close()
    log = open_log(folder, clock)
    log.seal()
    for wire in log.batches_after(have.seq, 1000):
        assert (await book.store(open_batch(wire, NODE.node_id))).verdict == "new"
    have = await book.have(NODE.node_id)
    assert (have.seq, have.hash) == (log.head().seq, log.head().sealed_hash)
    assert await book.refusals() == {}
    events = sum(len(open_batch(wire, NODE.node_id).events) for wire in had)
    told = await book.observations_of(NODE.node_id, 1000)
    assert len(told) == events + (300 - half) + 1, "all but what is nowhere any more, each once"
    await book.close()
    log.close()


def test_what_is_deleted_gives_its_room_back_step_by_step(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clock, rng = ManualClock(SYNCED_MS), random.Random(3)
    log = open_log(folder, clock)
    for first in range(1, 20_001, 1000):
        log.append_many([(OBSERVATION, worded(rng, first + one)) for one in range(1000)])
        log.seal()
    path = folder / "log.db"
    connection = log._store.connection
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    full = path.stat().st_size
    assert full > 5 * MIB
    log.acknowledge(20_000)
    clock.advance(31 * DAY)

    def free() -> int:
        return int(connection.execute("PRAGMA freelist_count").fetchone()[0])

    steps, more = 0, True
    while more:
        steps += 1
        before = free()
        more = log.retire(19_000, KEEP)
        assert free() >= before - 512, "no step takes long"
        cut = tmp_path_factory.mktemp("cut") / "node"
        shutil.copytree(folder, cut)  # as if the power were cut just now
        source = LogFolder.open(cut)
        found = audit(source)
        source.close()
        assert (found.problems, found.last_seq) == ([], 20_000)
    assert steps >= 4
    assert path.stat().st_size < 2 * MIB < full
    assert kept(log) == [end for end in kept(log) if end > 19_000] != []
    fill(log, 100)
    log.close()
    log = open_log(folder, clock)
    assert log.head().seq == 20_100
    log.close()


def worded(rng: random.Random, number: int) -> ObservationPayload:
    """An observation that compresses badly."""
    return ObservationPayload("s", "S", "k", rng.randbytes(250).hex(), number, None, None, 1)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["fill", "sync", "restore", "retire", "short", "wait", "jump", "restart"]),
        st.integers(0, 1000),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_nothing_unacknowledged_is_ever_deleted(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """Whatever the clock, the disk and the Llama do: between node and Llama nothing is missing."""
    folder = tmp_path_factory.mktemp("node")
    (folder / "identity.key").write_text((b"\x01" * 32).hex())
    clock = ManualClock(SYNCED_MS)
    log, receiver, acknowledged = open_log(folder, clock), Receiver(), 0
    for step, pick in steps:
        match step:
            case "fill":
                fill(log, pick % 40, seal_every=5, rng=random.Random(pick))
            case "sync":
                for wire in log.batches_after(receiver.position.seq, pick % 9):
                    receiver.take(wire)
                acknowledged = receiver.position.seq
                log.acknowledge(acknowledged)
            case "restore" if receiver.held:
                # To a backup no older than what is kept, as a person who reads the guide has.
                first = min(kept(log), default=receiver.position.seq + 1)
                while len(receiver.held) > pick % 20 and receiver.held[-1].last_seq > first:
                    receiver.held.pop()
                acknowledged = receiver.position.seq
                log.acknowledge(acknowledged)
            case "retire":
                log.retire(acknowledged, KEEP)
            case "short":
                log.retire(acknowledged, SHORT)
            case "wait":
                clock.advance(pick * DAY // 10)
            case "jump":
                clock.wall = [0, SYNCED_MS, SYNCED_MS + 10_000 * DAY][pick % 3]
            case "restart":
                log.close()
                log = open_log(folder, clock)
        assert min(kept(log), default=10**9) > 0
        there = {end for end in kept(log) if end > receiver.position.seq}
        held = receiver.position.seq
        sealed = log.head().sealed_seq
        covered = log.batches_after(held, 1000)
        assert len(covered) == len(there)
        assert (
            sum(len(open_batch(wire, NODE.node_id).events) for wire in covered)
        ) == sealed - held
    drain(log, receiver)
    assert numbers(receiver) == list(range(1, log.head().seq + 1))
    log.close()
