"""Readings by the hour: how many, the least, the most and the mean. SQL on the house book.

An hour is one of UTC; days.py makes the days of a household of them.
"""

import sqlite3
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from herdbook.house.block import Columns

HOUR_MS: Final = 3_600_000

_ADD: Final = (
    "INSERT INTO rollup VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " count = count + excluded.count, least = min(least, excluded.least),"
    " most = max(most, excluded.most), total = total + excluded.total"
)
_BETWEEN: Final = (
    "SELECT hour, count, least, most, total FROM rollup"
    " WHERE series = ? AND hour >= ? AND hour < ? ORDER BY hour"
)


class Rollup(Struct, frozen=True):
    """What was read from `start_ms` on, for as long as was asked. Yes counts 1 and no 0."""

    start_ms: int
    count: int
    least: float
    most: float
    mean: float


class Hour(Struct, frozen=True):
    """The readings of one hour, the number of which is `hour`, added up."""

    hour: int
    count: int
    least: float
    most: float
    total: float


def hours_of(columns: Columns) -> list[Hour]:
    """The hours of readings that are in the order of time."""
    divisor = columns.divisor
    hours = []
    for start_ms, first, end in columns.periods(HOUR_MS):
        values = columns.values[first:end]
        least, most, total = min(values), max(values), sum(values)
        hours.append(
            Hour(start_ms // HOUR_MS, end - first, least / divisor, most / divisor, total / divisor)
        )
    return hours


def add(connection: sqlite3.Connection, series: int, hours: Iterable[Hour]) -> None:
    """Add readings to their hours."""
    connection.executemany(
        _ADD, [(series, one.hour, one.count, one.least, one.most, one.total) for one in hours]
    )


def take_out(connection: sqlite3.Connection, series: int, hours: Iterable[Hour]) -> None:
    """Take readings out of their hours, where least and most stay as they are: see `narrow`."""
    for one in hours:
        connection.execute(
            "UPDATE rollup SET count = count - ?, total = total - ? WHERE series = ? AND hour = ?",
            (one.count, one.total, series, one.hour),
        )
    connection.execute("DELETE FROM rollup WHERE series = ? AND count <= 0", (series,))


def narrow(connection: sqlite3.Connection, series: int, hours: Iterable[Hour]) -> None:
    """Put least, most and total right where these are all the readings that an hour has."""
    connection.executemany(
        "UPDATE rollup SET least = ?, most = ?, total = ?"
        " WHERE series = ? AND hour = ? AND count = ?",
        [(one.least, one.most, one.total, series, one.hour, one.count) for one in hours],
    )


def by_hour(
    connection: sqlite3.Connection, series: int, start_ms: int, end_ms: int
) -> list[Rollup]:
    """The hours that begin from `start_ms` to before `end_ms` and have readings, in order."""
    rows = connection.execute(_BETWEEN, (series, -(-start_ms // HOUR_MS), -(-end_ms // HOUR_MS)))
    return [
        Rollup(hour * HOUR_MS, count, least, most, total / count)
        for hour, count, least, most, total in rows
    ]
