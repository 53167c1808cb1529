"""Taking in a batch: its place in the log, and what is folded from it. SQL on the house book."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from herdbook.errors import BatchRefused
from herdbook.eventlog.batch import VerifiedBatch
from herdbook.eventlog.receiver import Verdict, judge
from herdbook.house import node, observation, unfolded
from herdbook.house.fold import Fold
from herdbook.house.observation import Observation

HASHES_KEPT: Final = 1000
"""Of a node's newest batches. It sends none again that lies further back."""


class Stored(Struct, frozen=True):
    """What came of a batch; the observations are those it added."""

    verdict: Verdict
    observations: list[Observation]
    readings: int


type Taken = Stored | BatchRefused


def take_in(
    connection: sqlite3.Connection, batches: Sequence[VerifiedBatch], now_ms: int, latest_ms: int
) -> list[Taken]:
    """Store and fold batches, each once; the caller holds the transaction, which is all of them.

    Gives for each what came of it, or why it was refused: ``unapproved``, or as `judge` has it. An
    event of a known kind whose payload is not one is not folded and is counted as refused. A batch
    is kept as it came only where something in it was not folded (unfolded.py): of the rest, the
    book has what it says already.
    """
    folds: dict[str, Fold] = {}
    taken: list[Taken] = []
    for batch in batches:
        try:
            taken.append(_take_in(connection, batch, folds, now_ms, latest_ms))
        except BatchRefused as error:
            taken.append(error)
    for fold in folds.values():
        fold.finish()
    if folds:
        unfolded.give_up(connection)
    return taken


def _take_in(
    connection: sqlite3.Connection,
    batch: VerifiedBatch,
    folds: dict[str, Fold],
    now_ms: int,
    latest_ms: int,
) -> Stored:
    sender = node.find(connection, batch.node_id)
    if sender is None or not sender.approved:
        raise BatchRefused("unapproved", f"Node {batch.node_id} is not approved.")

    def hash_at(seq: int) -> bytes | None:
        return _hash_at(connection, batch, seq)

    position = node.position(connection, batch.node_id)
    verdict = judge(position, batch, hash_at)
    if verdict == "duplicate":
        return Stored(verdict, [], 0)  # anybody may send it again: nobody was heard
    node.hear(connection, batch.node_id, now_ms)
    newest = batch.events[-1]
    connection.execute(
        "INSERT INTO position VALUES (?, ?, ?, ?, ?)",
        (batch.node_id, batch.last_seq, batch.first_seq, newest.lamport, batch.hash),
    )
    connection.execute(
        "UPDATE node SET seq = ?, clock = ? WHERE node_id = ?",
        (batch.last_seq, newest.clock_quality, batch.node_id),
    )
    if batch.node_id not in folds:
        folds[batch.node_id] = Fold(connection, batch.node_id, now_ms, latest_ms)
    fold = folds[batch.node_id]
    if batch.first_seq > position.seq + 1:
        fold.miss(position.seq + 1, batch.first_seq - 1)
    folded = fold.run(batch.events)
    if not folded.whole:
        unfolded.add(connection, batch.node_id, batch.last_seq, batch.wire)
    found = (
        observation.of_batch(connection, batch.node_id, batch.first_seq, batch.last_seq)
        if folded.observations
        else []
    )
    return Stored(verdict, found, folded.readings)


def forget_hashes(connection: sqlite3.Connection) -> None:
    """Keep the hashes of each node's newest batches only."""
    for one in node.every(connection):
        connection.execute(
            "DELETE FROM position WHERE node_id = ?1 AND last_seq < (SELECT last_seq FROM position"
            " WHERE node_id = ?1 ORDER BY last_seq DESC LIMIT 1 OFFSET ?2)",
            (one.node_id, HASHES_KEPT - 1),
        )


def _hash_at(connection: sqlite3.Connection, batch: VerifiedBatch, seq: int) -> bytes | None:
    row = connection.execute(
        "SELECT hash FROM position WHERE node_id = ? AND last_seq = ?", (batch.node_id, seq)
    ).fetchone()
    if row is not None:
        return bytes(row[0])
    (oldest,) = connection.execute(
        "SELECT min(first_seq) FROM position WHERE node_id = ?", (batch.node_id,)
    ).fetchone()
    # So far back nobody can tell any more: it counts as what was held, and changes nothing.
    return batch.hash if seq < oldest else None
