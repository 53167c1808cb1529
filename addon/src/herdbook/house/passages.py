"""What can be recalled, made ready to be found. SQL on the house book's passages.

Triggers make a passage with each observation, fact and sensor, in the transaction that stores it,
and take it away with it. Here its words are brought into the index afterwards, a few at a time, so
that taking in the herd waits for none of it. Which are left to do is in the book itself.

A *gist* is what a passage is about: its words but for the numbers, which tell a model nothing and
would make each sentence another one. So a vector is made of each thing that is said, not each time.
"""

import re
import sqlite3
import unicodedata
from typing import Final, NamedTuple

AT_ONCE: Final = 200
"""Passages a transaction."""

_NUMBER: Final = re.compile(r"(?<!\w)[-+−]?\d+(?:[.,:]\d+)*")
_NEW: Final = (
    "SELECT p.id, p.what, coalesce(o.sensor, s.sensor, ''), coalesce(o.kind, ''),"
    " coalesce(o.sentence, m.sentence, ''),"
    " coalesce(o.sensor_name, m.subject || ' ' || m.aspect || ' ' || m.value, called.name, '')"
    " FROM passage p"
    " LEFT JOIN observation o"
    " ON p.what = 'observation' AND o.node_id = p.node_id AND o.seq = p.number"
    " LEFT JOIN memory m ON p.what = 'memory' AND m.node_id = p.node_id AND m.seq = p.number"
    " LEFT JOIN series s ON p.what = 'sensor' AND s.id = p.number"
    " LEFT JOIN sensor called ON called.node_id = s.node_id AND called.sensor = s.sensor"
    " WHERE p.text IS NULL ORDER BY p.id LIMIT ?"
)


class Gist(NamedTuple):
    """What passages are about, of which sensor and of which kind they are."""

    what: str
    sensor: str
    kind: str
    text: str


def waiting(connection: sqlite3.Connection) -> bool:
    """Whether the words of any passage are not in the index yet."""
    row = connection.execute("SELECT EXISTS (SELECT 1 FROM passage WHERE text IS NULL)").fetchone()
    return bool(row[0])


def index(connection: sqlite3.Connection, limit: int = AT_ONCE) -> None:
    """Bring the words of the oldest passages that wait into the index, `limit` of them at most."""
    gists: dict[Gist, int] = {}
    for number, what, sensor, kind, sentence, names in connection.execute(
        _NEW, (limit,)
    ).fetchall():
        gist = Gist(what, sensor, kind, _about(what, kind, sensor, sentence, names))
        if gist not in gists:
            gists[gist] = _number_of(connection, gist)
        connection.execute(
            "UPDATE passage SET text = ?, gist = ? WHERE id = ?",
            (alike(f"{sentence} {names} {_spaced(sensor)} {_spaced(kind)}"), gists[gist], number),
        )


def forget_words(connection: sqlite3.Connection) -> None:
    """Take the words of passages that are gone out of the index, where they are only marked."""
    connection.execute("INSERT INTO recall_words (recall_words) VALUES ('optimize')")


def alike(text: str) -> str:
    """A text with one way to write the same character: “CO₂” and “CO2” are the same word."""
    return unicodedata.normalize("NFKC", text)


def _about(what: str, kind: str, sensor: str, sentence: str, names: str) -> str:
    if what == "sensor":
        return alike(names) or _spaced(sensor)
    if what == "memory":
        return alike(sentence)
    return f"{_spaced(kind)}: {_NUMBER.sub('…', alike(sentence))}"


def _number_of(connection: sqlite3.Connection, gist: Gist) -> int:
    row = connection.execute(
        "SELECT id FROM gist WHERE what = ? AND sensor = ? AND kind = ? AND text = ?", gist
    ).fetchone()
    if row is None:
        row = connection.execute(
            "INSERT INTO gist (what, sensor, kind, text) VALUES (?, ?, ?, ?) RETURNING id", gist
        ).fetchone()
    return int(row[0])


def _spaced(name: str) -> str:
    """“room temperature” for what a node calls “room_temperature”."""
    return name.replace("_", " ")
