"""Which passages of the house book are the best for a question. SQL on its index and its gists.

Two rankings are fused by reciprocal rank: passages with the words, and passages that are about the
same. Filters are part of both, so that what they keep out takes no place. Queries are put together
of this package's own words; what a person typed is in the values.

*By words*: those with all of the words, then those with some, by how much these tell: a word tells
the more, the fewer passages have it, as BM25 has it, and nothing if half of them do. What a house
says is short and much alike, so the lengths that BM25 weighs as well would tell nothing: the newest
comes first.

*By meaning*: the newest passages of the gists that are nearest. Passages of the same gist have the
same rank, and are not more than `_OF_A_GIST`: what was said a thousand times hides nothing else.
"""

# ruff: noqa: S608 (see above)

import math
import sqlite3
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from herdbook.house import gists
from herdbook.house.asked import FILTERS, Question, What

if TYPE_CHECKING:
    from herdbook.embedding.embedder import Embedder
    from herdbook.embedding.near import Vector

DEPTH: Final = 100
"""Passages of each ranking that are fused."""
_K: Final = 60
"""The usual constant: how little it matters to be first rather than second."""
_GISTS: Final = 20
_OF_A_GIST: Final = 20
_MOST_WORDS: Final = 12
"""Of a long question, those that tell most."""

_NEWEST: Final = "p.at_ms DESC, p.node_id, p.sensor, p.number DESC"
_MATCHING: Final = (
    "FROM recall_words JOIN passage p ON p.id = recall_words.rowid WHERE recall_words MATCH :match"
    f" AND {FILTERS}"
)
_WITH_ALL: Final = f"SELECT p.id, p.at_ms {_MATCHING} ORDER BY {_NEWEST} LIMIT :limit"
_ALL: Final = f"SELECT p.id, p.at_ms FROM passage p WHERE {FILTERS} ORDER BY {_NEWEST} LIMIT :limit"
_HOW_MANY: Final = (
    "SELECT count(*) FROM (SELECT 1 FROM recall_words WHERE recall_words MATCH ? LIMIT ?)"
)


class Ranked(Struct, frozen=True):
    """A passage that was found; `by_meaning` when it has none of the words."""

    id: int
    by_meaning: bool


class Meant(Struct, frozen=True):
    """What is looked for, as a vector of a model."""

    vector: "Vector"
    embedder: "Embedder"


class _Found(Struct, frozen=True):
    """A passage in a ranking: when it was, and how much it weighs."""

    at_ms: int
    weight: float


def rank(
    connection: sqlite3.Connection, question: Question, what: What, meant: Meant | None, limit: int
) -> list[Ranked]:
    """The best `limit` passages for a question, the best first."""
    values = question.values | {"what": what, "limit": DEPTH}
    typed = question.typed
    if not typed.wanted:
        # Nothing to rank by: whatever the filters leave, the newest first.
        query = _WITH_ALL if typed.unwanted else _ALL
        values |= {"match": question.match(what, ()), "limit": limit}
        return [Ranked(number, by_meaning=False) for number, _ in connection.execute(query, values)]
    lexical = _by_words(connection, question, what, values)
    scores: defaultdict[int, float] = defaultdict(float)
    moments: dict[int, int] = {}
    for place, (number, found) in enumerate(lexical.items(), start=1):
        scores[number] += found.weight / (_K + place)
        moments[number] = found.at_ms
    if meant is not None and question.meaning:
        for place, number, at_ms in _by_meaning(connection, question, what, meant, values):
            scores[number] += 1 / (_K + place)
            moments[number] = at_ms
    order = sorted(scores, key=lambda number: (-scores[number], -moments[number]))
    return [Ranked(number, by_meaning=number not in lexical) for number in order[:limit]]


def _by_words(
    connection: sqlite3.Connection, question: Question, what: What, values: dict[str, object]
) -> dict[int, _Found]:
    all_of_them = question.match(what, map(question.term, question.typed.wanted))
    found = {
        number: _Found(at_ms, 1.0)
        for number, at_ms in connection.execute(_WITH_ALL, values | {"match": all_of_them})
    }
    telling = _telling(connection, question) if len(found) < DEPTH else {}
    if not telling:
        return found
    told = " UNION ALL ".join(
        f"SELECT rowid AS id, :tells{n} AS tells FROM recall_words"
        f" WHERE recall_words MATCH :term{n}"
        for n in range(len(telling))
    )
    for n, (term, tells) in enumerate(telling.items()):
        values |= {
            f"tells{n}": tells,
            f"term{n}": question.match(what, [term, *question.phrases()]),
        }
    some_of_them = (
        f"SELECT p.id, p.at_ms, sum(tells) AS told FROM ({told}) JOIN passage p USING (id)"
        f" WHERE {FILTERS} GROUP BY p.id ORDER BY told DESC, {_NEWEST} LIMIT :limit"
    )
    whole = sum(telling.values())
    for number, at_ms, tells in connection.execute(some_of_them, values):
        if len(found) < DEPTH:
            found.setdefault(number, _Found(at_ms, tells / whole))
    return found


def _telling(connection: sqlite3.Connection, question: Question) -> dict[str, float]:
    """The words that not every other passage has, as FTS5 has them, and how much each tells."""
    (passages,) = connection.execute("SELECT count(*) FROM passage").fetchone()
    half = passages // 2 + 1
    telling = {}
    for term in map(question.term, question.words):
        (count,) = connection.execute(_HOW_MANY, (term, half)).fetchone()
        if 0 < count < half:
            telling[term] = math.log1p((passages - count + 0.5) / (count + 0.5))
    most = sorted(telling.items(), key=lambda one: -one[1])[:_MOST_WORDS]
    return dict(most)


def _by_meaning(
    connection: sqlite3.Connection,
    question: Question,
    what: What,
    meant: Meant,
    values: dict[str, object],
) -> list[tuple[int, int, int]]:
    """The rank of its gist, its number and its time, of each passage that is about the same."""
    filters = FILTERS
    if question.phrases() or question.typed.unwanted:
        filters += " AND p.id IN (SELECT rowid FROM recall_words WHERE recall_words MATCH :match)"
        values = values | {"match": question.match(what, question.phrases())}
    among = f"SELECT p.gist FROM passage p WHERE {filters}"
    near = gists.nearest(connection, meant.embedder, meant.vector, among, values, _GISTS)
    found: list[tuple[int, int, int]] = []
    newest = (
        f"SELECT p.id, p.at_ms FROM passage p WHERE p.gist = :gist AND {filters}"
        f" ORDER BY {_NEWEST} LIMIT {_OF_A_GIST}"
    )
    for place, one in enumerate(near, start=1):
        rows = connection.execute(newest, values | {"gist": one.number})
        found += [(place, number, at_ms) for number, at_ms in rows]
    return found[:DEPTH]
