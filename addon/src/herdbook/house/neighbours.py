"""What one node may be told of the others. SQL on the house book; reads only.

Only of nodes that are in the herd: what one told that has left stays in the book, for people.
"""

import sqlite3
from itertools import groupby
from typing import Final, NamedTuple

from herdbook.eventlog.neighbours import MAX_NODES, Noticed, Remembered, Reviewed
from herdbook.house import node, reviews

_OBSERVATIONS: Final = (
    "SELECT o.node_id, o.node_name, o.sensor, o.sensor_name, o.kind, o.sentence, o.value, o.unit,"
    " o.observed_ms, o.clock FROM noticed o JOIN node n USING (node_id)"
    " WHERE n.approved = 1 AND o.node_id <> ?"
    " ORDER BY o.order_ms DESC, o.lamport DESC, o.node_id DESC, o.seq DESC LIMIT ?"
)
_MEMORIES: Final = (
    "SELECT m.topic, m.answer, m.subject, m.aspect, m.value, m.sentence, m.confidence, m.told_ms,"
    " m.clock, coalesce(n.label, n.name)"
    " FROM memory m JOIN node n USING (node_id) LEFT JOIN review r USING (topic, answer)"
    " WHERE n.approved = 1 AND m.node_id <> ? AND r.verdict IS NOT 'wrong'"
    " ORDER BY m.topic, m.answer, m.told_ms DESC, m.node_id"
)


class Told(NamedTuple):
    """Observations the newest first, facts the last told first, the oldest reviews first."""

    observations: list[Noticed]
    memories: list[Remembered]
    reviews: list[Reviewed]


def told(
    connection: sqlite3.Connection, node_id: str, observations: int, memories: int, reviewed: int
) -> Told | None:
    """The newest so many things that the others tell; None for who is not in the herd."""
    asking = node.find(connection, node_id)
    if asking is None or not asking.approved:
        return None
    rows = connection.execute(_OBSERVATIONS, (node_id, observations))
    return Told(
        [Noticed(*row) for row in rows],
        _memories(connection, node_id, memories),
        reviews.news(connection, node_id, reviewed),
    )


def _memories(connection: sqlite3.Connection, node_id: str, limit: int) -> list[Remembered]:
    """The facts that nobody called wrong, each in the words of who told it last."""
    found = []
    rows = connection.execute(_MEMORIES, (node_id,))
    for _, its in groupby(rows, lambda row: row[:2]):
        tellings = list(its)
        _, _, subject, aspect, value, sentence, _, told_ms, clock, _ = tellings[0]
        confidence = max(row[6] for row in tellings)
        names = sorted({row[9] for row in tellings})[:MAX_NODES]
        found.append(
            Remembered(subject, aspect, value, sentence, confidence, told_ms, clock, names)
        )
    found.sort(key=lambda one: -one.told_ms)
    return found[:limit]
