"""Reads a table whose pages may be damaged: every row that can still be read, and where none can.

A query that meets a damaged page fails as a whole. Where only a row's content is bad, its number
still tells where to go on; else its end is looked for among the numbers after the last row that
came, in ever longer steps and then exactly. Knows nothing of what is in the rows.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any, Final

from herdbook.eventlog.event import MAX_INT
from herdbook.eventlog.piece import Unreadable

type Row = tuple[Any, ...]

# A damaged schema is told of in its own words, which may be no text any more.
_DAMAGE: Final = (sqlite3.DatabaseError, UnicodeDecodeError)


def readable_rows(
    connection: sqlite3.Connection, table: str, key: str, first: int = 1
) -> Iterator[Row | Unreadable]:
    """The rows of a table from a key on, in the order of this integer, which is the first column.

    `table` and `key` are names of ours. Where rows cannot be read there is one `Unreadable` with
    the numbers between which they were. What a row holds may still be anything.
    """
    reader = _Reader(connection, table, key, first)
    damage: int | None = None
    for row in reader.rows():
        if row is None:
            damage = reader.next_key if damage is None else damage
            continue
        if damage is not None:
            if row[0] > damage:
                yield Unreadable(damage, row[0] - 1)
            damage = None
        yield row
    if damage is not None:
        yield Unreadable(damage, MAX_INT)


class _Reader:
    """Goes through one table. `next_key` is the least number that was not read yet."""

    def __init__(self, connection: sqlite3.Connection, table: str, key: str, first: int) -> None:
        self.next_key = first
        self._connection = connection
        where = f"FROM {table} WHERE {key} >= ? ORDER BY {key}"
        self._all = f"SELECT * {where}"
        self._key = f"SELECT {key} {where} LIMIT 1"

    def rows(self) -> Iterator[Row | None]:
        """Row by row; None for each failure to read on."""
        while self.next_key <= MAX_INT:
            try:
                for row in self._connection.execute(self._all, (self.next_key,)):
                    yield row
                    self.next_key = row[0] + 1
            except _DAMAGE:
                yield None
                self.next_key = self._behind(self.next_key)
            else:
                return

    def _behind(self, low: int) -> int:
        """From which number on there is something to read, when it is not the next row."""
        found = self._next_row(low)
        if found is not None:
            return max(found, low) + 1
        reach = 1
        while self._next_row(low + reach) is None:
            reach *= 2
            if low + reach > MAX_INT:
                return MAX_INT + 1
        bad, good = low + reach // 2, low + reach
        while good - bad > 1:
            middle = (bad + good) // 2
            if self._next_row(middle) is None:
                bad = middle
            else:
                good = middle
        return good

    def _next_row(self, low: int) -> int | None:
        """The number of the next row; beyond all numbers at the end, None when it is not found."""
        try:
            row = self._connection.execute(self._key, (low,)).fetchone()
        except _DAMAGE:
            return None
        return int(row[0]) if row else MAX_INT
