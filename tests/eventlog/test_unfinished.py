"""Readings that are in no event yet: noted, finished, and found after a crash exactly once."""

import sqlite3
from pathlib import Path

import pytest

from herdbook.clock import Instant
from herdbook.errors import StorageError
from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import READINGS, Event, decode_payload
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.readings import ReadingsPayload, pack
from herdbook.eventlog.timeline import Timeline
from tests.eventlog.samples import SYNCED_MS
from tests.fakes.clock import ManualClock

type Block = tuple[ReadingsPayload, Instant]


def block(
    sensor: str, *values: float, start_ms: int = SYNCED_MS
) -> tuple[ReadingsPayload, Instant]:
    samples = [(start_ms + 1000 * number, value) for number, value in enumerate(values)]
    last = Instant(samples[-1][0], samples[-1][0] - SYNCED_MS + 905_000, "unknown")
    return pack(sensor, "°C", samples, offset_ms=SYNCED_MS - 905_000), last


def opened(folder: Path, boot: str = "later") -> EventLog:
    return EventLog.open(folder, ManualClock(SYNCED_MS + 9_000_000), boot_id=boot)


def readings(log: EventLog) -> list[tuple[Event, list[float]]]:
    log.seal()
    events = [e for wire in log.batches_after(0, 99) for e in open_batch(wire, log.node_id).events]
    return [
        (event, [value for _, value in decode_payload(event, ReadingsPayload).samples()])
        for event in events
        if event.kind == READINGS
    ]


def test_what_a_crash_left_is_an_event_of_its_own_boot(tmp_path: Path) -> None:
    log = opened(tmp_path, "earlier")
    log.keep_unfinished([block("kettle", 20.0, 21.0), block("fridge", 4.0)])
    log.keep_unfinished([block("kettle", 20.0, 21.0, 22.0), block("fridge", 4.0)])
    log.close()  # as a crash would: nothing was finished
    log = opened(tmp_path)
    assert log.absorb() == 2
    assert log.absorb() == 0
    found = readings(log)
    assert [values for _, values in found] == [[20.0, 21.0, 22.0], [4.0]]
    first = found[0][0]
    assert (first.boot_id, first.clock_quality) == ("earlier", "unknown")
    assert (first.wall_ms, first.monotonic_ms) == (SYNCED_MS + 2000, 907_000)
    assert Timeline().start_of(first, decode_payload(first, ReadingsPayload)).wall_ms == SYNCED_MS
    log.close()
    log = opened(tmp_path)
    assert log.absorb() == 0
    assert len(readings(log)) == 2
    log.close()


def test_a_block_that_is_finished_is_not_noted_any_more(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.keep_unfinished([block("kettle", 20.0), block("fridge", 4.0)])
    whole, at = block("kettle", 20.0, 21.0)
    log.append_many([(READINGS, whole, at)])
    log.close()
    log = opened(tmp_path)
    assert log.absorb() == 1
    assert [values for _, values in readings(log)] == [[20.0, 21.0], [4.0]]
    log.close()


def test_what_was_left_is_absorbed_before_anything_is_noted(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.keep_unfinished([block("kettle", 20.0)])
    log.close()
    log = opened(tmp_path)
    log.keep_unfinished([block("kettle", 30.0, start_ms=SYNCED_MS + 60_000)])
    assert [values for _, values in readings(log)] == [[20.0]]
    log.close()


def test_a_disk_that_refuses_leaves_what_was_noted(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.keep_unfinished([block("kettle", 20.0)])
    # As a full disk: SQLite may not grow its files, and the rows do not fit in what there is.
    connection = log._store.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    many = [block(f"s{number}", *map(float, range(900))) for number in range(50)]
    with pytest.raises(StorageError, match="full"):
        log.keep_unfinished(many)
    log.close()
    log = opened(tmp_path)
    assert log.absorb() == 1
    assert [values for _, values in readings(log)] == [[20.0]]
    log.close()


def test_a_damaged_note_is_given_up_and_the_log_is_not(tmp_path: Path) -> None:
    log = opened(tmp_path)
    whole, at = block("kettle", 19.0, start_ms=SYNCED_MS - 60_000)
    log.append_many([(READINGS, whole, at)])
    log.keep_unfinished([block("kettle", 20.0)])
    log.close()
    with sqlite3.connect(tmp_path / "log.db") as damaging:
        damaging.execute("UPDATE unfinished SET event = zeroblob(20)")
    damaging.close()
    log = opened(tmp_path)
    assert log.absorb() == 0
    assert [values for _, values in readings(log)] == [[19.0]]
    log.keep_unfinished([block("kettle", 21.0)])
    log.close()
    log = opened(tmp_path)
    assert log.absorb() == 1
    log.close()
