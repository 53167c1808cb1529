"""What the house noticed. SQL on the house book's observations.

The *last* observation is the one with the latest (order time, Lamport time, node id, seq). Lamport
times alone would not do: nodes do not hear one another yet, so each counts its own events, and the
busiest node's would always be last. The order time is the time it was observed at, except that a
clock that was never set orders nothing, and that nothing was observed after it arrived: without
that, one node whose clock stands in 2099 would have the last word for ever.
"""

import json
import sqlite3
from typing import Final

from msgspec import Struct

from herdbook.clock import Quality, iso
from herdbook.eventlog.event import Event, ObservationPayload, WordingPayload
from herdbook.house.place import Place
from herdbook.house.stretch import Stretch

_OF_BATCH: Final = "SELECT * FROM noticed WHERE node_id = ? AND seq BETWEEN ? AND ? ORDER BY seq"
_NEWEST_OF: Final = "SELECT * FROM noticed WHERE node_id = ? ORDER BY seq DESC LIMIT ?"
_BETWEEN: Final = (
    "SELECT * FROM noticed WHERE observed_ms >= ? AND observed_ms < ?"
    " ORDER BY observed_ms DESC, lamport DESC, node_id DESC, seq DESC LIMIT ?"
)
_LAST: Final = (
    "SELECT * FROM noticed ORDER BY order_ms DESC, lamport DESC, node_id DESC, seq DESC LIMIT 1"
)


class Observation(Struct, frozen=True):
    """A dated statement with its evidence, in the members of docs/api.md."""

    id: str
    node_id: str
    node_name: str
    sensor: str
    sensor_name: str
    kind: str
    sentence: str
    value: float | None
    unit: str | None
    usual: tuple[float, float] | None
    observed_at: str
    clock: Quality
    confidence: float
    seconds: float
    values: tuple[float, ...]
    before: float | None
    known_days: float


def add(
    connection: sqlite3.Connection,
    node_id: str,
    event: Event,
    payload: ObservationPayload,
    place: Place,
    latest_ms: int,
) -> None:
    """Fold one observation. It cannot have been observed after `latest_ms`."""
    low, high = payload.usual or (None, None)
    connection.execute(
        "INSERT INTO observation (node_id, seq, lamport, observed_ms, clock, order_ms, sensor,"
        " sensor_name, kind, sentence, value, unit, usual_low, usual_high, confidence, stretch,"
        " monotonic_ms, seconds, readings, before, known_days)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            node_id,
            event.seq,
            event.lamport,
            place.at_ms,
            place.quality,
            min(place.at_ms, latest_ms) if place.placed else 0,
            payload.sensor,
            payload.sensor_name,
            payload.kind,
            payload.sentence,
            payload.value,
            payload.unit,
            low,
            high,
            payload.confidence,
            place.stretch,
            place.monotonic_ms,
            payload.seconds,
            json.dumps(payload.values),
            payload.before,
            payload.known_days,
        ),
    )


def reword(connection: sqlite3.Connection, node_id: str, wording: WordingPayload) -> None:
    """Fold how a model puts an observation; there need not be one. It is found by these words."""
    there = connection.execute(
        "UPDATE observation SET plain = coalesce(plain, sentence), sentence = ?"
        " WHERE node_id = ? AND seq = ? RETURNING observed_ms",
        (wording.sentence, node_id, wording.seq),
    ).fetchone()
    if there is not None:
        key = (node_id, wording.seq)
        connection.execute(
            "DELETE FROM passage WHERE what = 'observation' AND node_id = ? AND number = ?", key
        )
        connection.execute(
            "INSERT INTO passage (what, node_id, number, at_ms) VALUES ('observation', ?, ?, ?)",
            (*key, *there),
        )


