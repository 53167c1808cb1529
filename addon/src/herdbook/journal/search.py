"""Finding entries by their words: SQL on the full-text index (SQLite's FTS5).

What is found comes with a piece of its text around the first words that were looked for.
"""

from collections.abc import Sequence
from datetime import date
from secrets import token_hex
from typing import Any, Final, Literal

import apsw
import msgspec
from msgspec import json

from herdbook.journal.query import Query
from herdbook.query import Term, quoted

PAGE: Final = 20
"""Entries at once."""
Order = Literal["best", "newest"]
Row = tuple[Any, ...]

# Around what was looked for, in a piece of text that may hold anything but these.
_BEGIN: Final = f"\x02{token_hex(8)}"
_END: Final = f"\x03{token_hex(8)}"
_NOTHING: Final = '""'
"""A phrase without a word, which no entry has."""

_NEWEST: Final = "day DESC, created_ms DESC, number DESC"
COLUMNS: Final = "number, id, day, created_ms, source"
_SNIPPET: Final = "snippet(words, 0, :begin, :end, '…', 32)"
MATCHING: Final = "FROM words JOIN entries ON number = words.rowid WHERE words MATCH :match"
# The traces are looked up once, if any are asked for.
_TRACED: Final = (
    "SELECT entry FROM entry_traces JOIN traces ON traces.number = trace "
    "WHERE folded IN (SELECT value FROM json_each({}))"
)
FILTERS: Final = (
    "day BETWEEN :first AND :last "
    f"AND (:traces = '[]' OR number IN ({_TRACED.format(':traces')} "
    "GROUP BY entry HAVING count(*) = json_array_length(:traces))) "
    f"AND (:untraced = '[]' OR number NOT IN ({_TRACED.format(':untraced')}))"
)
_PAGED: Final = "LIMIT :page OFFSET :offset"
# Without filters no entry need be looked up to be counted.
_MATCHED: Final = "FROM words WHERE words MATCH :match"
_COUNT_ALL: Final = f"SELECT count(*) {_MATCHED}"
_COUNT: Final = f"SELECT count(*) {MATCHING} AND {FILTERS}"
# FTS5 sorts by rank itself, with the places of the words at hand for each row that it gives; what
# SQLite sorts gets its snippets afterwards, not each row that was found.
_FOUND: Final = f"{COLUMNS}, {_SNIPPET} {MATCHING} AND {FILTERS}"
_BEST: Final = f"SELECT {_FOUND} ORDER BY words.rank {_PAGED}"
_NEWEST_FIRST: Final = f"SELECT {COLUMNS} {MATCHING} AND {FILTERS} ORDER BY {_NEWEST} {_PAGED}"
# With “+” the words are looked up once, not once for each number.
_THESE: Final = "+rowid IN (SELECT value FROM json_each(:numbers))"
_AROUND: Final = f"SELECT rowid, {_SNIPPET} {_MATCHED} AND {_THESE}"
_NONE: Final = "number NOT IN (SELECT rowid FROM words WHERE words MATCH :unwanted)"
_WITHOUT: Final = f"FROM entries WHERE {FILTERS} AND {_NONE}"
_COUNT_DAYS: Final = f"SELECT count(*) {_WITHOUT}"
_FIND_DAYS: Final = f"SELECT {COLUMNS}, substr(text, 1, 240) {_WITHOUT} ORDER BY {_NEWEST} {_PAGED}"


class Asked(msgspec.Struct, frozen=True):
    """What a person typed, and how they want it sorted."""

    typed: str = ""
    order: Order = "best"


class Piece(msgspec.Struct, frozen=True):
    """Some text, and whether it is what was looked for."""

    text: str
    hit: bool


class Found(msgspec.Struct, frozen=True):
    """An entry that was found; `pieces` of its text, in order.

    `by_meaning` where it has none of the words, but is about what they are about.
    """

    id: str
    day: date
    created_ms: int
    source: str | None
    pieces: tuple[Piece, ...]
    by_meaning: bool = False


