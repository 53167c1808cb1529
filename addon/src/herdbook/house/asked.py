"""What somebody asks the house book to recall, as what has to be true of a passage.

Every condition is part of the query that ranks: what it keeps out takes no place in a ranking.
"""

import re
import sqlite3
import unicodedata
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final, Literal, NamedTuple

from msgspec import Struct, json

from herdbook.house.passages import alike
from herdbook.query import Term, Typed, quoted, read_typed

type What = Literal["observation", "memory", "sensor"]

_WORD: Final = re.compile(r"\w+")

# A fact is of today: what nobody tells any more, somebody called wrong, or only those told who have
# left the herd is none.
# All of them once, not for each passage: a node tells as many as a thousand.
_TOLD: Final = (
    "(p.node_id, p.number) IN (SELECT m.node_id, m.seq FROM memory m JOIN node n USING (node_id)"
    " LEFT JOIN review r USING (topic, answer) WHERE NOT n.retired"
    " AND coalesce(r.verdict, '') <> 'wrong' AND (NOT :kept OR r.verdict = 'kept'))"
)
_OF_A_PASSAGE: Final = {
    "nodes": "p.node_id IN (SELECT value FROM json_each(:nodes))",
    "first": "p.at_ms >= :first",
    "last": "p.at_ms <= :last",
    "phrases": "p.id IN (SELECT rowid FROM recall_words WHERE recall_words MATCH :phrases)",
    "unwanted": "p.id NOT IN (SELECT rowid FROM recall_words WHERE recall_words MATCH :unwanted)",
}
_OF_A_GIST: Final = {"sensor": "g.sensor = :sensor", "kind": "g.kind = :kind"}


class Asked(Struct, frozen=True):
    """What is asked: words, as typed, and what narrows them; empty or None does not.

    `node_id` and `sensor` are ids, `kind` is of observations, `first` and `last` are days of the
    household, both included. With `kept`, of all facts only those that a person kept.
    """

    typed: str = ""
    node_id: str = ""
    sensor: str = ""
    kind: str = ""
    first: date | None = None
    last: date | None = None
    kept: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing at all."""
        return not self.typed.strip() and self == Asked(self.typed)


class Called(NamedTuple):
    """A node, and the words of what it is called."""

    node_id: str
    words: tuple[str, ...]


class Question:
    """An `Asked`, understood: what it says of words, and its filters as SQL has them."""

    def __init__(self, connection: sqlite3.Connection, asked: Asked, zone: tzinfo) -> None:
        """Node names are those of now."""
        self._nodes = [
            Called(node_id, _words(name))
            for node_id, name in connection.execute(
                "SELECT node_id, coalesce(label, name) FROM node"
            )
        ]
        self.typed: Typed = read_typed(asked.typed, ("node",))
        first = max(asked.first or date.min, self.typed.first)
        last = min(asked.last or date.max, self.typed.last)
        phrases = [self.term(term) for term in self.typed.wanted if term.phrase]
        self.values: dict[str, Any] = {
            "nodes": self._chosen(asked.node_id),
            "sensor": asked.sensor or None,
            "kind": asked.kind or None,
            "first": None if first == date.min else _start(first, zone),
            "last": None if last == date.max else _start(last + timedelta(days=1), zone) - 1,
            "phrases": " AND ".join(phrases) or None,
            "unwanted": " OR ".join(map(self.term, self.typed.unwanted)) or None,
            "kept": asked.kept,
        }

    @property
    def words(self) -> tuple[Term, ...]:
        """What is wanted, but for phrases."""
        return tuple(term for term in self.typed.wanted if not term.phrase)

    def of_gist(self) -> list[str]:
        """What has to be true of the `gist g` of a passage, as SQL with `values`."""
        return ["g.what = :what", *self._narrowing(_OF_A_GIST)]

    def of_passage(self, what: What) -> list[str]:
        """What has to be true of a `passage p` of such a gist, in the same way."""
        conditions = dict(_OF_A_PASSAGE)
        if what == "sensor":
            del conditions["first"], conditions["last"]
        return ([_TOLD] if what == "memory" else []) + self._narrowing(conditions)

    @property
    def meaning(self) -> str:
        """What it is about, in its own words; empty where these very words are wanted."""
        return " ".join(term.text for term in self.typed.wanted) if self.words else ""

    def term(self, term: Term) -> str:
        """A term as FTS5 has it: it may stand in the words of a passage, or name its node."""
        text = Term(alike(term.text), term.prefix)
        named = [one.node_id for one in self._nodes if _names(term, one.words)]
        return (
            "(" + " OR ".join([f"text : {quoted(text)}", *map('label : "{}"'.format, named)]) + ")"
        )

    def _narrowing(self, conditions: dict[str, str]) -> list[str]:
        return [sql for name, sql in conditions.items() if self.values[name] is not None]

    def _chosen(self, node_id: str) -> str | None:
        """The ids of the nodes that count, as JSON; None for all of them."""
        if not node_id and not self.typed.names:
            return None
        chosen = {node_id} if node_id else {one.node_id for one in self._nodes}
        for name in self.typed.names:
            asked = Term(name.name, prefix=True)
            named = {one.node_id for one in self._nodes if _names(asked, one.words)}
            chosen = chosen - named if name.no else chosen & named
        return json.encode(sorted(chosen)).decode()


def _names(term: Term, words: tuple[str, ...]) -> bool:
    """Whether the words of a term stand in a name, one after the other."""
    wanted = _words(term.text)
    if not wanted:
        return False
    *whole, last = wanted
    for at in range(len(words) - len(wanted) + 1):
        *before, end = words[at : at + len(wanted)]
        if before == whole and (end == last or (term.prefix and end.startswith(last))):
            return True
    return False


def _words(text: str) -> tuple[str, ...]:
    """The words of a text, compared as the index does: without regard to case and accents."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    marks = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return tuple(_WORD.findall(marks.replace("_", " ")))


def _start(day: date, zone: tzinfo) -> int:
    """The first millisecond of a day; of one before 1970, that of 1970."""
    try:
        return max(0, int(datetime.combine(day, time.min, zone).timestamp() * 1000))
    except (OverflowError, ValueError):  # at the ends of the calendar
        return 0
