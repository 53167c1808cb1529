"""Keeps the text of an entry out of what Home Assistant writes down.

Home Assistant validates the data of an action first, then fires an event with the caller's own
dictionary, which the recorder keeps; traces of scripts and automations hold the same dictionary.
So validation is where the text is taken out of it: see docs/guides/home-assistant.md for what this
cannot reach.
"""

from collections.abc import MutableMapping
from typing import Any, Final

from homeassistant.helpers.redact import REDACTED


class SealedText:
    """Text that only `reveal` gives away: no log, traceback or ``repr`` of a call shows it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Hold the text."""
        self._text: Final = text

    def reveal(self) -> str:
        """The text itself: hand it to the Llama and to nobody else."""
        return self._text

    def __repr__(self) -> str:
        return REDACTED


def redact(data: MutableMapping[str, Any], *names: str) -> None:
    """Replace members of the caller's own dictionary, in place."""
    for name in names:
        if name in data:
            data[name] = REDACTED
