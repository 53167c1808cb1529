"""What a model or its server wrote, for one line of a log or a terminal: shown, never obeyed."""

from typing import Final

_MOST: Final = 200


def quoted(text: str) -> str:
    """The text in one line, cut where it is long, with nothing that steers a terminal."""
    line = " ".join(text[: 2 * _MOST].split())[:_MOST]
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in line)
