"""Finding entries by their words: SQL on the full-text index (SQLite's FTS5).

What is found comes with a piece of its text around the first words that were looked for.
"""

from datetime import date
from secrets import token_hex
from typing import Any, Final, Literal

import apsw
import msgspec
from msgspec import json

from herdbook.journal.query import Query, Term

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
_COLUMNS: Final = "number, id, day, created_ms, source"
_SNIPPET: Final = "snippet(words, 0, :begin, :end, '…', 32)"
_MATCHING: Final = "FROM words JOIN entries ON number = words.rowid WHERE words MATCH :match"
# The traces are looked up once, if any are asked for.
_TRACED: Final = (
    "SELECT entry FROM entry_traces JOIN traces ON traces.number = trace "
    "WHERE folded IN (SELECT value FROM json_each({}))"
)
_FILTERS: Final = (
    "day BETWEEN :first AND :last "
    f"AND (:traces = '[]' OR number IN ({_TRACED.format(':traces')} "
    "GROUP BY entry HAVING count(*) = json_array_length(:traces))) "
    f"AND (:untraced = '[]' OR number NOT IN ({_TRACED.format(':untraced')}))"
)
_PAGED: Final = "LIMIT :page OFFSET :offset"
# Without filters no entry need be looked up to be counted.
_MATCHED: Final = "FROM words WHERE words MATCH :match"
_COUNT_ALL: Final = f"SELECT count(*) {_MATCHED}"
_COUNT: Final = f"SELECT count(*) {_MATCHING} AND {_FILTERS}"
# FTS5 sorts by rank itself, with the places of the words at hand for each row that it gives; what
# SQLite sorts gets its snippets afterwards, not each row that was found.
_FOUND: Final = f"{_COLUMNS}, {_SNIPPET} {_MATCHING} AND {_FILTERS}"
_BEST: Final = f"SELECT {_FOUND} ORDER BY words.rank {_PAGED}"
_NEWEST_FIRST: Final = f"SELECT {_COLUMNS} {_MATCHING} AND {_FILTERS} ORDER BY {_NEWEST} {_PAGED}"
# With “+” the words are looked up once, not once for each number.
_THESE: Final = "+rowid IN (SELECT value FROM json_each(:numbers))"
_AROUND: Final = f"SELECT rowid, {_SNIPPET} {_MATCHED} AND {_THESE}"
_NONE: Final = "number NOT IN (SELECT rowid FROM words WHERE words MATCH :unwanted)"
_WITHOUT: Final = f"FROM entries WHERE {_FILTERS} AND {_NONE}"
_COUNT_DAYS: Final = f"SELECT count(*) {_WITHOUT}"
_FIND_DAYS: Final = (
    f"SELECT {_COLUMNS}, substr(text, 1, 240) {_WITHOUT} ORDER BY {_NEWEST} {_PAGED}"
)


class Asked(msgspec.Struct, frozen=True):
    """What a person typed, and how they want it sorted."""

    typed: str = ""
    order: Order = "best"


class Piece(msgspec.Struct, frozen=True):
    """Some text, and whether it is what was looked for."""

    text: str
    hit: bool


class Found(msgspec.Struct, frozen=True):
    """An entry that was found; `pieces` of its text, in order."""

    id: str
    day: date
    created_ms: int
    source: str | None
    pieces: tuple[Piece, ...]


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
    values: dict[str, Any] = {
        "first": query.first.isoformat(),
        "last": query.last.isoformat(),
        "traces": json.encode(query.traces).decode(),
        "untraced": json.encode(query.untraced).decode(),
        "begin": _BEGIN,
        "end": _END,
        "page": PAGE,
        "offset": offset,
    }
    if query.wanted:
        values["match"] = _match(query)
        rows = _ranked(connection, values) if order == "best" else _newest(connection, values)
        count = _COUNT if query.is_narrowed else _COUNT_ALL
    else:
        values["unwanted"] = _any(query.unwanted) or _NOTHING
        rows = connection.execute(_FIND_DAYS, values).fetchall()
        count = _COUNT_DAYS
    total = offset + len(rows)
    if len(rows) == PAGE or (offset and not rows):
        total = connection.execute(count, values).get
    return Page(tuple(map(_found, rows)), total, offset)


def _ranked(connection: apsw.Connection, values: dict[str, Any]) -> list[Row]:
    return connection.execute(_BEST, values).fetchall()


def _newest(connection: apsw.Connection, values: dict[str, Any]) -> list[Row]:
    rows = connection.execute(_NEWEST_FIRST, values).fetchall()
    numbers = {"numbers": json.encode([row[0] for row in rows]).decode()}
    around = {row[0]: row[1] for row in connection.execute(_AROUND, values | numbers)}
    return [(*row, around[row[0]]) for row in rows]


def _found(row: Row) -> Found:
    _, entry_id, day, created_ms, source, around = row
    before, *rest = around.split(_BEGIN)
    pieces = [Piece(before, hit=False)]
    for part in rest:
        hit, _, after = part.partition(_END)
        pieces += [Piece(hit, hit=True), Piece(after, hit=False)]
    kept = tuple(piece for piece in pieces if piece.text)
    return Found(entry_id, date.fromisoformat(day), created_ms, source, kept)


def _match(query: Query) -> str:
    """The query as FTS5 has it (https://sqlite.org/fts5.html#full_text_query_syntax)."""
    wanted = " AND ".join(map(_quoted, query.wanted))
    return f"({wanted}) NOT ({_any(query.unwanted)})" if query.unwanted else wanted


def _any(terms: tuple[Term, ...]) -> str:
    return " OR ".join(map(_quoted, terms))


def _quoted(term: Term) -> str:
    text = term.text.replace('"', '""')
    # The word itself counts for more than those that only begin so.
    return f'("{text}" OR "{text}" *)' if term.prefix else f'"{text}"'
