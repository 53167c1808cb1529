"""What a person typed to search their journal. Pure: knows no SQL and no table.

`herdbook.query` says how it is read; ``trace:`` is a filter here that takes a name.
"""

from datetime import date

import msgspec

from herdbook.journal.trace import fold
from herdbook.query import Term, read_typed


class Query(msgspec.Struct, frozen=True):
    """Entries with all that is `wanted` and nothing `unwanted`, from `first` to `last`.

    They have all of `traces` and none of `untraced`, which are folded names. `doubtful` are the
    filters that name no time, as typed.
    """

    wanted: tuple[Term, ...] = ()
    unwanted: tuple[Term, ...] = ()
    first: date = date.min
    last: date = date.max
    traces: frozenset[str] = frozenset()
    untraced: frozenset[str] = frozenset()
    doubtful: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing at all."""
        return not (self.wanted or self.unwanted or self.is_narrowed)

    @property
    def is_narrowed(self) -> bool:
        """Whether it asks for more than words."""
        whole = self.first == date.min and self.last == date.max
        return not whole or bool(self.traces or self.untraced)

    @property
    def phrases(self) -> tuple[Term, ...]:
        """What is wanted in these very words."""
        return tuple(term for term in self.wanted if term.phrase)

    @property
    def words(self) -> tuple[Term, ...]:
        """What is wanted, but for the phrases."""
        return tuple(term for term in self.wanted if not term.phrase)

    @property
    def meaning(self) -> str:
        """What it is about, in its own words; empty where these very words are wanted."""
        return " ".join(term.text for term in self.wanted) if self.words else ""


def read_query(typed: str) -> Query:
    """The query in a text; any text is one. Its last word may be half typed."""
    read = read_typed(typed, ("trace",))
    traces = [(folded, name.no) for name in read.names if (folded := fold(name.name))]
    return Query(
        read.wanted,
        read.unwanted,
        read.first,
        read.last,
        frozenset(folded for folded, no in traces if not no),
        frozenset(folded for folded, no in traces if no),
        read.doubtful,
    )
