"""The log on disk, over crashes, lost keys and full disks."""

import errno
import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from herdbook.errors import InputError, LogInUse, StorageError
from herdbook.eventlog import log as log_module
from herdbook.eventlog.batch import GENESIS, MAX_EVENTS, MAX_WIRE, VerifiedBatch, open_batch
from herdbook.eventlog.event import MAX_WALL_MS, OBSERVATION, ObservationPayload, decode_payload
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.mark import read_mark
from herdbook.eventlog.receiver import START, Position, judge
from tests.eventlog.samples import CO2, SYNCED_MS, fill, numbered, open_log
from tests.fakes.clock import ManualClock


def opened(log: EventLog) -> list[VerifiedBatch]:
    """Every batch of a log, each found to follow the one before."""
    position = START
    batches = []
    for wire in log.batches_after(0, 100_000):
        batch = open_batch(wire, log.node_id)
        assert judge(position, batch, lambda _seq: None) == "new"
        position = Position(batch.last_seq, batch.hash, batch.events[-1].lamport)
        batches.append(batch)
    return batches


def test_an_event_carries_the_time_it_was_given(tmp_path: Path) -> None:
    clock = ManualClock(SYNCED_MS, "unknown")
    log = open_log(tmp_path, clock)
    first = log.append(OBSERVATION, CO2)
    clock.advance(1500)
    second = log.append(OBSERVATION, CO2)
    assert (first.seq, first.lamport, first.wall_ms, first.clock_quality) == (
        1,
        1,
        SYNCED_MS,
        "unknown",
    )
    assert (second.seq, second.lamport, second.wall_ms) == (2, 2, SYNCED_MS + 1500)
    assert second.monotonic_ms - first.monotonic_ms == 1500
    log.close()


@pytest.mark.parametrize("wall", [-1, MAX_WALL_MS + 1, 2**63])
def test_an_impossible_time_does_not_spoil_the_log(tmp_path: Path, wall: int) -> None:
    log = open_log(tmp_path, ManualClock(wall))
    assert log.append(OBSERVATION, CO2).clock_quality == "unset"
    log.seal()
    assert len(opened(log)) == 1
    log.close()


