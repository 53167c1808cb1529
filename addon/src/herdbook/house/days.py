"""Readings by the days of a household, in its time zone. SQL on the house book.

A day is made of its hours. Where midnight lies within an hour of UTC, as in India, the readings of
that hour tell what is of which day, for as long as they are kept one by one; after that the whole
hour counts to the day in which it begins.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, tzinfo
from itertools import groupby

from herdbook.clock import day_of
from herdbook.house import readings
from herdbook.house.block import Columns
from herdbook.house.rollup import HOUR_MS, Rollup, by_hour


def by_day(
    connection: sqlite3.Connection, series: int, start_ms: int, end_ms: int, zone: tzinfo
) -> list[Rollup]:
    """What the hours that `rollup.by_hour` gives are by day; each begins with what it has first."""

    def day(part: Rollup) -> date:
        return day_of(part.start_ms, zone)

    hours = by_hour(connection, series, start_ms, end_ms)
    parts = [part for hour in hours for part in _parts(connection, series, hour, zone)]
    return [_whole(list(its)) for _, its in groupby(parts, day)]


def _parts(
    connection: sqlite3.Connection, series: int, hour: Rollup, zone: tzinfo
) -> Iterator[Rollup]:
    """An hour, in two where a day begins within it."""
    end_ms = hour.start_ms + HOUR_MS
    later = day_of(end_ms - 1, zone)
    if day_of(hour.start_ms, zone) == later:
        yield hour
        return
    columns = readings.between(connection, series, hour.start_ms, end_ms)
    if columns is None or len(columns.times) != hour.count:
        yield hour
        return
    midnight = int(datetime.combine(later, time.min, zone).timestamp() * 1000)
    cut = bisect_left(columns.times, midnight)
    for start_ms, first, last in ((hour.start_ms, 0, cut), (midnight, cut, hour.count)):
        if first < last:
            yield _rolled(start_ms, columns.cut(first, last))


def _rolled(start_ms: int, columns: Columns) -> Rollup:
    values = columns.numbers()
    mean = sum(columns.values) / columns.divisor / len(values)
    return Rollup(start_ms, len(values), min(values), max(values), mean)


def _whole(parts: Sequence[Rollup]) -> Rollup:
    count = sum(part.count for part in parts)
    return Rollup(
        parts[0].start_ms,
        count,
        min(part.least for part in parts),
        max(part.most for part in parts),
        sum(part.mean * part.count for part in parts) / count,
    )
