"""Reads a table whose pages may be damaged: every row that can still be read, and where none can.

A query that meets a damaged page fails as a whole. So the numbers after the last row that came are
halved until the damage is alone. Knows nothing of what is in the rows.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any, Final

from herdbook.eventlog.event import MAX_INT
from herdbook.eventlog.piece import Unreadable

_MOST_FAILURES: Final = 200_000
"""After so many, a second or two, the rest is given up: the table has no root any more."""

type Row = tuple[Any, ...]


def readable_rows(
    connection: sqlite3.Connection, table: str, key: str
) -> Iterator[Row | Unreadable]:
    """The rows of a table in the order of its integer key, which is the first column.

    `table` and `key` are names of ours. Where rows cannot be read there is one `Unreadable` with
    the numbers between which they were.
    """
    query = f"SELECT * FROM {table} WHERE {key} BETWEEN ? AND ? ORDER BY {key}"  # noqa: S608
    spans = [(1, MAX_INT)]
    failures = 0
    damage: Unreadable | None = None
    while spans:
        low, high = spans.pop()
        try:
            for row in connection.execute(query, (low, high)):
                if damage is not None:
                    yield Unreadable(damage.first_seq, row[0] - 1)
                    damage = None
                yield row
                low = row[0] + 1
        except sqlite3.DatabaseError:
            failures += 1
            damage = damage or Unreadable(low, high)
            if failures > _MOST_FAILURES:
                spans.clear()
            elif low < high:
                middle = (low + high) // 2
                spans += [(middle + 1, high), (low, middle)]
    if damage is not None:
        yield Unreadable(damage.first_seq, MAX_INT)
