"""What the sensors measured. SQL on the house book's blocks of readings, their hours and counts.

What a batch brings of a series is one block; as soon as the small blocks of a series have
`FULL` readings together, larger ones take their place. So a reading is written twice, however
slowly they come. Blocks of a series may overlap in time, as what is late has a block of its own.
Those of a stretch (stretch.py) hold what its clock told, and beside it when that was.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from herdbook.house import rollup, stretch
from herdbook.house.block import Columns, decode, encode, join
from herdbook.house.place import NEVER_SURE, SURE
from herdbook.house.stretch import Stretch

FULL: Final = 1024
LARGEST: Final = 2048
# The index of loose blocks is one of this very number.
_LOOSE: Final = "SELECT id, count FROM block WHERE series = ? AND stretch = ? AND count < 1024"
_PLACED: Final = "SELECT stretch, coalesce(told_ms, first_ms), count, columns FROM placed"
QUARTER_MS: Final = 15 * 60 * 1000


class Reading(NamedTuple):
    """One reading: its wall time in milliseconds, and its value; yes is 1, no is 0."""

    at_ms: int
    value: float


def add(
    connection: sqlite3.Connection,
    series: int,
    told_by: Stretch | None,
    parts: Sequence[Columns],
    now_ms: int,
) -> None:
    """Store readings of one series. Those whose time is to be believed count in their hours.

    `told_by` is the stretch whose clock told their times; None where these are sure.
    """
    columns = join(parts)
    if told_by is None or told_by.placed:
        _count(connection, series, _right(columns, told_by))
    number = told_by.id if told_by else SURE
    loose = connection.execute(_LOOSE, (series, number)).fetchall()
    if loose and sum(count for _, count in loose) + len(columns.times) >= FULL:
        held = [_take(connection, block) for block, _ in loose]
        columns = join([*held, columns])
    for first in range(0, len(columns.times), LARGEST):
        some = columns.cut(first, first + LARGEST)
        right = _right(some, told_by).times
        told = (some.times[0], some.times[-1]) if told_by else (None, None)
        connection.execute(
            "INSERT INTO block (series, stretch, first_ms, last_ms, count, stored_ms, columns,"
            " told_ms, told_last_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                series,
                number,
                right[0],
                right[-1],
                len(some.times),
                now_ms,
                encode(some),
                *told,
            ),
        )


def between(
    connection: sqlite3.Connection, series: int, start_ms: int, end_ms: int
) -> Columns | None:
    """The readings from `start_ms` to before `end_ms`, in order of time; None when there is none.

    Ones whose time nobody knows are none of them.
    """
    rows = connection.execute(
        f"{_PLACED} WHERE series = ? AND last_ms >= ? AND first_ms < ?", (series, start_ms, end_ms)
    ).fetchall()
    tellers = {number: stretch.find(connection, number) for number in {row[0] for row in rows}}
    parts = [
        cut
        for number, *block in rows
        if (cut := _cut(_right(decode(*block), tellers[number]), start_ms, end_ms)).times
    ]
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
        f"{_PLACED} WHERE series = ? ORDER BY last_ms DESC LIMIT 1", (series,)
    ).fetchone()
    if row is None:
        return None
    number, *block = row
    columns = _right(decode(*block), stretch.find(connection, number))
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
        "SELECT sum(block.count) FROM block JOIN stretch ON stretch.id = block.stretch"
        " WHERE series = ? AND quality = 'unknown' AND NOT known",
        (series,),
    ).fetchone()
    return row[0] or 0


def count_between(connection: sqlite3.Connection, start_ms: int, end_ms: int) -> int:
    """How many readings were taken from `start_ms` to before `end_ms`, both whole quarters."""
    row: tuple[int | None] = connection.execute(
        "SELECT sum(count) FROM reading_count WHERE quarter_ms >= ? AND quarter_ms < ?",
        (start_ms, end_ms),
    ).fetchone()
    return row[0] or 0


def refold(
    connection: sqlite3.Connection, before: Stretch, after: Stretch, first_ms: int, last_ms: int
) -> None:
    """Put readings right that were taken between two monotonic times of a stretch's boot.

    `before` is how they are, `after` is what is known of their stretch now, and stored already.
    """
    lead = before.lead_ms
    rows = connection.execute(
        "SELECT series, id, told_ms, count, columns FROM block"
        " WHERE stretch = ? AND told_last_ms >= ? AND told_ms <= ? ORDER BY series, id",
        (before.id, first_ms + lead, last_ms + lead),
    ).fetchall()
    for series, its in groupby(rows, lambda row: row[0]):
        _refold(connection, series, [row[1:] for row in its], before, after)


def settle(connection: sqlite3.Connection, given_up: Stretch) -> None:
    """No longer expect the times of a stretch to be put right: as they are they stay."""
    if given_up.points:
        rows = connection.execute(
            "SELECT id, told_ms, count, columns FROM block WHERE stretch = ?", (given_up.id,)
        ).fetchall()
        for block, told_ms, count, columns in rows:
            right = given_up.right(decode(told_ms, count, columns))
            connection.execute("UPDATE block SET columns = ? WHERE id = ?", (encode(right), block))
    connection.execute(
        "UPDATE block SET stretch = ?, told_ms = NULL, told_last_ms = NULL WHERE stretch = ?",
        (SURE if given_up.placed else NEVER_SURE, given_up.id),
    )


def expire(connection: sqlite3.Connection, before_ms: int) -> None:
    """Delete blocks that ended, or were stored, before then; their hours stay."""
    connection.execute(
        "DELETE FROM block WHERE (last_ms < ? AND stretch = 0) OR stored_ms < ?",
        (before_ms, before_ms),
    )
    connection.execute("DELETE FROM reading_count WHERE quarter_ms < ?", (before_ms,))


def _refold(
    connection: sqlite3.Connection,
    series: int,
    blocks: Sequence[tuple[int, int, int, bytes]],
    before: Stretch,
    after: Stretch,
) -> None:
    told = [decode(told_ms, count, columns) for _, told_ms, count, columns in blocks]
    come = [after.right(columns) for columns in told]
    gone = join([before.right(columns) for columns in told])
    connection.executemany(
        "UPDATE block SET first_ms = ?, last_ms = ? WHERE id = ?",
        [
            (columns.times[0], columns.times[-1], block)
            for (block, *_), columns in zip(blocks, come, strict=True)
        ],
    )
    right = join(come)
    if not before.placed:
        _count(connection, series, right)
    elif gone != right:  # else they stand where they belong already
        _uncount(connection, series, gone)
        _count(connection, series, right)
        _narrow(connection, series, gone)


def _right(columns: Columns, told_by: Stretch | None) -> Columns:
    return told_by.right(columns) if told_by else columns


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
        "DELETE FROM block WHERE id = ? RETURNING coalesce(told_ms, first_ms), count, columns",
        (block,),
    ).fetchone()
    return decode(*row)


def _cut(columns: Columns, start_ms: int, end_ms: int) -> Columns:
    times = columns.times
    return columns.cut(bisect_left(times, start_ms), bisect_left(times, end_ms))
