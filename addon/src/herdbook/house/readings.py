"""What the sensors measured. SQL on the house book's blocks of readings, their hours and counts.

What a batch brings of a series is one block; as soon as the small blocks of a series have
`FULL` readings together, larger ones take their place. So a reading is written twice, however
slowly they come. Blocks of a series may overlap in time, as what is late has a block of its own.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from herdbook.eventlog.event import MAX_WALL_MS
from herdbook.house import rollup
from herdbook.house.block import Columns, decode, encode, join
from herdbook.house.place import NEVER_SURE, SURE

FULL: Final = 1024
LARGEST: Final = 2048
# The index of loose blocks is one of this very number.
_LOOSE: Final = "SELECT id, count FROM block WHERE series = ? AND stretch = ? AND count < 1024"
QUARTER_MS: Final = 15 * 60 * 1000


class Reading(NamedTuple):
    """One reading: its wall time in milliseconds, and its value; yes is 1, no is 0."""

    at_ms: int
    value: float


def add(
    connection: sqlite3.Connection,
    series: int,
    stretch: int,
    parts: Sequence[Columns],
    now_ms: int,
    *,
    placed: bool,
) -> None:
    """Store readings of one series. Those that are `placed` in time count in their hours."""
    columns = join(parts)
    if placed:
        _count(connection, series, columns)
    loose = connection.execute(_LOOSE, (series, stretch)).fetchall()
    if loose and sum(count for _, count in loose) + len(columns.times) >= FULL:
        held = [_take(connection, block) for block, _ in loose]
        columns = join([*held, columns])
    for first in range(0, len(columns.times), LARGEST):
        some = columns.cut(first, first + LARGEST)
        connection.execute(
            "INSERT INTO block (series, stretch, first_ms, last_ms, count, stored_ms, columns)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                series,
                stretch,
                some.times[0],
                some.times[-1],
                len(some.times),
                now_ms,
                encode(some),
            ),
        )


def between(
    connection: sqlite3.Connection, series: int, start_ms: int, end_ms: int
) -> Columns | None:
    """The readings from `start_ms` to before `end_ms`, in order of time; None when there is none.

    Ones whose time nobody knows are none of them.
    """
    rows = connection.execute(
        "SELECT first_ms, count, columns FROM placed"
        " WHERE series = ? AND last_ms >= ? AND first_ms < ?",
        (series, start_ms, end_ms),
    )
    parts = [cut for row in rows if (cut := _cut(decode(*row), start_ms, end_ms)).times]
    return join(parts) if parts else None


def listed(
    connection: sqlite3.Connection, series: int, start_ms: int, end_ms: int
) -> list[Reading]:
    """The same, one by one."""
    columns = between(connection, series, start_ms, end_ms)
    return list(map(Reading, columns.times, columns.numbers())) if columns else []


def newest(connection: sqlite3.Connection, series: int) -> Reading | None:
    """The reading with the latest time."""
    row = connection.execute(
        "SELECT first_ms, count, columns FROM placed WHERE series = ?"
        " ORDER BY last_ms DESC LIMIT 1",
        (series,),
    ).fetchone()
    if row is None:
        return None
    columns = decode(*row)
    return Reading(columns.times[-1], columns.values[-1] / columns.divisor)


def timeless(connection: sqlite3.Connection, series: int) -> int:
    """How many readings of a series there are whose time nobody knows."""
    row: tuple[int] = connection.execute(
        "SELECT coalesce((SELECT sum(count) FROM block WHERE series = ?1), 0)"
        " - coalesce((SELECT sum(count) FROM placed WHERE series = ?1), 0)",
        (series,),
    ).fetchone()
    return row[0]


def unchecked(connection: sqlite3.Connection, series: int) -> int:
    """How many readings have a time that is believed, but that nobody has checked yet."""
    row: tuple[int | None] = connection.execute(
        "SELECT sum(count) FROM placed WHERE series = ? AND stretch > 0", (series,)
    ).fetchone()
    return row[0] or 0


def count_between(connection: sqlite3.Connection, start_ms: int, end_ms: int) -> int:
    """How many readings were taken from `start_ms` to before `end_ms`, both whole quarters."""
    row: tuple[int | None] = connection.execute(
        "SELECT sum(count) FROM reading_count WHERE quarter_ms >= ? AND quarter_ms < ?",
        (start_ms, end_ms),
    ).fetchone()
    return row[0] or 0


def move(connection: sqlite3.Connection, stretch: int, by_ms: int, *, placed: bool) -> None:
    """Make the times of a stretch sure: they were `by_ms` too early. `placed` as in `add`.

    Those that would leave the calendar stay where they are.
    """
    if by_ms == 0 and placed:
        settle(connection, stretch, placed=True)  # they stand where they belong already
        return
    rows = connection.execute(
        "SELECT series, first_ms, count, columns FROM block"
        " WHERE stretch = ? AND first_ms + ? >= 0 AND last_ms + ? <= ? ORDER BY series, id",
        (stretch, by_ms, by_ms, MAX_WALL_MS),
    ).fetchall()
    moved = {
        series: join([decode(*block) for _, *block in blocks])
        for series, blocks in groupby(rows, lambda row: row[0])
    }
    if placed:
        for series, columns in moved.items():
            _uncount(connection, series, columns)
    connection.execute(
        "UPDATE block SET stretch = 0, first_ms = first_ms + ?2, last_ms = last_ms + ?2"
        " WHERE stretch = ?1 AND first_ms + ?2 >= 0 AND last_ms + ?2 <= ?3",
        (stretch, by_ms, MAX_WALL_MS),
    )
    for series, columns in moved.items():
        _count(connection, series, columns.moved(by_ms))
        if placed:
            _narrow(connection, series, columns)
    settle(connection, stretch, placed=placed)


def settle(connection: sqlite3.Connection, stretch: int, *, placed: bool) -> None:
    """No longer wait for the times of a stretch to be put right."""
    connection.execute(
        "UPDATE block SET stretch = ? WHERE stretch = ?",
        (SURE if placed else NEVER_SURE, stretch),
    )


def expire(connection: sqlite3.Connection, before_ms: int) -> None:
    """Delete blocks that ended, or were stored, before then; their hours stay."""
    connection.execute(
        "DELETE FROM block WHERE (last_ms < ? AND stretch = 0) OR stored_ms < ?",
        (before_ms, before_ms),
    )
    connection.execute("DELETE FROM reading_count WHERE quarter_ms < ?", (before_ms,))


def _count(connection: sqlite3.Connection, series: int, columns: Columns) -> None:
    rollup.add(connection, series, rollup.hours_of(columns))
    connection.executemany(
        "INSERT INTO reading_count VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET count = count + excluded.count",
        _quarters(columns),
    )


def _uncount(connection: sqlite3.Connection, series: int, columns: Columns) -> None:
    rollup.take_out(connection, series, rollup.hours_of(columns))
    connection.executemany(
        "UPDATE reading_count SET count = count - ?2 WHERE quarter_ms = ?1", _quarters(columns)
    )


def _narrow(connection: sqlite3.Connection, series: int, gone: Columns) -> None:
    """Put the hours right that readings were taken out of."""
    starts = [start for start, _, _ in gone.periods(rollup.HOUR_MS)]
    # Hours that follow each other are looked at together: each block is opened once.
    for _, run in groupby(enumerate(starts), lambda one: one[1] - one[0] * rollup.HOUR_MS):
        hours = [start for _, start in run]
        left = between(connection, series, hours[0], hours[-1] + rollup.HOUR_MS)
        if left is not None:
            rollup.narrow(connection, series, rollup.hours_of(left))


def _quarters(columns: Columns) -> Iterable[tuple[int, int]]:
    return [(start, end - first) for start, first, end in columns.periods(QUARTER_MS)]


def _take(connection: sqlite3.Connection, block: int) -> Columns:
    row = connection.execute(
        "DELETE FROM block WHERE id = ? RETURNING first_ms, count, columns", (block,)
    ).fetchone()
    return decode(*row)


def _cut(columns: Columns, start_ms: int, end_ms: int) -> Columns:
    times = columns.times
    return columns.cut(bisect_left(times, start_ms), bisect_left(times, end_ms))
