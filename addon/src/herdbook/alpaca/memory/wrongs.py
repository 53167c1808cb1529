"""Whether a machine is about to say again what somebody called wrong. Words only; pure.

A machine (arithmetic or a model) may not propose a fact *about the same* as one that was called
wrong, if

- it is of the same aspect: who was wrong about that once is not to guess again, or
- everything the wrong value says stands in the new fact (“20 minutes”, “20 min.”), or
- half or more of what one of both says, but for the subject, stands in the other as well.

*About the same* is: the same subject, or one subject's words all stand in the other fact. Words are
compared without regard to case, accents and endings: by their first five letters, or fewer where
one is an abbreviation; numbers as a whole. Words of two letters or one tell nothing.

This errs towards silence: what a machine may not say, a person still can. And it knows no
synonyms: “a third of an hour” is another value than “20 minutes”, unless the aspect is the same.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, Protocol

from herdbook.house.compared import compared

_WORD: Final = re.compile(r"\w+")
_STEM: Final = 5
_LEAST: Final = 3
_SAME: Final = 0.5


class Said(Protocol):
    """What a fact says, apart from its sentence."""

    @property
    def subject(self) -> str:
        """Of what."""

    @property
    def aspect(self) -> str:
        """Which of its qualities."""

    @property
    def value(self) -> str:
        """And what that is."""


def said_wrong[W: Said](fact: Said, sentence: str, wrongs: Iterable[W]) -> W | None:
    """The one of these that the fact is, or rewords; None when it is none of them."""
    return next((wrong for wrong in wrongs if _is_again(fact, sentence, wrong)), None)


def telling(text: str) -> frozenset[str]:
    """The words of a text that tell something, as they are compared."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    marks = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = _WORD.findall(marks.replace("_", " "))
    return frozenset(
        word if word[0].isdigit() else word[:_STEM]
        for word in words
        if len(word) >= _LEAST or word[0].isdigit()
    )


def _is_again(fact: Said, sentence: str, wrong: Said) -> bool:
    said = telling(f"{fact.subject} {fact.aspect} {fact.value} {sentence}")
    if not _about_the_same(fact, said, wrong):
        return False
    if compared(fact.aspect) == compared(wrong.aspect):
        return True
    value = telling(wrong.value)
    if compared(fact.value) == compared(wrong.value) or (value and _share(value, said) == 1):
        return True
    subjects = telling(f"{fact.subject} {wrong.subject}")
    new, old = said - subjects, telling(f"{wrong.aspect} {wrong.value}") - subjects
    return max(_share(old, new), _share(new, old)) >= _SAME


def _about_the_same(fact: Said, said: frozenset[str], wrong: Said) -> bool:
    if compared(fact.subject) == compared(wrong.subject):
        return True
    old, new = telling(wrong.subject), telling(fact.subject)
    whole = telling(f"{wrong.subject} {wrong.aspect} {wrong.value}")
    return _share(old, said) == 1 or _share(new, whole) == 1


def _share(words: frozenset[str], others: frozenset[str]) -> float:
    """Which part of some words is among others; 0 of no words."""
    there = sum(any(_alike(word, other) for other in others) for word in words)
    return there / len(words) if words else 0.0


def _alike(word: str, other: str) -> bool:
    if word[0].isdigit() or other[0].isdigit():
        return word == other
    return word.startswith(other) or other.startswith(word)
