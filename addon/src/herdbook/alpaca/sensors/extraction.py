"""A number out of what another program or device says. Owns what is taken, and how much of it.

What is said may be anything: too long, not text, nested a million deep, a number beyond all
numbers. Nothing of it is repeated in the reasons, which end up in logs.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from herdbook.alpaca.sensors.number import number
from herdbook.alpaca.sensors.value import Unreadable
from herdbook.errors import ConfigError

MAX_BYTES: Final = 64 * 1024
"""More is not looked at."""

_WORDS: Final = {
    **dict.fromkeys(("on", "true", "yes", "open"), 1.0),
    **dict.fromkeys(("off", "false", "no", "closed"), 0.0),
}


class Extraction:
    """Finds the number at a JSONPath or, without one, takes the text for the number.

    `words`: on, true, yes, open and their contraries are 1 and 0. Raises `ConfigError` for what is
    no JSONPath.
    """

    def __init__(self, path: str | None, *, words: bool = False) -> None:
        self._words = words
        self._find = None if path is None else _finder(path)

    def number(self, said: bytes) -> float:
        """The number in it; maybe an infinite one. Raises `Unreadable`."""
        if len(said) > MAX_BYTES:
            raise Unreadable("it says more than {most} bytes", most=MAX_BYTES)
        if self._find is None:
            return self._from_text(said.decode("ascii", "replace"))
        try:
            value = self._find(msgspec.json.decode(said))
        except RecursionError as error:
            raise Unreadable("it says JSON that is nested too deeply") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreadable("it says no valid JSON") from error
        return self._from_value(value)

    def _from_value(self, value: object) -> float:
        if isinstance(value, str):
            return self._from_text(value)
        if isinstance(value, int | float):
            try:
                return float(value)
            except OverflowError as error:
                raise Unreadable("it says a number that is too large") from error
        raise Unreadable("there is no number at that JSON path")

    def _from_text(self, text: str) -> float:
        text = text.strip()
        if self._words and (word := _WORDS.get(text.lower())) is not None:
            return word
        try:
            return number(text)
        except ValueError as error:
            raise Unreadable("it says no number") from error


def _finder(path: str) -> Callable[[Any], object]:
    import jsonpath

    try:
        compiled = jsonpath.compile(path)
    except jsonpath.JSONPathError as error:
        raise ConfigError(
            f"“{path}” is no JSONPath: {error}.", fix="Write it as $.battery or $.rooms[0].co2."
        ) from error

    def find(document: Any) -> object:
        try:
            match = compiled.match(document)
        except jsonpath.JSONPathError as error:
            raise Unreadable("the JSON path cannot be followed in what it says") from error
        return None if match is None else match.value

    return find
