"""Finding entries by their words and by what they are about, as one: SQL on an open vault.

Two rankings are fused (reciprocal rank): entries with the words, and entries near by their vectors.
One with but some of the words counts for as much of the question as those tell. Phrases, unwanted
words, traces and times hold for both. After them comes whatever else has all of the words, so that
nothing is kept back. docs/adr/0009-search-by-words-and-by-meaning.md has the figures.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import apsw
import msgspec
from msgspec import json

from herdbook.journal import vectors
from herdbook.journal.query import Query
from herdbook.journal.search import (
    COLUMNS,
    FILTERS,
    MATCHING,
    PAGE,
    Found,
    Page,
    Piece,
    found,
    match_all,
    match_any,
    pieces_around,
    values_of,
)
from herdbook.journal.vectors import Near
from herdbook.query import Term

if TYPE_CHECKING:
    from herdbook.embedding.embedder import Embedder
    from herdbook.embedding.near import Vector

DEPTH: Final = 100
"""Entries of each ranking that are fused."""
_K: Final = 60
"""The usual constant: how little it matters to be first rather than second."""
_LIKE: Final = 0.15
"""A cosine below which an entry is about something else."""
_COMMON: Final = 10
"""A word that more than one in so many entries has tells nothing."""
_FEW: Final = 20
_BEGINNING: Final = 240
"""Characters of a piece that are shown."""

_RANKED: Final = f"SELECT number {MATCHING} AND {FILTERS} ORDER BY words.rank LIMIT :limit"
_UNSEEN: Final = "number NOT IN (SELECT value FROM json_each(:seen))"
_OTHERS: Final = f"{MATCHING} AND {FILTERS} AND {_UNSEEN}"
_COUNT_OTHERS: Final = f"SELECT count(*) {_OTHERS}"
# Without filters no entry need be looked up to be counted.
_COUNT_ALL_OTHERS: Final = (
    "SELECT count(*) FROM words WHERE words MATCH :match "
    "AND +rowid NOT IN (SELECT value FROM json_each(:seen))"
)
_FIND_OTHERS: Final = f"SELECT number {_OTHERS} ORDER BY words.rank LIMIT :limit OFFSET :offset"
_WITH: Final = "number IN (SELECT rowid FROM words WHERE words MATCH :phrases)"
_WITHOUT: Final = "number NOT IN (SELECT rowid FROM words WHERE words MATCH :unwanted)"
_COUNT_UP_TO: Final = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"
# With “+” the word is looked up once, not once for each number.
_HAVE: Final = (
    "SELECT rowid FROM words WHERE words MATCH ? AND +rowid IN (SELECT value FROM json_each(?))"
)
_OF_THESE: Final = "FROM entries WHERE number IN (SELECT value FROM json_each(?))"
_THESE: Final = f"SELECT {COLUMNS}, text {_OF_THESE}"


class Meant(msgspec.Struct, frozen=True):
    """What is looked for, as a vector of a model."""

    vector: "Vector"
    embedder: "Embedder"


class ByWords(msgspec.Struct, frozen=True):
    """Entries with the words: as many as are fused, at most.

    `shares` has their numbers, best first, each with how much it has of what the query's `telling`
    words tell: 0 to 1.
    """

    telling: dict[Term, float]
    shares: dict[int, float]
    has_all: int
    """How many of them have all of the words."""


def search_fused(connection: apsw.Connection, query: Query, meant: Meant, offset: int) -> Page:
    """A page of the entries that a query asks for, the best first."""
    lexical = by_words(connection, query)
    near = by_meaning(connection, query, meant)
    order = fuse(lexical.shares, dict.fromkeys([one.number for one in near], 1))
    others = values_of(query) | {"match": match_all(query), "seen": _listed(order)}
    total = len(order)
    if lexical.has_all == DEPTH:
        count = _COUNT_OTHERS if query.is_narrowed else _COUNT_ALL_OTHERS
        total += connection.execute(count, others).get
    page = order[offset : offset + PAGE]
    if len(page) < PAGE and total > len(order):
        span = {"limit": PAGE - len(page), "offset": max(0, offset - len(order))}
        page += _numbers(connection, _FIND_OTHERS, others | span)
    shown = _shown(connection, page, _matches(query, list(lexical.telling)), near)
    return Page(tuple(shown), total, offset)


def by_words(connection: apsw.Connection, query: Query) -> ByWords:
    """The entries with all of the words, best first, and after them those with any that tells."""
    values = values_of(query) | {"limit": DEPTH}
    telling = _telling(connection, query)
    found_all = _numbers(connection, _RANKED, values | {"match": match_all(query)})
    found_any: list[int] = []
    if telling and len(found_all) < DEPTH:
        any_of = {"match": match_any(query, list(telling))}
        found_any = _numbers(connection, _RANKED, values | any_of)
    numbers = list(dict.fromkeys((*found_all, *found_any)))[:DEPTH]
    shares = _shares(connection, numbers, telling) | dict.fromkeys(found_all, 1.0)
    return ByWords(telling, {number: shares[number] for number in numbers}, len(found_all))


def by_meaning(connection: apsw.Connection, query: Query, meant: Meant) -> list[Near]:
    """The entries that are about what is wanted, nearest first."""
    values = values_of(query)
    conditions = [FILTERS] if query.is_narrowed else []
    if query.phrases:
        conditions.append(_WITH)
        values["phrases"] = _phrases(query)
    if query.unwanted:
        conditions.append(_WITHOUT)
        values["unwanted"] = match_any(Query(), query.unwanted)
    only = (" AND ".join(conditions), values) if conditions else None
    near = vectors.nearest(connection, meant.embedder, meant.vector, DEPTH, only)
    # After a page of them, what is half as like as the likest is not worth scrolling for.
    floor = max(_LIKE, near[0].likeness / 2) if near else _LIKE
    return [
        one for rank, one in enumerate(near) if one.likeness >= (_LIKE if rank < PAGE else floor)
    ]


def fuse(*rankings: Mapping[int, float]) -> list[int]:
    """All that is in any of some rankings, with weights: what is high in several comes first."""
    scores: defaultdict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, (number, weight) in enumerate(ranking.items(), start=1):
            scores[number] += weight / (_K + rank)
    return sorted(scores, key=lambda number: scores[number], reverse=True)


def _telling(connection: apsw.Connection, query: Query) -> dict[Term, float]:
    """The words of a query that not every other entry has; how much each tells, as BM25 has it."""
    newest = connection.execute("SELECT max(number) FROM entries").get or 0
    limit = max(_FEW, newest // _COMMON)
    telling = {}
    for term in query.words:
        if term.text.casefold() not in _small_words():
            match = match_any(Query(), [term])
            count = connection.execute(_COUNT_UP_TO, (match, limit + 1)).get
            if count <= limit:
                telling[term] = math.log1p(max(0, newest - count + 0.5) / (count + 0.5))
    return telling


def _shares(
    connection: apsw.Connection, numbers: Sequence[int], telling: Mapping[Term, float]
) -> dict[int, float]:
    """How much each entry has of all that some words tell."""
    told = dict.fromkeys(numbers, 0.0)
    for term, tells in telling.items():
        values = (match_any(Query(), [term]), _listed(numbers))
        for (number,) in connection.execute(_HAVE, values):
            told[number] += tells
    whole = sum(telling.values()) or 1
    return {number: tells / whole for number, tells in told.items()}


@cache
def _small_words() -> frozenset[str]:
    lines = resources.files(__package__).joinpath("small_words.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _matches(query: Query, telling: Sequence[Term]) -> list[str]:
    """What to look for in an entry that is shown, the most telling first, as FTS5 has it."""
    matches = [match_all(query)]
    if telling:
        matches.append(match_any(query, telling))
    if query.phrases:
        matches.append(_phrases(query))
    return matches


def _phrases(query: Query) -> str:
    return match_all(msgspec.structs.replace(query, wanted=query.phrases))


def _shown(
    connection: apsw.Connection, page: Sequence[int], matches: Sequence[str], near: Sequence[Near]
) -> list[Found]:
    """Each entry of a page around its words, else the piece of it that is nearest."""
    around: dict[int, tuple[Piece, ...]] = {}
    for match in matches:
        left = [number for number in page if number not in around]
        if left:
            around |= pieces_around(connection, match, left)
    spans = {one.number: one.span for one in near}
    rows = {row[0]: row for row in connection.execute(_THESE, (_listed(page),))}
    shown = []
    for number in page:
        row, pieces = rows[number], around.get(number)
        if pieces is None:
            begin, end = spans[number]
            shown.append(found(row, (_beginning(row[-1], begin, end),), by_meaning=True))
        else:
            shown.append(found(row, pieces))
    return shown


def _beginning(text: str, begin: int, end: int) -> Piece:
    piece = text[begin:end]
    if len(piece) > _BEGINNING:
        # A piece without blanks is cut where it is.
        piece = (piece[:_BEGINNING].rpartition(" ")[0] or piece[:_BEGINNING]) + "…"
    return Piece(("…" if begin else "") + piece, hit=False)


def _listed(numbers: Sequence[int]) -> str:
    return json.encode(numbers).decode()


def _numbers(connection: apsw.Connection, sql: str, values: dict[str, Any]) -> list[int]:
    return [number for (number,) in connection.execute(sql, values)]
