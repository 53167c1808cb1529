"""Who is in the herd, and who waits at the gate. SQL on the house book; knows no sockets."""

import sqlite3
from typing import Final, NamedTuple

from msgspec import Struct

from herdbook.clock import Quality, iso
from herdbook.errors import HerdError, NodeUnknown
from herdbook.eventlog.messages import NO_NONCE, Have, Hello
from herdbook.eventlog.question import LAST_PATIENCE_MS
from herdbook.eventlog.receiver import START, Position
from herdbook.house import passages
from herdbook.house.compared import compared
from herdbook.ids import fingerprint_of

MAX_WAITING: Final = 64
GONE_MS: Final = 2 * LAST_PATIENCE_MS
"""A waiting node asks again long before; one that did not gives its place to another."""
WAITING_MS: Final = 7 * 86_400_000

# Who is in the herd was compared by its key: that somebody has the same name is no news of it.
_NAMESAKE: Final = (
    "NOT approved AND EXISTS (SELECT 1 FROM node other WHERE other.node_id <> node.node_id"
    " AND (other.approved OR other.retired) AND compared(node.name)"
    " IN (compared(other.name), compared(coalesce(other.label, other.name))))"
)
_SELECT: Final = (
    # All of it is written here.
    "SELECT node_id, coalesce(label, name) AS shown, version, approved, retired, seq,"  # noqa: S608
    f" max(hello_seq - seq, 0), clock, last_seen_ms, {_NAMESAKE} FROM node"
)
_FIND: Final = f"{_SELECT} WHERE node_id = ?"
_EVERY: Final = f"{_SELECT} ORDER BY shown, node_id"


# What refers to a table comes before it.
_ERASE: Final = (
    "DELETE FROM block WHERE series IN (SELECT id FROM series WHERE node_id = ?)",
    "DELETE FROM rollup WHERE series IN (SELECT id FROM series WHERE node_id = ?)",
    "DELETE FROM series WHERE node_id = ?",
    "DELETE FROM sensor WHERE node_id = ?",
    "DELETE FROM observation WHERE node_id = ?",
    "DELETE FROM memory WHERE node_id = ?",
    "DELETE FROM thought WHERE node_id = ?",
    "DELETE FROM stretch WHERE node_id = ?",
    "DELETE FROM clock WHERE boot IN (SELECT id FROM boot WHERE node_id = ?)",
    "DELETE FROM boot WHERE node_id = ?",
    "DELETE FROM position WHERE node_id = ?",
    "DELETE FROM unfolded WHERE node_id = ?",
    "DELETE FROM missing WHERE node_id = ?",
    "DELETE FROM again WHERE node_id = ?",
    "DELETE FROM quarantine WHERE node_id = ?",
    "DELETE FROM node WHERE node_id = ?",
)


class NodeRow(Struct, frozen=True):
    """One node, in the members of docs/api.md.

    `online` is what the herd hears just now: the house book itself does not know, and says False.
    `retired` has left the herd and is not approved. `backlog` is how many events it had at its last
    hello that are not here. `clock` is how sure its newest event's time was; None without one. A
    `namesake` is not approved and has the name of one that is, or was: it is another node, as its
    key is another one.
    """

    node_id: str
    name: str
    version: str
    fingerprint: str
    approved: bool
    retired: bool
    online: bool
    seq: int
    backlog: int
    clock: Quality | None
    last_seen: str
    namesake: bool


class Greeting(NamedTuple):
    """A node's hello; `live` says that it was sent just now, not kept by the broker."""

    node_id: str
    hello: Hello
    live: bool


class Greeted(NamedTuple):
    """A node that said hello; `is_news` when it is new, or has another name or version."""

    node: NodeRow
    is_news: bool


def prepare(connection: sqlite3.Connection) -> None:
    """Teach a connection what the queries here ask; once, before any of them."""
    connection.create_function("compared", 1, compared, deterministic=True)


def find(connection: sqlite3.Connection, node_id: str) -> NodeRow | None:
    """A node by its id."""
    row = connection.execute(_FIND, (node_id,)).fetchone()
    return _node(*row) if row else None


def every(connection: sqlite3.Connection) -> list[NodeRow]:
    """All nodes, by name."""
    return [_node(*row) for row in connection.execute(_EVERY)]


def greet(connection: sqlite3.Connection, greeting: Greeting, now_ms: int) -> Greeted | HerdError:
    """Note what a node says of itself. One that knows of less than it once did is an old message.

    Gives a `HerdError` when the gate is full.
    """
    node_id, hello = greeting.node_id, greeting.hello
    before = find(connection, node_id)
    if before is None and not _make_room(connection, now_ms):
        # Who came first stays: a flood of false nodes must not push a real one off the list.
        return HerdError(
            f"{MAX_WAITING} nodes wait for approval; {fingerprint_of(node_id)} is not listed.",
            fix="Approve the ones that are yours. The others lose their places ten minutes after "
            "they have fallen silent.",
        )
    connection.execute(
        "INSERT INTO node (node_id, name, version, hello_seq, last_seen_ms, nonce)"
        " VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (node_id) DO UPDATE SET name = excluded.name, version = excluded.version,"
        " hello_seq = excluded.hello_seq, nonce = excluded.nonce"
        " WHERE excluded.hello_seq >= hello_seq",
        (node_id, hello.name, hello.version, hello.seq, now_ms, hello.nonce),
    )
    if greeting.live:
        hear(connection, node_id, now_ms)
    node = _known(connection, node_id)
    is_news = before is None or (before.name, before.version) != (node.name, node.version)
    return Greeted(node, is_news)


