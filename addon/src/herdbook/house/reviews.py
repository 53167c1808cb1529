"""What people think of facts. SQL on the house book's reviews.

A review is of a fact, whoever tells it: of one value of one aspect of one subject. It outlives the
fact, so that what was called wrong stays wrong when it is told again.

Somebody may judge at the Llama, and somebody at a node. What was said at the Llama stands; where
nothing was, the last word of the nodes does, in the order of their events.
"""

import sqlite3
from typing import Final

from herdbook.eventlog.event import Event
from herdbook.eventlog.neighbours import MAX_REVIEWS, Reviewed
from herdbook.house.compared import compared
from herdbook.house.memory import ReviewPayload, Verdict, topic_key

_NEXT: Final = "(SELECT coalesce(max(number), 0) + 1 FROM review)"
_HERE: Final = (
    "INSERT INTO review (topic, answer, verdict, number)"  # noqa: S608 # all of it is written here
    f" SELECT DISTINCT topic, answer, ?3, {_NEXT} FROM memory WHERE topic = ?1 AND answer = ?2"
    " ON CONFLICT (topic, answer) DO UPDATE"
    " SET verdict = excluded.verdict, number = excluded.number, told = NULL"
)
_TOLD: Final = (
    "INSERT INTO review (topic, answer, verdict, number, told)"  # noqa: S608
    f" SELECT topic, answer, ?4, {_NEXT}, ?5 FROM memory"
    " WHERE node_id = ?1 AND topic = ?2 AND answer = ?3"
    " ON CONFLICT (topic, answer) DO UPDATE"
    " SET verdict = excluded.verdict, number = excluded.number, told = excluded.told"
    " WHERE told IS NOT NULL AND excluded.told > told"
)
_HOME: Final = (
    "INSERT INTO review (topic, answer, verdict, number) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (topic, answer) DO UPDATE"
    " SET verdict = excluded.verdict, number = excluded.number, told = NULL"
)
_NEWS: Final = (
    "SELECT m.subject, m.aspect, m.value, nullif(r.verdict, ''), r.number"
    " FROM review r JOIN memory m USING (topic, answer)"
    " WHERE m.node_id = ? AND r.number > ? ORDER BY r.number LIMIT ?"
)


def review(
    connection: sqlite3.Connection, topic: str, answer: str, verdict: Verdict | None
) -> None:
    """Note what a person thinks of a fact, if it is told; None: nothing any more."""
    connection.execute(_HERE, (topic, answer, verdict or ""))


def hear(
    connection: sqlite3.Connection, node_id: str, event: Event, payload: ReviewPayload
) -> None:
    """Fold what somebody said at a node of what it tells; what came from the Llama is known."""
    if payload.number:
        return
    order = f"{event.lamport:016x} {node_id}"
    answer = compared(payload.value)
    connection.execute(_TOLD, (node_id, topic_key(payload), answer, payload.verdict or "", order))


def hear_home(connection: sqlite3.Connection, node_id: str, payload: ReviewPayload) -> None:
    """In a node's own notebook, fold what its Llama said. There it stands."""
    if not payload.number:
        return
    connection.execute(
        _HOME,
        (topic_key(payload), compared(payload.value), payload.verdict or "", payload.number),
    )
    connection.execute("UPDATE node SET heard = ? WHERE node_id = ?", (payload.number, node_id))


def stands(connection: sqlite3.Connection, topic: str, answer: str) -> bool:
    """Whether the Llama said something of a fact, which nobody at a node can change."""
    row = connection.execute(
        "SELECT 1 FROM review WHERE topic = ? AND answer = ? AND told IS NULL", (topic, answer)
    ).fetchone()
    return row is not None


def news(connection: sqlite3.Connection, node_id: str, after: int) -> list[Reviewed]:
    """The oldest reviews after a number of facts that a node tells.

    One that knows of more than there are has them of a book that is gone: it is told all.
    """
    (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM review").fetchone()
    rows = connection.execute(_NEWS, (node_id, after if after <= last else 0, MAX_REVIEWS))
    return [Reviewed(*row) for row in rows]
