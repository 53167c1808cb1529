"""Words that are told in the language of whoever hears them: the log's, or the node's.

Owns what holds them together until then: English, and what varies in it. `Language.told` tells
them.
"""

from typing import Self

from msgspec import Struct

type Field = str | int | float | Phrase


class Phrase(Struct, frozen=True):
    """English with named fields, as ``{program} ends with code {code}``, and what they are.

    Without fields, braces in it are what they are. Numbers are written as the language does.
    """

    english: str
    fields: tuple[tuple[str, Field], ...] = ()

    @classmethod
    def of(cls, english: str, **fields: Field) -> Self:
        """The phrase with these fields."""
        return cls(english, tuple(fields.items()))

    def __str__(self) -> str:
        if not self.fields:
            return self.english
        return self.english.format_map({name: _english(field) for name, field in self.fields})


def _english(field: Field) -> str:
    if isinstance(field, int):
        return f"{field:,}"
    return f"{field:g}" if isinstance(field, float) else str(field)
