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
from herdbook.house.asked import Question, What

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

_NEWEST: Final = "p.at_ms DESC, p.node_id, g.sensor, p.number DESC"
_PASSAGES: Final = "passage p CROSS JOIN gist g ON g.id = p.gist"
# “CROSS” has SQLite begin with what FTS5 finds: it knows nothing of how little that is.
_WITH_WORDS: Final = (
    "recall_words CROSS JOIN passage p ON p.id = recall_words.rowid"
    " CROSS JOIN gist g ON g.id = p.gist"
)
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
    if not question.typed.wanted:
        # Nothing to rank by: whatever the filters leave, the newest first.
        conditions = question.of_gist() + question.of_passage(what)
        rows = connection.execute(_newest(_PASSAGES, conditions), values | {"limit": limit})
        return [Ranked(number, by_meaning=False) for number, _ in rows]
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
    conditions = question.of_gist() + question.of_passage(what)
    with_all = _newest(_WITH_WORDS, ["recall_words MATCH :match", *conditions])
    wanted = [question.term(term) for term in question.typed.wanted]
    found = {
        number: _Found(at_ms, 1.0)
        for number, at_ms in connection.execute(with_all, values | {"match": _match(what, wanted)})
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
        values |= {f"tells{n}": tells, f"term{n}": _match(what, [term])}
    with_some = (
        f"SELECT p.id, p.at_ms, sum(tells) AS told FROM ({told}) AS said"
        " CROSS JOIN passage p ON p.id = said.id CROSS JOIN gist g ON g.id = p.gist"
        f" WHERE {' AND '.join(conditions)}"
        f" GROUP BY p.id ORDER BY told DESC, {_NEWEST} LIMIT :limit"
    )
    whole = sum(telling.values())
    for number, at_ms, tells in connection.execute(with_some, values):
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
    of_passage = question.of_passage(what)
    only = " AND ".join(question.of_gist())
    if of_passage:
        conditions = " AND ".join(["p.gist = g.id", *of_passage])
        only += f" AND EXISTS (SELECT 1 FROM passage p WHERE {conditions})"
    near = gists.nearest(connection, meant.embedder, meant.vector, only, values, _GISTS)
    newest = _newest(_PASSAGES, ["p.gist = :gist", *of_passage])
    found: list[tuple[int, int, int]] = []
    for place, one in enumerate(near, start=1):
        rows = connection.execute(newest, values | {"gist": one.number, "limit": _OF_A_GIST})
        found += [(place, number, at_ms) for number, at_ms in rows]
        if len(found) >= DEPTH:
            break
    return found[:DEPTH]


def _match(what: What, wanted: list[str]) -> str:
    """All of some terms, in passages of a kind, as FTS5 has it."""
    return " AND ".join([f'label : "{what}"', *wanted])


def _newest(source: str, conditions: list[str]) -> str:
    return (
        f"SELECT p.id, p.at_ms FROM {source} WHERE {' AND '.join(conditions)}"
        f" ORDER BY {_NEWEST} LIMIT :limit"
    )
