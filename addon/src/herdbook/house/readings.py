"""What the sensors measured. SQL on the house book's blocks of readings and their counts."""

import sqlite3
from collections import Counter
from typing import Final

from herdbook.eventlog.event import Event
from herdbook.eventlog.readings import ReadingsPayload

QUARTER_MS: Final = 15 * 60 * 1000


def add(
    connection: sqlite3.Connection, node_id: str, event: Event, payload: ReadingsPayload
) -> None:
    """Fold one block. Raises `InputError` when its samples cannot be."""
    times = [time for time, _ in payload.samples()]
    connection.execute(
        "INSERT INTO readings (node_id, seq, sensor, first_ms, last_ms, count, block)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            node_id,
            event.seq,
            payload.sensor,
            min(times),
            max(times),
            len(times),
            bytes(event.payload),
        ),
    )
    quarters = Counter(time - time % QUARTER_MS for time in times)
    connection.executemany(
        "INSERT INTO reading_count VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET count = count + excluded.count",
        quarters.items(),
    )


def count_between(connection: sqlite3.Connection, start_ms: int, end_ms: int) -> int:
    """How many readings were taken from `start_ms` to before `end_ms`, both whole quarters."""
    row: tuple[int | None] = connection.execute(
        "SELECT sum(count) FROM reading_count WHERE quarter_ms >= ? AND quarter_ms < ?",
        (start_ms, end_ms),
    ).fetchone()
    return row[0] or 0
