"""Batches in which something is of a kind or form that this version does not know, as they came.

A later version folds them. They are bounded, by node and in all: then the oldest are given up for
new ones, and counted as refused. SQL on the house book.
"""

import sqlite3
from typing import Final

from herdbook.house import quarantine

MOST_OF_NODE: Final = 16 * 1024 * 1024
MOST: Final = 64 * 1024 * 1024
"""Bytes; in all, so many are given up by the node that has most."""


def add(connection: sqlite3.Connection, node_id: str, last_seq: int, wire: bytes) -> None:
    """Keep a batch."""
    connection.execute(
        "INSERT INTO unfolded (node_id, last_seq, wire, size) VALUES (?, ?, ?, ?)",
        (node_id, last_seq, wire, len(wire)),
    )


def give_up(connection: sqlite3.Connection) -> None:
    """Keep no more than may be: call it in the transaction that added some."""
    rows = connection.execute("SELECT node_id, sum(size) FROM unfolded GROUP BY node_id")
    kept: dict[str, int] = dict(rows.fetchall())
    for node_id, size in kept.items():
        if size > MOST_OF_NODE:
            kept[node_id] = _shrink(connection, node_id, MOST_OF_NODE)
    while (over := sum(kept.values()) - MOST) > 0:
        largest = max(kept, key=lambda node_id: kept[node_id])
        kept[largest] = _shrink(connection, largest, max(0, kept[largest] - over))


def _shrink(connection: sqlite3.Connection, node_id: str, size: int) -> int:
    """Give up a node's oldest until at most `size` bytes are left; returns how many are."""
    gone = connection.execute(
        "DELETE FROM unfolded WHERE id IN (SELECT id FROM"
        " (SELECT id, sum(size) OVER (ORDER BY id DESC) AS so_far FROM unfolded WHERE node_id = ?)"
        " WHERE so_far > ?)",
        (node_id, size),
    )
    quarantine.count(connection, "unfolded", gone.rowcount)
    (left,) = connection.execute(
        "SELECT coalesce(sum(size), 0) FROM unfolded WHERE node_id = ?", (node_id,)
    ).fetchone()
    return int(left)
