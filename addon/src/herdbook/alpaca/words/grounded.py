"""Is all that a sentence says in its evidence? For sentences that a model phrased, and our own.

Three things are looked at, as they can be told from other words in any language:

- *Numbers*, with either decimal mark, also spelled from two to twelve: each is one of the payload's
  numbers, or one rounded to the decimals shown. A length of time may be in any unit.
- *Times of the day*: each stands in the built-in sentence, which arithmetic made.
- *Names*: the sensor is named, and no word within a sentence begins with a capital that is not in
  the sensor's name or in the built-in sentence. German has too many capitals for that.

A sentence that is not grounded is not said: the built-in one is.
"""

import math
import re
from collections.abc import Iterator
from typing import Final

from herdbook.alpaca.words.language import Code, Language
from herdbook.alpaca.words.languages import LANGUAGES
from herdbook.eventlog.event import ObservationPayload

_NUMBER: Final = re.compile(r"[−-]?(?:\d{1,3}(?:[ \u202f\u00a0]\d{3})+(?:[.,]\d+)?|\d[\d.,]*)")
_GROUPS: Final = re.compile(r"\d{1,3}(?:([., \u202f\u00a0])\d{3})+")
_TIME: Final = re.compile(r"\b(\d{1,2})(?::|\s?h\s?)(\d{2})\b")
_WORD: Final = re.compile(r"[^\W\d_]+")
_WITHIN: Final = re.compile(r"(?<![.!?:…«“\"]) +([^\W\d_][\w’'-]*)")
_UNITS_S: Final = (1.0, 60.0, 3600.0, 86_400.0, 604_800.0)
_NOUNS_ARE_CAPITAL: Final[Code] = "de"
_FIRST_SPELLED: Final = 2


def grounded(sentence: str, payload: ObservationPayload, language: Code = "en") -> bool:
    """Whether every number, time and name of the sentence is in the payload."""
    spoken = LANGUAGES[language]
    if not _names(sentence, payload, spoken):
        return False
    rest = _without_names(sentence, payload)
    told = {_minutes(*match) for match in _TIME.findall(payload.sentence)}
    if any(_minutes(*match) not in told for match in _TIME.findall(rest)):
        return False
    rest = _TIME.sub(" ", rest)
    known = tuple(_known(payload, spoken))
    return all(
        any(_shows(text, number, spoken) for number in known) for text in _NUMBER.findall(rest)
    ) and all(_spelled(word, known, spoken) for word in _WORD.findall(rest))


def _known(payload: ObservationPayload, language: Language) -> Iterator[float]:
    """Every number of the evidence; lengths of time in each unit."""
    for number in (payload.value, payload.before, *(payload.usual or ()), *payload.values):
        if number is not None:
            yield number
    for unit_s in _UNITS_S:
        if payload.seconds:
            yield payload.seconds / unit_s
        if payload.known_days:
            yield int(payload.known_days) * 86_400 / unit_s
    # What else the built-in sentence says was computed, too: “and 4 more”, “a week ago”.
    built_in = _TIME.sub(" ", _without_names(payload.sentence, payload))
    yield from (_reading(text, language)[0] for text in _NUMBER.findall(built_in))


def _shows(text: str, number: float, language: Language) -> bool:
    """Whether the text is this number, with as many decimals as it shows."""
    shown, digits = _reading(text, language)
    exact = round(number, digits)
    # “Fell by 3” is no other number than −3.
    return any(math.isclose(shown, one, rel_tol=1e-9, abs_tol=1e-9) for one in (exact, abs(exact)))


def _reading(text: str, language: Language) -> tuple[float, int]:
    """What a number means, and its decimals.

    “1,840” is 1840 where commas part thousands and 1.84 where they stand before decimals; “21,5”
    and “21.5” are the same anywhere.
    """
    text = text.replace("−", "-").rstrip(".,")
    grouped = _GROUPS.fullmatch(text.lstrip("-"))
    if grouped and not (grouped[1] == language.point and text.count(grouped[1]) == 1):
        return float(re.sub(r"[^\d-]", "", text)), 0
    whole, _, decimals = re.sub(r"\s", "", text).replace(",", ".").rpartition(".")
    if not whole:
        return float(decimals), 0
    return float(f"{whole.replace('.', '')}.{decimals}"), len(decimals)


def _spelled(word: str, known: tuple[float, ...], language: Language) -> bool:
    """Whether a word is no number, or one that is known."""
    spelled = language.spelled.split()
    if word.casefold() not in spelled:
        return True
    number = spelled.index(word.casefold()) + _FIRST_SPELLED
    return any(round(one) == number for one in known)


def _minutes(hour: str, minute: str) -> int:
    return int(hour) * 60 + int(minute)


def _without_names(sentence: str, payload: ObservationPayload) -> str:
    """The sentence without what may hold a digit and is no number: the sensor and its unit."""
    for name in (payload.sensor_name, payload.unit):
        if name:
            sentence = re.sub(re.escape(name), " ", sentence, flags=re.IGNORECASE)
    return sentence


def _names(sentence: str, payload: ObservationPayload, language: Language) -> bool:
    """Whether the sensor is named, and nothing else that the evidence does not name."""
    folded = sentence.casefold()
    if payload.kind != "asked" and payload.sensor_name.casefold() not in folded:
        return False
    if language.code == _NOUNS_ARE_CAPITAL:
        return True
    allowed = f"{payload.sensor_name} {payload.sentence} {payload.unit or ''}".casefold()
    allowed_words = set(_WORD.findall(allowed))
    return all(
        word[0] == word[0].lower() or set(_WORD.findall(word.casefold())) <= allowed_words
        for word in _WITHIN.findall(_without_names(sentence, payload))
    )
