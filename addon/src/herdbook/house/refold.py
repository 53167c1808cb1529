"""Folding again what a former version stored, once, when the house book is opened."""

import logging
import sqlite3
from pathlib import Path
from typing import Final

from herdbook.errors import BatchRefused
from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.database import storing, transaction
from herdbook.house import unfolded
from herdbook.house.fold import Fold

_AT_ONCE: Final = 100

_LOGGER = logging.getLogger(__name__)


def refold(connection: sqlite3.Connection, path: Path, now_ms: int) -> None:
    """Fold what migrations left to be folded, a hundred batches a transaction.

    Killed in between, it goes on at the next start. Raises `StorageError`.
    """
    while True:
        with storing(path):
            rows = connection.execute(
                "SELECT id, node_id, last_seq, wire, last_seen_ms FROM refold JOIN node"
                " USING (node_id) ORDER BY id LIMIT ?",
                (_AT_ONCE,),
            ).fetchall()
        if not rows:
            return
        with transaction(connection, path):
            for number, node_id, last_seq, wire, last_seen_ms in rows:
                # What it told was observed before it was last heard of.
                fold = Fold(connection, node_id, now_ms, last_seen_ms, again=True)
                _fold(connection, fold, node_id, last_seq, wire)
                connection.execute("DELETE FROM refold WHERE id = ?", (number,))
            unfolded.give_up(connection)


def _fold(
    connection: sqlite3.Connection, fold: Fold, node_id: str, last_seq: int, wire: bytes
) -> None:
    try:
        events = open_batch(wire, node_id).events
    except BatchRefused as error:
        # Damaged on this disk since it was taken: what it held is lost, the rest must not be.
        _LOGGER.warning(
            "The batch of node %s that ends at %d is lost: %s", node_id, last_seq, error
        )
        whole = False
    else:
        whole = fold.run(events).whole
        fold.finish()
        connection.execute(
            "UPDATE node SET clock = ? WHERE node_id = ?", (events[-1].clock_quality, node_id)
        )
    if not whole:
        unfolded.add(connection, node_id, last_seq, wire)
