"""What was refused, so that nothing disappears in silence. SQL on the house book."""

import sqlite3
from typing import Final

from msgspec import Struct

KEPT: Final = 100
MAX_CONTENT: Final = 64 * 1024

# Refused in the ordinary course of things, and sent again by itself: counted, but not kept, or they
# would push out what somebody should look at.
_ORDINARY: Final = frozenset({"gap", "unapproved"})


class Quarantined(Struct, frozen=True):
    """Something refused: when, under which node's name, why, how large; None when over 64 KiB."""

    at_ms: int
    node_id: str
    reason: str
    size: int
    content: bytes | None


def add(
    connection: sqlite3.Connection, node_id: str, reason: str, content: bytes, now_ms: int
) -> None:
    """Count a refusal and, unless it is an ordinary one, keep it among the newest hundred."""
    count(connection, reason)
    if reason in _ORDINARY:
        return
    kept = content if len(content) <= MAX_CONTENT else None
    connection.execute(
        "INSERT INTO quarantine (at_ms, node_id, reason, size, content) VALUES (?, ?, ?, ?, ?)",
        (now_ms, node_id, reason, len(content), kept),
    )
    connection.execute(
        "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", (KEPT,)
    )


def count(connection: sqlite3.Connection, reason: str, times: int = 1) -> None:
    """Count a refusal without keeping anything of it."""
    connection.execute(
        "INSERT INTO refusal VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET count = count + excluded.count",
        (reason, times),
    )


def newest(connection: sqlite3.Connection) -> list[Quarantined]:
    """What is kept, newest first."""
    rows = connection.execute(
        "SELECT at_ms, node_id, reason, size, content FROM quarantine ORDER BY id DESC"
    )
    return [Quarantined(*row) for row in rows]


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How often something was refused, for each reason."""
    return dict(connection.execute("SELECT reason, count FROM refusal").fetchall())