class Page(msgspec.Struct, frozen=True):
    """Some of what was found, `total` entries in all."""

    found: tuple[Found, ...]
    total: int
    offset: int

    @property
    def next(self) -> int | None:
        """Where the next page begins; None after the last."""
        end = self.offset + len(self.found)
        return end if self.found and end < self.total else None


def search(connection: apsw.Connection, query: Query, order: Order, offset: int) -> Page:
    """A page of the entries that a query asks for, in order; an empty query finds none.

    Where no word is wanted there is nothing to rank by, nor to show the surroundings of: such
    entries come newest first, with their beginnings.
    """
    if query.is_empty:
        return Page((), 0, offset)
    values = values_of(query) | {"page": PAGE, "offset": offset, "begin": _BEGIN, "end": _END}
    if query.wanted:
        values["match"] = match_all(query)
        rows = _ranked(connection, values) if order == "best" else _newest(connection, values)
        count = _COUNT if query.is_narrowed else _COUNT_ALL
    else:
        values["unwanted"] = _any(query.unwanted) or _NOTHING
        beginnings = connection.execute(_FIND_DAYS, values)
        rows = [found(row, _pieces(row[-1])) for row in beginnings]
        count = _COUNT_DAYS
    total = offset + len(rows)
    if len(rows) == PAGE or (offset and not rows):
        total = connection.execute(count, values).get
    return Page(tuple(rows), total, offset)


def _ranked(connection: apsw.Connection, values: dict[str, Any]) -> list[Found]:
    return [found(row, _pieces(row[-1])) for row in connection.execute(_BEST, values)]


def _newest(connection: apsw.Connection, values: dict[str, Any]) -> list[Found]:
    rows = connection.execute(_NEWEST_FIRST, values).fetchall()
    numbers: list[Any] = [row[0] for row in rows]
    around = pieces_around(connection, values["match"], numbers)
    return [found(row, around[number]) for number, row in zip(numbers, rows, strict=True)]


def pieces_around(
    connection: apsw.Connection, match: str, numbers: Sequence[int]
) -> dict[int, tuple[Piece, ...]]:
    """What matches in some entries, with the text around it; of those that do not match, nothing.

    `match` is as FTS5 has it.
    """
    these = {"match": match, "numbers": json.encode(numbers).decode(), "begin": _BEGIN, "end": _END}
    return {number: _pieces(around) for number, around in connection.execute(_AROUND, these)}


def _pieces(around: str) -> tuple[Piece, ...]:
    before, *rest = around.split(_BEGIN)
    pieces = [Piece(before, hit=False)]
    for part in rest:
        hit, _, after = part.partition(_END)
        pieces += [Piece(hit, hit=True), Piece(after, hit=False)]
    return tuple(piece for piece in pieces if piece.text)


def found(row: Row, pieces: tuple[Piece, ...], *, by_meaning: bool = False) -> Found:
    """An entry whose columns are `COLUMNS`, and maybe more."""
    _, entry_id, day, created_ms, source, *_ = row
    return Found(entry_id, date.fromisoformat(day), created_ms, source, pieces, by_meaning)


def values_of(query: Query) -> dict[str, Any]:
    """What `FILTERS` ask for."""
    return {
        "first": query.first.isoformat(),
        "last": query.last.isoformat(),
        "traces": json.encode(query.traces).decode(),
        "untraced": json.encode(query.untraced).decode(),
    }


def match_all(query: Query) -> str:
    """The query as FTS5 has it (https://sqlite.org/fts5.html#full_text_query_syntax)."""
    wanted = " AND ".join(map(quoted, query.wanted))
    return f"({wanted}) NOT ({_any(query.unwanted)})" if query.unwanted else wanted


def match_any(query: Query, terms: Sequence[Term]) -> str:
    """Any of some terms, with the query's phrases and without what it does not want."""
    wanted = " AND ".join([*map(quoted, query.phrases), f"({_any(terms)})"])
    return f"({wanted}) NOT ({_any(query.unwanted)})" if query.unwanted else wanted


def _any(terms: Sequence[Term]) -> str:
    return " OR ".join(map(quoted, terms))
