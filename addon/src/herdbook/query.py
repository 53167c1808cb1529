"""What a person typed to search, as terms, days and names. Pure: knows no SQL and no table.

Words are all to be found, in any order; ``"words in quotes"`` as they stand there; ``wor*`` by how
it begins; ``-word`` not at all. ``before:``, ``after:`` and ``on:`` take a year, a month or a day.
Whoever asks says which other filters take a name, in quotes if it has blanks: ``trace:garden``.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import Final, NamedTuple

import msgspec

QUERY_LIMIT: Final = 500
"""Characters; what is typed beyond them is not looked at."""

_PART: Final = (
    r"(?P<no>-?)(?:(?P<key>before|after|on):(?P<when>\S*)|"
    r'(?P<of>{names}):(?:"(?P<names>[^"]*)"?|(?P<name>[^\s"]*))|'
    r'"(?P<phrase>[^"]*)(?P<end>"?)|(?P<word>[^\s"]+))'
)
_WHEN: Final = re.compile(r"([0-9]{4})(?:-([0-9]{1,2}))?(?:-([0-9]{1,2}))?")
_SAME: Final = str.maketrans(dict.fromkeys("“”„«»", '"') | {"\x00": " "})
_ONE_DAY: Final = timedelta(days=1)


class Term(msgspec.Struct, frozen=True):
    """A word, or words that stand together; as a `prefix`, the last one may go on.

    A `phrase` was put in quotes: it has to be there as it stands, however near something is.
    """

    text: str
    prefix: bool = False
    phrase: bool = False


class Name(NamedTuple):
    """A filter that takes a name, such as “trace”; with `no`, what has it is not wanted."""

    of: str
    name: str
    no: bool


class Typed(msgspec.Struct, frozen=True):
    """What has all that is `wanted` and nothing `unwanted`, from `first` to `last`.

    `doubtful` are the filters that name no time, as typed.
    """

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...]
    first: date
    last: date
    names: tuple[Name, ...]
    doubtful: tuple[str, ...]


def read_typed(typed: str, names: tuple[str, ...]) -> Typed:
    """What is in a text, in which `names` are filters; its last word may be half typed."""
    # A browser can send half a surrogate pair; SQLite cannot hold one.
    typed = typed[:QUERY_LIMIT].encode("utf-8", "replace").decode()
    typed = unicodedata.normalize("NFC", typed).translate(_SAME)
    wanted: list[Term] = []
    unwanted: list[Term] = []
    named: list[Name] = []
    doubtful: list[str] = []
    first, last = date.min, date.max
    for part in _parts(names).finditer(typed):
        if part["of"] is not None:
            name = part["name"] if part["names"] is None else part["names"]
            named.append(Name(part["of"].lower(), name, bool(part["no"])))
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
    return Typed(_each(wanted), _each(unwanted), first, last, tuple(named), tuple(doubtful))


def quoted(term: Term) -> str:
    """A term as FTS5 has it (https://sqlite.org/fts5.html#full_text_query_syntax)."""
    text = term.text.replace('"', '""')
    # The word itself counts for more than those that only begin so.
    return f'("{text}" OR "{text}" *)' if term.prefix else f'"{text}"'


@cache
def _parts(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(_PART.format(names="|".join(names)), re.IGNORECASE)


def _each(terms: Iterable[Term]) -> tuple[Term, ...]:
    return tuple(dict.fromkeys(terms))


def _term(part: re.Match[str], *, going_on: bool) -> Term | None:
    """None where there is nothing that an index has: only letters and digits make words."""
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
