"""The vectors of entries: SQL within the caller's transaction.

What they are of, and which are still to be made. That those of a deleted or changed text are gone
with it, in the same transaction, is up to the schema's triggers.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import apsw
from msgspec import json

from herdbook.embedding.pieces import Span
from herdbook.journal import indexing

if TYPE_CHECKING:
    from herdbook.embedding.embedder import Embedder
    from herdbook.embedding.near import Vector

BLOCK: Final = 256
"""Places a row of sides; the triggers count on it."""


class Waiting(NamedTuple):
    """An entry whose vectors are to be made."""

    number: int
    text: str


class Kept(NamedTuple):
    """The vector of a piece of a text, as it is kept."""

    span: Span
    sides: bytes
    half: bytes


class Progress(NamedTuple):
    """How many of all entries have their vectors."""

    done: int
    total: int


class Near(NamedTuple):
    """An entry, the piece of it that is nearest, and how like that is: a cosine."""

    number: int
    span: Span
    likeness: float


def begin(connection: apsw.Connection, model: str) -> None:
    """Have vectors made by a model, once none is left of another one's."""
    connection.execute("INSERT INTO derived_model VALUES(?)", (model,))


def forget(connection: apsw.Connection) -> None:
    """Let all vectors be no model's: none is found any more, each is to be dropped.

    Every entry waits for new ones.
    """
    # The sides first: there is nothing left then to take out of them one by one.
    connection.execute("DELETE FROM derived_sides; DELETE FROM derived_model")
    connection.execute(
        "INSERT OR IGNORE INTO derived_waiting SELECT number FROM entries "
        "WHERE number <= (SELECT number FROM derived_indexed)"
    )


def drop(connection: apsw.Connection, limit: int) -> None:
    """Take out `limit` of the vectors at most."""
    # From the end: no other one has to move.
    connection.execute(
        "DELETE FROM derived_vectors WHERE place IN "
        "(SELECT place FROM derived_vectors ORDER BY place DESC LIMIT ?)",
        (limit,),
    )


def has_model(connection: apsw.Connection) -> bool:
    """Whether the vectors are of any model."""
    return _model(connection) is not None


def has_forgotten(connection: apsw.Connection) -> bool:
    """Whether there are vectors that are no model's."""
    left = connection.execute("SELECT EXISTS (SELECT 1 FROM derived_vectors)").get
    return bool(left) and not has_model(connection)


def is_of(connection: apsw.Connection, model: str) -> bool:
    """Whether the vectors are a model's."""
    return _model(connection) == model


def waiting(connection: apsw.Connection, limit: int) -> list[Waiting]:
    """Some entries that wait, the newest first."""
    return [
        Waiting(number, text)
        for number, text in connection.execute(
            "SELECT number, text FROM derived_waiting JOIN entries ON number = entry "
            "ORDER BY entry DESC LIMIT ?",
            (limit,),
        )
    ]


def progress(connection: apsw.Connection, model: str) -> Progress:
    """How far it has come with the vectors of a model; those of another one do not count."""
    total = connection.execute("SELECT count(*) FROM entries").get
    if not is_of(connection, model):
        return Progress(0, total)
    waiting = connection.execute("SELECT count(*) FROM derived_waiting").get
    return Progress(total - waiting - indexing.behind(connection), total)


def unfinished(connection: apsw.Connection, model: str) -> Progress | None:
    """How far it has come; None, and quickly, where nothing is left to do."""
    waits = connection.execute("SELECT EXISTS (SELECT 1 FROM derived_waiting)").get
    if waits or indexing.behind(connection) or not is_of(connection, model):
        return progress(connection, model)
    return None


def keep(connection: apsw.Connection, of: Waiting, vectors: Sequence[Kept]) -> bool:
    """Keep the vectors of an entry; False if it has gone or says something else meanwhile."""
    text = connection.execute("SELECT text FROM entries WHERE number = ?", (of.number,)).get
    if text != of.text:
        return False
    connection.execute("DELETE FROM derived_vectors WHERE entry = ?", (of.number,))
    for vector in vectors:
        connection.execute(
            "INSERT INTO derived_vectors(entry, first, last, half) VALUES(?, ?, ?, ?)",
            (of.number, *vector.span, vector.half),
        )
        block, at = divmod(connection.last_insert_rowid(), BLOCK)
        width = len(vector.sides)
        connection.execute(
            "INSERT OR IGNORE INTO derived_sides VALUES(?, zeroblob(?))", (block, BLOCK * width)
        )
        with connection.blob_open("main", "derived_sides", "bits", block, True) as bits:
            bits.seek(at * width)
            bits.write(vector.sides)
    connection.execute("DELETE FROM derived_waiting WHERE entry = ?", (of.number,))
    return True


def nearest(
    connection: apsw.Connection,
    embedder: "Embedder",
    wanted: "Vector",
    limit: int,
    only: tuple[str, dict[str, Any]] | None = None,
) -> list[Near]:
    """The entries that are about what is wanted, nearest first, each once.

    `only` is what has to be true of an entry, as SQL on `entries` with its values.
    """
    if not is_of(connection, embedder.id):
        return []
    allowed = None
    if only is not None:
        condition, values = only
        found = connection.execute(
            # The condition is one of search's own; what a person typed is in the values.
            "SELECT place FROM derived_vectors JOIN entries ON number = entry "  # noqa: S608
            f"WHERE {condition} ORDER BY place",
            values,
        )
        allowed = [place for (place,) in found]
    blocks = dict(connection.execute("SELECT block, bits FROM derived_sides"))
    candidates = embedder.nearest(wanted, blocks, allowed)
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT entry, first, last, half FROM derived_vectors "
        "WHERE place IN (SELECT value FROM json_each(?))",
        (json.encode(candidates).decode(),),
    ).fetchall()
    likeness = embedder.likeness(wanted, [half for *_, half in rows])
    best: dict[int, Near] = {}
    ranked = sorted(zip(likeness, rows, strict=True), key=lambda one: one[0], reverse=True)
    for like, (entry, first, last, _) in ranked:
        best.setdefault(entry, Near(entry, Span(first, last), like))
        if len(best) == limit:
            break
    return list(best.values())


def _model(connection: apsw.Connection) -> str | None:
    row = connection.execute("SELECT model FROM derived_model").fetchone()
    return row and row[0]
