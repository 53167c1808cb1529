"""Taking in a batch: its place in the log, and what is folded from it. SQL on the house book."""

import sqlite3
from typing import Final

from msgspec import Struct

from herdbook.errors import BatchRefused, InputError
from herdbook.eventlog.batch import VerifiedBatch
from herdbook.eventlog.event import (
    OBSERVATION,
    READINGS,
    Event,
    ObservationPayload,
    decode_payload,
)
from herdbook.eventlog.readings import ReadingsPayload
from herdbook.eventlog.receiver import Verdict, judge
from herdbook.house import node, observation, quarantine, readings
from herdbook.house.observation import Observation

_HASH_AT: Final = "SELECT hash FROM batch WHERE node_id = ? AND last_seq = ?"


class Stored(Struct, frozen=True):
    """What came of a batch; the observations are those it added."""

    verdict: Verdict
    observations: list[Observation]
    readings: int


def take_in(
    connection: sqlite3.Connection, batch: VerifiedBatch, now_ms: int, latest_ms: int
) -> Stored:
    """Store and fold a batch, once; the caller holds the transaction.

    Raises `BatchRefused` with reason ``unapproved`` or as `judge`. An event of a known kind whose
    payload is not one stays in its batch, is not folded and is counted as refused.
    """
    sender = node.find(connection, batch.node_id)
    if sender is None or not sender.approved:
        raise BatchRefused("unapproved", f"Node {batch.node_id} is not approved.")

    def hash_at(seq: int) -> bytes | None:
        row = connection.execute(_HASH_AT, (batch.node_id, seq)).fetchone()
        return row[0] if row else None

    verdict = judge(node.position(connection, batch.node_id), batch, hash_at)
    node.hear(connection, batch.node_id, now_ms)
    if verdict == "duplicate":
        return Stored(verdict, [], 0)
    connection.execute(
        "INSERT INTO batch (node_id, first_seq, last_seq, last_lamport, hash, wire)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            batch.node_id,
            batch.first_seq,
            batch.last_seq,
            batch.events[-1].lamport,
            batch.hash,
            batch.wire,
        ),
    )
    connection.execute("UPDATE node SET seq = ? WHERE node_id = ?", (batch.last_seq, batch.node_id))
    counted = 0
    for event in batch.events:
        try:
            counted += _fold(connection, batch.node_id, event, latest_ms)
        except InputError:
            quarantine.add(connection, batch.node_id, "payload", bytes(event.payload), now_ms)
    found = observation.of_batch(connection, batch.node_id, batch.first_seq, batch.last_seq)
    return Stored(verdict, found, counted)


def _fold(connection: sqlite3.Connection, node_id: str, event: Event, latest_ms: int) -> int:
    """Fold one event; returns how many readings it holds. Unknown kinds stay in their batch."""
    if event.kind == OBSERVATION:
        noticed = decode_payload(event, ObservationPayload)
        observation.add(connection, node_id, event, noticed, latest_ms)
    elif event.kind == READINGS:
        block = decode_payload(event, ReadingsPayload)
        readings.add(connection, node_id, event, block)
        return len(block.values)
    return 0