def test_numbers_go_on_after_reopening_and_sealing(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    fill(log, 3)
    log.append(OBSERVATION, CO2)
    log.close()
    log = open_log(tmp_path)
    assert log.append(OBSERVATION, CO2).seq == 5
    assert (log.head().seq, log.head().sealed_seq) == (5, 3)
    log.seal()
    assert [(batch.first_seq, batch.last_seq) for batch in opened(log)] == [(1, 3), (4, 5)]
    assert log.head().sealed_hash == opened(log)[-1].hash == log.hash_at(5)
    assert (log.hash_at(0), log.hash_at(4)) == (GENESIS, None)
    log.close()


def test_batches_are_given_in_order_from_a_place_on(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    fill(log, 30, seal_every=4)
    every = log.batches_after(0, 1000)
    assert len(every) > 3
    second = open_batch(every[1], log.node_id)
    assert log.batches_after(second.last_seq, 2) == every[2:4]
    assert log.batches_after(30, 5) == []
    log.close()


def test_a_long_tail_becomes_bounded_batches(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.append_many([(OBSERVATION, numbered(n)) for n in range(1, 2501)])
    incompressible = [
        ObservationPayload("s", "S", "k", random.Random(n).randbytes(450).hex(), 1, None, None, 1)
        for n in range(1000)
    ]
    log.append_many([(OBSERVATION, payload) for payload in incompressible])
    log.seal()
    batches = opened(log)
    assert sum(len(batch.events) for batch in batches) == 3500
    assert all(len(batch.events) <= MAX_EVENTS for batch in batches)
    assert all(len(batch.wire) <= MAX_WIRE for batch in batches)
    values = [decode_payload(event, ObservationPayload).value for event in batches[0].events]
    assert values == [float(n) for n in range(1, len(values) + 1)]
    log.close()


def test_a_long_tail_can_be_sealed_bit_by_bit(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.append_many([(OBSERVATION, numbered(n)) for n in range(1, 2501)])
    for sealed in (1000, 2000, 2500, 2500):
        log.seal(1)
        assert (log.head().sealed_seq, log.head().seq) == (sealed, 2500)
        assert [batch.last_seq for batch in opened(log)][-1] == sealed
    log.close()


def test_what_no_llama_would_take_is_not_appended(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    for kind, payload in [
        ("", CO2),
        ("k" * 65, CO2),
        (OBSERVATION, ObservationPayload("", "S", "k", "x", 1.0, None, None, 1.0)),
        (OBSERVATION, ObservationPayload("s", "S", "k", "x" * 1001, 1.0, None, None, 1.0)),
        (OBSERVATION, ObservationPayload("s", "S", "k", "x", 1.0, None, None, 1.5)),
        (OBSERVATION, ObservationPayload("s", "S", "k", "x", float("nan"), None, None, 1.0)),
    ]:
        with pytest.raises(InputError):
            log.append_many([(OBSERVATION, CO2), (kind, payload)])
    assert log.head().seq == 0
    log.close()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    with pytest.raises(LogInUse, match=str(tmp_path)):
        open_log(tmp_path)
    (tmp_path / "lock").unlink()
    with pytest.raises(LogInUse, match=str(tmp_path)):
        open_log(tmp_path)
    log.close()
    open_log(tmp_path).close()


def test_a_file_system_without_locks_is_no_other_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StorageError, match="lock: No locks available"):
        open_log(tmp_path)


def test_a_database_of_another_user_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_log(tmp_path).close()

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(StorageError, match=r"log\.db: Operation not permitted"):
        open_log(tmp_path)


def test_where_nobody_tells_which_boot_this_is_each_run_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "_BOOT_ID", tmp_path / "no" / "proc")
    boots = set()
    for _ in range(2):
        log = EventLog.open(tmp_path / "node", ManualClock())
        boots.add(log.append(OBSERVATION, CO2).boot_id)
        boots.add(log.append(OBSERVATION, CO2).boot_id)
        log.close()
    assert len(boots) == 2


def test_a_lost_identity_is_said_not_replaced(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    fill(log, 1)
    log.close()
    key = tmp_path / "identity.key"
    kept = key.read_text()
    key.unlink()
    with pytest.raises(StorageError, match="has lost its identity"):
        open_log(tmp_path)
    assert not key.exists()
    key.write_text("00" * 32)
    with pytest.raises(StorageError, match="another identity"):
        open_log(tmp_path)
    key.write_text("not a key")
    with pytest.raises(StorageError, match=r"identity\.key does not hold an identity"):
        open_log(tmp_path)
    key.write_text(kept)
    open_log(tmp_path).close()


def test_the_key_is_for_its_owner_only(tmp_path: Path) -> None:
    open_log(tmp_path).close()
    assert (tmp_path / "identity.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "log.db").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_loses_nothing_that_was_confirmed(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    (pages,) = log._store.connection.execute("PRAGMA page_count").fetchone()
    log._store.connection.execute(f"PRAGMA max_page_count={pages + 10}")

    def append_until_full() -> None:
        while True:
            confirmed.append(log.append_many([(OBSERVATION, numbered(1))] * 20)[-1].seq)

    confirmed: list[int] = []
    with pytest.raises(StorageError, match=r"log\.db.*full.*Free some space"):
        append_until_full()
    end = confirmed[-1]
    assert log.head().seq == end
    log._store.connection.execute("PRAGMA max_page_count=1000000")
    assert log.append(OBSERVATION, CO2).seq == end + 1
    log.seal()
    assert sum(len(batch.events) for batch in opened(log)) == end + 1
    log.close()


def test_a_log_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log._store.connection.execute("PRAGMA user_version=999")
    log.close()
    with pytest.raises(StorageError, match="schema 999"):
        open_log(tmp_path)


WRITER = """
import sys
from pathlib import Path
from herdbook.clock import SystemClock
from herdbook.eventlog.log import EventLog
from tests.eventlog.samples import numbered
log = EventLog.open(Path(sys.argv[1]), SystemClock())
print("ready", flush=True)
number = log.head().seq
while True:
    for size in (1, 1, 30, 1, 2, 200, 1):
        group = [("observation", numbered(number + n)) for n in range(1, size + 1)]
        number = log.append_many(group)[-1].seq
        print(number, flush=True)
    log.seal()
    print(f"sealed {number}", flush=True)
"""


def test_kill_9_anywhere_leaves_a_log_that_goes_on(tmp_path: Path) -> None:
    rng = random.Random(5)
    root = Path(__file__).parents[2]
    published: dict[int, bytes] = {}
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=root,
            text=True,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(rng.random() / 20)
        process.send_signal(signal.SIGKILL)
        said = process.stdout.read().split("\n")[:-1]
        process.wait()
        process.stdout.close()
        numbers = [int(line) for line in said if line.isdigit()]
        sealed = [int(line.split()[1]) for line in said if line.startswith("sealed")]
        log = open_log(tmp_path)
        head = log.head()
        assert head.seq >= max(numbers, default=0), "a confirmed event was lost"
        assert head.sealed_seq >= max(sealed, default=0), "a confirmed batch was lost"
        mark = read_mark(tmp_path)
        assert mark is not None
        assert mark.seq == head.sealed_seq
        batches = opened(log)
        for batch in batches:
            assert published.setdefault(batch.last_seq, batch.wire) == batch.wire
        log.seal()
        events = [event for batch in opened(log) for event in batch.events]
        values = [decode_payload(event, ObservationPayload).value for event in events]
        assert values == [float(n) for n in range(1, head.seq + 1)]
        log.close()
    assert len(published) > 5


def test_a_copied_folder_goes_on_as_another_history(tmp_path: Path) -> None:
    """What the Llama will call a fork: both sign, and the chains part."""
    log = open_log(tmp_path / "a")
    fill(log, 2)
    log.close()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    hashes = set()
    for name in "ab":
        log = open_log(tmp_path / name, ManualClock(SYNCED_MS + ord(name)))
        fill(log, 1)
        hashes.add(log.head().sealed_hash)
        log.close()
    assert len(hashes) == 2
