"""How one language writes numbers, times and lists. Owns the shape; each language has a module."""

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from herdbook.alpaca.words.phrase import Field, Phrase

type Code = Literal["en", "de", "fr", "es", "nl"]
type Plural = tuple[str, str]
"""What one is called, and what several are, in the case that the templates need."""

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
_ATTACHED_UNITS: Final = ("°", "′", "″")
_FOUR_DIGITS: Final = 10_000


class Language(Struct, frozen=True):
    """One language.

    `group` parts thousands, from four digits on or, with `long_groups`, from five. `percent` is
    what stands before “%”. `spelled` are the words for two to twelve, `small` its commonest words
    in sentences about readings, with spaces between them. `sentences` are templates by the names in
    `herdbook.alpaca.words.sentences`. `names` are what a node gives names to by itself, by the
    English ones, and `phrases` other words of it.
    """

    code: Code
    point: str
    group: str
    percent: str
    clock: str
    second: Plural
    minute: Plural
    hour: Plural
    day: Plural
    week: Plural
    spelled: str
    small: str
    sentences: Mapping[str, str]
    names: Mapping[str, str] = {}
    phrases: Mapping[str, str] = {}
    long_groups: bool = False

    def called(self, english: str) -> str:
        """What the language calls something that has this name in English."""
        return self.names.get(english, english)

    def told(self, phrase: Phrase) -> str:
        """A phrase in this language; in English where it has no words for it."""
        template = self.phrases.get(phrase.english, phrase.english)
        if not phrase.fields:
            return template
        return template.format_map({name: self._field(field) for name, field in phrase.fields})

    def _field(self, field: Field) -> str:
        if isinstance(field, Phrase):
            return self.told(field)
        if isinstance(field, int):
            return self.number(field, 0)
        return f"{field:g}".replace(".", self.point) if isinstance(field, float) else field

    def number(self, value: float, digits: int) -> str:
        """At most so many decimals, none that say nothing."""
        grouped = not self.long_groups or abs(round(value)) >= _FOUR_DIGITS
        whole, _, rest = f"{value:{',' if grouped else ''}.{digits}f}".partition(".")
        rest = rest.rstrip("0")
        text = whole.replace(",", self.group) + (self.point + rest if rest else "")
        return "0" if text == "-0" else text.replace("-", "−")

    def quantity(self, value: float, digits: int, unit: str | None) -> str:
        """A number and its unit, as the language parts them."""
        space = " "
        if unit is None or unit in _ATTACHED_UNITS:
            space = ""
        elif unit == "%":
            space = self.percent
        return f"{self.number(value, digits)}{space}{unit or ''}"

    def time(self, local_s: float) -> str:
        """A time of the day."""
        minutes = int(local_s % _DAY_S) // _MINUTE_S
        return self.clock.format(hour=minutes // 60, minute=minutes % 60)

    def duration(self, seconds: float) -> str:
        """A length of time, in the largest unit of which there are a few."""
        unit_s, words = next(
            (unit_s, words)
            for unit_s, words, least in (
                (7 * _DAY_S, self.week, 4),
                (_DAY_S, self.day, 2),
                (_HOUR_S, self.hour, 2),
                (_MINUTE_S, self.minute, 1),
                (1, self.second, 0),
            )
            if seconds >= least * unit_s
        )
        count = round(seconds / unit_s)
        return f"{self.number(count, 0)} {words[count != 1]}"