def hear(connection: sqlite3.Connection, node_id: str, now_ms: int) -> None:
    """Note that something of a node arrived just now."""
    connection.execute("UPDATE node SET last_seen_ms = ? WHERE node_id = ?", (now_ms, node_id))


def hear_approved(connection: sqlite3.Connection, node_id: str, now_ms: int) -> None:
    """The same, if it is in the herd."""
    connection.execute(
        "UPDATE node SET last_seen_ms = ? WHERE node_id = ? AND approved = 1", (now_ms, node_id)
    )


def approve(connection: sqlite3.Connection, node_id: str) -> NodeRow:
    """Let a node in, or in again. Raises `NodeUnknown`."""
    connection.execute("UPDATE node SET approved = 1, retired = 0 WHERE node_id = ?", (node_id,))
    return _known(connection, node_id)


def rename(connection: sqlite3.Connection, node_id: str, label: str | None) -> NodeRow:
    """Call a node something else here; None: what it calls itself. Raises `NodeUnknown`."""
    connection.execute("UPDATE node SET label = ? WHERE node_id = ?", (label, node_id))
    return _known(connection, node_id)


def retire(connection: sqlite3.Connection, node_id: str) -> NodeRow:
    """Let a node go: nothing more is taken of it, what it told stays. Raises `NodeUnknown`."""
    connection.execute("UPDATE node SET approved = 0, retired = 1 WHERE node_id = ?", (node_id,))
    return _known(connection, node_id)


def forget(connection: sqlite3.Connection, node_id: str) -> None:
    """Erase a node and all that it told. Raises `NodeUnknown`."""
    _known(connection, node_id)
    for erase in _ERASE:
        connection.execute(erase, (node_id,))
    passages.forget_words(connection)


def position(connection: sqlite3.Connection, node_id: str) -> Position:
    """How far the book has a node's log."""
    row = connection.execute(
        "SELECT last_seq, hash, last_lamport FROM position WHERE node_id = ?"
        " ORDER BY last_seq DESC LIMIT 1",
        (node_id,),
    ).fetchone()
    return Position(*row) if row else START


def have(connection: sqlite3.Connection, node_id: str) -> Have:
    """What the Llama tells a node; nothing but that it waits when it is not approved."""
    row = connection.execute(
        "SELECT approved, nonce FROM node WHERE node_id = ?", (node_id,)
    ).fetchone()
    approved, nonce = row or (False, NO_NONCE)
    held = position(connection, node_id) if approved else START
    return Have(node_id, held.seq, held.hash, bool(approved), nonce)


def forget_waiting(connection: sqlite3.Connection, now_ms: int) -> list[str]:
    """Drop the nodes that have waited unheard for a week; returns their ids."""
    rows = connection.execute(
        "DELETE FROM node WHERE approved = 0 AND retired = 0 AND last_seen_ms < ?"
        " RETURNING node_id",
        (now_ms - WAITING_MS,),
    )
    return [row[0] for row in rows.fetchall()]


def _make_room(connection: sqlite3.Connection, now_ms: int) -> bool:
    """Whether there is a place for one more that waits."""
    forget_waiting(connection, now_ms)
    (waiting,) = connection.execute(
        "SELECT count(*) FROM node WHERE approved = 0 AND retired = 0"
    ).fetchone()
    if waiting < MAX_WAITING:
        return True
    gone = connection.execute(
        "DELETE FROM node WHERE node_id = (SELECT node_id FROM node"
        " WHERE approved = 0 AND retired = 0 AND last_seen_ms <= ? ORDER BY last_seen_ms LIMIT 1)",
        (now_ms - GONE_MS,),
    )
    return bool(gone.rowcount)


def _known(connection: sqlite3.Connection, node_id: str) -> NodeRow:
    node = find(connection, node_id)
    if node is None:
        raise NodeUnknown(
            f"No node {fingerprint_of(node_id)[:40]} has said hello.",
            fix="Start the Alpaca and check that it uses the same broker.",
        )
    return node


def _node(
    node_id: str,
    name: str,
    version: str,
    approved: int,
    retired: int,
    seq: int,
    backlog: int,
    clock: Quality | None,
    last_seen_ms: int,
    namesake: int,
) -> NodeRow:
    return NodeRow(
        node_id=node_id,
        name=name,
        version=version,
        fingerprint=fingerprint_of(node_id),
        approved=bool(approved),
        retired=bool(retired),
        online=False,
        seq=seq,
        backlog=backlog,
        clock=clock,
        last_seen=iso(last_seen_ms),
        namesake=bool(namesake),
    )
