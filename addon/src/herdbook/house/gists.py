"""The vectors of what is said in the house. SQL on the house book's gists.

All of them are compared, some at a time, so that memory stays small however many there are.
docs/adr/0015-recall-over-the-house-book.md has the figures.
"""

import sqlite3
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from herdbook.embedding.embedder import Embedder
    from herdbook.embedding.near import Vector

LIKE: Final = 0.2
"""A cosine below which something else is talked of."""
_OF_THE_BEST: Final = 0.6
"""What is not as like as that, beside the likest, is not worth showing."""
_AT_ONCE: Final = 2048


class Waiting(NamedTuple):
    """A gist whose vector is to be made."""

    number: int
    text: str


class Near(NamedTuple):
    """A gist, and how like it is to what is wanted: a cosine."""

    number: int
    likeness: float


def is_of(connection: sqlite3.Connection, model: str) -> bool:
    """Whether the vectors are a model's."""
    held = connection.execute("SELECT 1 FROM gist_model WHERE model = ?", (model,)).fetchone()
    return held is not None


def begin(connection: sqlite3.Connection, model: str) -> None:
    """Have all vectors made by a model: those of another one are dropped, to be made anew."""
    if not is_of(connection, model):
        drop(connection)
        connection.execute("INSERT INTO gist_model VALUES (?)", (model,))


def are_there(connection: sqlite3.Connection) -> bool:
    """Whether there are vectors of any model."""
    return connection.execute("SELECT 1 FROM gist_model").fetchone() is not None


def drop(connection: sqlite3.Connection) -> None:
    """Have no vectors any more, of no model."""
    connection.execute("UPDATE gist SET half = NULL WHERE half IS NOT NULL")
    connection.execute("DELETE FROM gist_model")


def next_waiting(connection: sqlite3.Connection) -> Waiting | None:
    """The newest gist without a vector."""
    row = connection.execute(
        "SELECT id, text FROM gist WHERE half IS NULL ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return Waiting(*row) if row else None


def keep(connection: sqlite3.Connection, of: Waiting, half: bytes) -> None:
    """Keep the vector of a gist, unless nothing says it any more."""
    connection.execute(
        "UPDATE gist SET half = ? WHERE id = ? AND text = ?", (half, of.number, of.text)
    )


def nearest(
    connection: sqlite3.Connection,
    embedder: "Embedder",
    wanted: "Vector",
    only: str,
    values: dict[str, object],
    limit: int,
) -> list[Near]:
    """The gists that are about what is wanted, nearest first.

    `only` is what has to be true of a `gist g`, as SQL with its `values`.
    """
    if not is_of(connection, embedder.id):
        return []
    near: list[tuple[float, int]] = []
    # The condition is ranking.py's own; what a person typed is in the values.
    rows = connection.execute(
        f"SELECT g.id, g.half FROM gist g WHERE g.half IS NOT NULL AND {only}",  # noqa: S608
        values,
    )
    while some := rows.fetchmany(_AT_ONCE):
        likeness = embedder.likeness(wanted, [half for _, half in some])
        near += [
            (-like, number)
            for like, (number, _) in zip(likeness, some, strict=True)
            if like >= LIKE
        ]
        near = sorted(near)[:limit]
    floor = -near[0][0] * _OF_THE_BEST if near else LIKE
    return [Near(number, -like) for like, number in near if -like >= floor]
