"""What changed from one text to another, word by word. Pure."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby, takewhile
from typing import Final, Literal

import msgspec

_WORD: Final = re.compile(
    r"""
      \s+
      # a sign; letters keep their accents, and emoji what joins them
    | [!-/:-@\[-`{-~\u00a1-\u00bf\u2010-\u2027\u2030-\u205e\u3000-\u303f]
    | [^\s!-/:-@\[-`{-~\u00a1-\u00bf\u2010-\u2027\u2030-\u205e\u3000-\u303f]+
    """,
    re.VERBOSE,
)
_COMPARED: Final = 250_000
"""Pairs of lines or words, above which a change is told as one: comparing them takes too long."""


class Stretch(msgspec.Struct, frozen=True):
    """A part of two texts that is in both, or only in the one before, or only in the one after."""

    kind: Literal["both", "before", "after"]
    text: str


def difference(before: str, after: str) -> list[Stretch]:
    """Two texts as stretches in order: all but “after” is `before`, all but “before” is `after`.

    Where something is replaced, what was there comes first. Blanks alone between two changes are
    part of them.
    """
    stretches: list[Stretch] = []
    # Changes next to one another are one.
    for same, group in groupby(_by_words(before, after), key=lambda one: one[0]):
        gone, come = ("".join(parts) for parts in zip(*(one[1:] for one in group), strict=True))
        if same:
            stretches.append(Stretch("both", gone))
        else:
            stretches += [Stretch("before", gone), Stretch("after", come)]
    return [one for one in stretches if one.text]


_Part = tuple[bool, str, str]
"""Whether it is the same, what was there, and what is there now."""


def _by_words(before: str, after: str) -> Iterator[_Part]:
    # By lines first: in a long text few of them have changed.
    for line in _parts(before.splitlines(keepends=True), after.splitlines(keepends=True)):
        same, gone, come = line
        if same:
            yield line
            continue
        for part in _parts(_WORD.findall(gone), _WORD.findall(come)):
            yield part[0] and not part[1].isspace(), *part[1:]


def _parts(old: list[str], new: list[str]) -> Iterator[_Part]:
    """What is the same and what is not, from begin to end."""
    begin = _shared(old, new)
    end = _shared(old[begin:][::-1], new[begin:][::-1])
    gone, come = old[begin : len(old) - end], new[begin : len(new) - end]
    yield _part(old[:begin], new[:begin])
    if len(gone) * len(come) > _COMPARED:
        yield _part(gone, come)
    else:
        for _, i, j, k, m in SequenceMatcher(None, gone, come, autojunk=False).get_opcodes():
            yield _part(gone[i:j], come[k:m])
    yield _part(old[len(old) - end :], new[len(new) - end :])


def _part(old: list[str], new: list[str]) -> _Part:
    return old == new, "".join(old), "".join(new)


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """How many they have in common at their beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
