"""What a person typed to search, as terms and days. Pure: knows no SQL and no table.

Words are all to be found, in any order; ``"words in quotes"`` as they stand there; ``wor*`` by how
it begins; ``-word`` not at all. ``before:``, ``after:`` and ``on:`` take a year, a month or a day,
``trace:`` a name, in quotes if it has blanks.
"""

import re
import unicodedata
from calendar import monthrange
from datetime import date, timedelta
from typing import Final

import msgspec

from herdbook.journal.trace import fold

QUERY_LIMIT: Final = 500
"""Characters; what is typed beyond them is not looked at."""

_PART: Final = re.compile(
    r"(?P<no>-?)(?:(?P<key>before|after|on):(?P<when>\S*)|"
    r'trace:(?:"(?P<names>[^"]*)"?|(?P<name>[^\s"]*))|'
    r'"(?P<phrase>[^"]*)(?P<end>"?)|(?P<word>[^\s"]+))',
    re.IGNORECASE,
)
_WHEN: Final = re.compile(r"([0-9]{4})(?:-([0-9]{1,2}))?(?:-([0-9]{1,2}))?")
_SAME: Final = str.maketrans(dict.fromkeys("“”„«»", '"') | {"\x00": " "})
_ONE_DAY: Final = timedelta(days=1)


class Term(msgspec.Struct, frozen=True):
    """A word, or words that stand together; as a `prefix`, the last one may go on.

    A `phrase` was put in quotes: it has to be there as it stands, however near an entry is.
    """

    text: str
    prefix: bool = False
    phrase: bool = False


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
    # A browser can send half a surrogate pair; SQLite cannot hold one.
    typed = typed[:QUERY_LIMIT].encode("utf-8", "replace").decode()
    typed = unicodedata.normalize("NFC", typed).translate(_SAME)
    wanted: list[Term] = []
    unwanted: list[Term] = []
    traces: set[str] = set()
    untraced: set[str] = set()
    doubtful: list[str] = []
    first, last = date.min, date.max
    for part in _PART.finditer(typed):
        name = part["name"] if part["names"] is None else part["names"]
        if name is not None:
            if folded := fold(name):
                (untraced if part["no"] else traces).add(folded)
        elif part["key"] is None:
            term = _term(part, going_on=part.end() == len(typed) and not part["no"])
            if term is not None:
                (unwanted if part["no"] else wanted).append(term)
        elif part["no"] or (span := _span(part["when"])) is None:
            doubtful.append(part[0])
        else:
            key = part["key"].lower()
            if key == "on":
                first, last = max(first, span[0]), min(last, span[1])
            elif key == "before":
                last = min(last, span[0] - _ONE_DAY if span[0] > date.min else date.min)
            else:
                first = max(first, span[1] + _ONE_DAY if span[1] < date.max else date.max)
    # The same word once more would only be looked up once more.
    return Query(
        _each(wanted),
        _each(unwanted),
        first,
        last,
        frozenset(traces),
        frozenset(untraced),
        tuple(doubtful),
    )


def _each(terms: list[Term]) -> tuple[Term, ...]:
    return tuple(dict.fromkeys(terms))


def _term(part: re.Match[str], *, going_on: bool) -> Term | None:
    """None where there is nothing that the index has: only letters and digits make words."""
    phrase = part["phrase"]
    text = part["word"] if phrase is None else phrase
    prefix = text.endswith("*") or (going_on and not part["end"])
    text = text.rstrip("*")
    if not any(unicodedata.category(letter)[0] in "LN" for letter in text):
        return None
    return Term(text, prefix, phrase is not None)


def _span(when: str) -> tuple[date, date] | None:
    """The first and the last day of a year, a month or a day; None where it is none."""
    found = _WHEN.fullmatch(when)
    if found is None:
        return None
    year, month, day = (None if number is None else int(number) for number in found.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
    except ValueError:
        return None
    if day is not None:
        return first, first
    if month is None:
        return first, first.replace(month=12, day=31)
    return first, first.replace(day=monthrange(first.year, first.month)[1])
