"""Events that a node logs again under new numbers, and the house book has already.

A node whose Llama lacks what it deleted tells of a loss, and logs again what it still has of what
came behind; the ``loss`` says which numbers that had. Should that Llama be put back from a backup
of before, it gets what it had under the first numbers, which is not folded twice. What is in doubt
is folded, as twice is better than never. SQL on the house book.
"""

import sqlite3
from typing import Final

from herdbook.eventlog.event import LossPayload

KEPT: Final = 256
"""Of a node: runs of numbers that are missing, and runs that it logs again."""

type _Run = tuple[int, int, int]
"""First number, after the last one, the number that the first had."""


class Again:
    """What one node logs again, for as long as its batches are folded."""

    def __init__(self, connection: sqlite3.Connection, node_id: str) -> None:
        self._connection = connection
        self._node_id = node_id
        self._runs: list[_Run] = connection.execute(
            "SELECT first_seq, first_seq + count, had_seq FROM again WHERE node_id = ?", (node_id,)
        ).fetchall()
        self._missing: list[tuple[int, int]] = connection.execute(
            "SELECT first_seq, last_seq FROM missing WHERE node_id = ? ORDER BY first_seq",
            (node_id,),
        ).fetchall()

    def miss(self, first_seq: int, last_seq: int) -> None:
        """Note numbers that the node passed over: they are not held."""
        self._missing.append((first_seq, last_seq))
        if len(self._missing) > KEPT:
            # Some that are held count as missing from now on.
            (first, _), (_, last), *later = self._missing
            self._missing = [(first, last), *later]
        self._connection.execute("DELETE FROM missing WHERE node_id = ?", (self._node_id,))
        self._connection.executemany(
            "INSERT INTO missing VALUES (?, ?, ?)",
            [(self._node_id, *run) for run in self._missing],
        )

    def tell(self, seq: int, loss: LossPayload) -> None:
        """Take in what a ``loss`` of this number says of the events behind it."""
        first = seq + 1
        for had_seq, count in loss.again:
            if had_seq + count > seq:
                break  # nothing of what is still to come
            self._runs.append((first, first + count, had_seq))
            first += count
        self._runs = [run for run in self._runs if run[1] > seq][-KEPT:]
        self._connection.execute("DELETE FROM again WHERE node_id = ?", (self._node_id,))
        self._connection.executemany(
            "INSERT OR IGNORE INTO again VALUES (?, ?, ?, ?)",
            [(self._node_id, start, had, end - start) for start, end, had in self._runs],
        )

    def is_held(self, seq: int) -> bool:
        """Whether an event of this number was folded under another."""
        if not self._runs:  # as good as always, and asked of every event
            return False
        return any(
            start <= seq < end and self._has(had + seq - start) for start, end, had in self._runs
        )

    def _has(self, seq: int) -> bool:
        return not any(first <= seq <= last for first, last in self._missing)
