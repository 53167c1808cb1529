"""The words of pages: one flat catalogue per language.

`strings/LANGUAGE.json` of a package is generated from its section of `translations/` by
`scripts/translations`.
"""

import json
from collections.abc import ItemsView
from importlib.resources import files
from typing import Any, Final, Self

# Languages written from right to left among those Home Assistant is translated into.
_RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur"})


_GROUPED_FROM: Final = 10_000


class Strings:
    """The words of one language, by dotted key; `language` is its code, `direction` ltr or rtl."""

    def __init__(self, language: str, tree: dict[str, Any]) -> None:
        self.language = language
        self.direction = "rtl" if language in _RIGHT_TO_LEFT else "ltr"
        self._words = dict(_flatten("", tree))

    @classmethod
    def load(cls, package: str, language: str) -> Self:
        """The catalogue of a language that was generated into a package."""
        source = files(package) / "strings" / f"{language}.json"
        return cls(language, json.loads(source.read_text("utf-8")))

    def __call__(self, key: str, **values: object) -> str:
        """The words of a key with its ``{placeholders}`` filled. An unknown key is a KeyError.

        Numbers are written as the language writes them, with one decimal if they are not whole.
        """
        told = {
            name: self._number(value) if isinstance(value, int | float) else value
            for name, value in values.items()
        }
        return self._words[key].format_map(told)

    def number(self, number: float, decimals: int) -> str:
        """A number with so many decimals, as the language writes it."""
        whole, _, rest = f"{number:.{decimals}f}".partition(".")
        told = self._number(int(whole)) if abs(number) >= _GROUPED_FROM else whole
        return f"{told}{self._words['numbers.point']}{rest}" if rest else told

    def _number(self, number: float) -> str:
        """In groups of three, from five digits on: with four, languages differ, and all read it."""
        if isinstance(number, float):
            return f"{number:.1f}".replace(".", self._words["numbers.point"])
        if abs(number) < _GROUPED_FROM:
            return str(number)
        return f"{number:,}".replace(",", self._words["numbers.group"])

    def __contains__(self, key: str) -> bool:
        return key in self._words

    def keys(self) -> frozenset[str]:
        """Every key there is."""
        return frozenset(self._words)

    def texts(self) -> ItemsView[str, str]:
        """Every key with its words, the placeholders not filled."""
        return self._words.items()


def _flatten(prefix: str, tree: dict[str, Any]) -> list[tuple[str, str]]:
    words: list[tuple[str, str]] = []
    for key, value in tree.items():
        if isinstance(value, dict):
            words += _flatten(f"{prefix}{key}.", value)
        else:
            words.append((prefix + key, value))
    return words
