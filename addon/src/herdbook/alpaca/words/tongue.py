"""Is a model's sentence in the language of the node? Told from its letters and its small words.

No small word of another of our languages may outnumber those of this one, and a sentence of some
length has one of this one. Letters are Latin, but for those that the evidence has.
"""

import re
import unicodedata
from typing import Final

from herdbook.alpaca.words.language import Code
from herdbook.alpaca.words.languages import LANGUAGES

_WORD: Final = re.compile(r"[^\W\d_]+")
_SOME_LENGTH: Final = 4
_SMALL: Final = {code: frozenset(one.small.split()) for code, one in LANGUAGES.items()}


def is_spoken(sentence: str, evidence: str, language: Code) -> bool:
    """Whether it is in the language. Words of the `evidence`, such as names, are in any."""
    if any(_is_foreign(letter) and letter not in evidence for letter in sentence):
        return False
    known = set(_WORD.findall(evidence.casefold())) - _SMALL[language]
    words = [word for word in _WORD.findall(sentence.casefold()) if word not in known]
    own = _count(words, language)
    if not own and len(words) >= _SOME_LENGTH:
        return False
    return all(_count(words, other) <= own for other in _SMALL)


def _count(words: list[str], language: Code) -> int:
    return sum(word in _SMALL[language] for word in words)


def _is_foreign(letter: str) -> bool:
    return letter.isalpha() and not unicodedata.name(letter, "").startswith("LATIN")
