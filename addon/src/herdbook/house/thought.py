"""What the models of nodes did, step by step. SQL on the house book's thoughts.

It is there to be looked at, not to be searched: of each node the newest are kept.
"""

import sqlite3
from typing import Final

from msgspec import Struct

from herdbook.clock import Quality, iso
from herdbook.eventlog.event import Event, ThoughtPayload
from herdbook.house.place import Place

KEPT: Final = 200
"""Of a node."""

_NEWEST: Final = (
    "SELECT coalesce(n.label, n.name), t.at_ms, t.clock, t.conversation, t.step, t.tool, t.said,"
    " t.came, t.tainted FROM thought t JOIN node n USING (node_id)"
    " ORDER BY t.at_ms DESC, t.node_id, t.seq DESC LIMIT ?"
)
_OLD: Final = (
    "DELETE FROM thought WHERE node_id = ?1 AND seq <="
    " (SELECT seq FROM thought WHERE node_id = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)"
)


class Thought(Struct, frozen=True):
    """A step, in the members of `ThoughtPayload`; `node` is the name of whose model took it."""

    node: str
    at: str
    clock: Quality
    conversation: str
    step: int
    tool: str
    said: str
    came: str
    tainted: bool


def add(
    connection: sqlite3.Connection,
    node_id: str,
    event: Event,
    payload: ThoughtPayload,
    place: Place,
) -> None:
    """Fold a thought; the oldest of its node goes for it."""
    connection.execute(
        "INSERT OR IGNORE INTO thought VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            node_id,
            event.seq,
            place.at_ms,
            place.quality,
            payload.conversation,
            payload.step,
            payload.tool,
            payload.said,
            payload.came,
            payload.tainted,
        ),
    )
    connection.execute(_OLD, (node_id, KEPT))


def newest(connection: sqlite3.Connection, limit: int) -> list[Thought]:
    """The last steps of all nodes, newest first."""
    return [
        Thought(node, iso(at_ms), clock, conversation, step, tool, said, came, bool(tainted))
        for node, at_ms, clock, conversation, step, tool, said, came, tainted in connection.execute(
            _NEWEST, (limit,)
        )
    ]