def in_plain_words(
    connection: sqlite3.Connection, node_id: str, after: int, since_ms: int, limit: int
) -> list[int]:
    """The numbers of a node's newest observations that no model put into words, in order."""
    rows = connection.execute(
        "SELECT seq FROM observation WHERE node_id = ? AND seq > ?"
        " AND observed_ms >= ? AND plain IS NULL ORDER BY seq DESC LIMIT ?",
        (node_id, after, since_ms, limit),
    ).fetchall()
    return [row[0] for row in reversed(rows)]


def refold(
    connection: sqlite3.Connection, told_by: Stretch, first_ms: int, last_ms: int, latest_ms: int
) -> None:
    """Put right when something was observed, from one monotonic time of a stretch to another."""
    rows = connection.execute(
        "SELECT observed_ms, monotonic_ms, node_id, seq FROM observation"
        " WHERE stretch = ? AND monotonic_ms BETWEEN ? AND ?",
        (told_by.id, first_ms, last_ms),
    ).fetchall()
    connection.executemany(
        "UPDATE observation SET clock = 'synced', observed_ms = ?1, order_ms = min(?1, ?2)"
        " WHERE node_id = ?3 AND seq = ?4",
        [
            (told_by.moment(monotonic_ms, wall_ms), latest_ms, node_id, seq)
            for wall_ms, monotonic_ms, node_id, seq in rows
        ],
    )


def settle(connection: sqlite3.Connection, stretch: int) -> None:
    """No longer expect the times of a stretch to be put right."""
    connection.execute("UPDATE observation SET stretch = 0 WHERE stretch = ?", (stretch,))


def of_batch(
    connection: sqlite3.Connection, node_id: str, first_seq: int, last_seq: int
) -> list[Observation]:
    """A node's observations with these sequence numbers, in order."""
    rows = connection.execute(_OF_BATCH, (node_id, first_seq, last_seq))
    return [_observation(*row) for row in rows]


def between(
    connection: sqlite3.Connection, start_ms: int, end_ms: int, limit: int
) -> list[Observation]:
    """The newest `limit` observations from `start_ms` to before `end_ms`, in order of time."""
    rows = connection.execute(_BETWEEN, (start_ms, end_ms, limit)).fetchall()
    return [_observation(*row) for row in reversed(rows)]


def newest_of(connection: sqlite3.Connection, node_id: str, limit: int) -> list[Observation]:
    """The last `limit` things that a node said, newest first."""
    return [_observation(*row) for row in connection.execute(_NEWEST_OF, (node_id, limit))]


def count_between(connection: sqlite3.Connection, start_ms: int, end_ms: int) -> int:
    """How many were observed from `start_ms` to before `end_ms`."""
    row: tuple[int] = connection.execute(
        "SELECT count(*) FROM observation WHERE observed_ms >= ? AND observed_ms < ?",
        (start_ms, end_ms),
    ).fetchone()
    return row[0]


def last(connection: sqlite3.Connection) -> Observation | None:
    """The last observation, in the order that this module describes."""
    row = connection.execute(_LAST).fetchone()
    return _observation(*row) if row else None


def _observation(
    node_id: str,
    seq: int,
    node_name: str,
    sensor: str,
    sensor_name: str,
    kind: str,
    sentence: str,
    value: float | None,
    unit: str | None,
    low: float | None,
    high: float | None,
    observed_ms: int,
    clock: Quality,
    confidence: float,
    seconds: float,
    readings: str,
    before: float | None,
    known_days: float,
    *_order: object,
) -> Observation:
    return Observation(
        id=f"{node_id}:{seq}",
        node_id=node_id,
        node_name=node_name,
        sensor=sensor,
        sensor_name=sensor_name,
        kind=kind,
        sentence=sentence,
        value=value,
        unit=unit,
        usual=None if low is None or high is None else (low, high),
        observed_at=iso(observed_ms),
        clock=clock,
        confidence=confidence,
        seconds=seconds,
        values=tuple(json.loads(readings)),
        before=before,
        known_days=known_days,
    )
