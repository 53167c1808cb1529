"""Text that others wrote, for a terminal of 80 columns: shown, never obeyed."""

import textwrap
import unicodedata
from typing import Final

_WIDTH: Final = 79


def plain(text: str) -> str:
    """The text without what would steer a terminal."""
    return "".join(letter if _is_shown(letter) else "\ufffd" for letter in text)


def indented(line: str, indent: int) -> str:
    """The line, with what is too long for the terminal below it and so many columns in."""
    return textwrap.fill(
        line,
        _WIDTH,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def beside(name: str, reason: str) -> str:
    """Why a sensor cannot be read, where its name stands already."""
    return reason.removeprefix(f"{name}: ")


def _is_shown(letter: str) -> bool:
    # Python takes a no-break space, as between a number and its unit, for unprintable.
    return letter.isprintable() or unicodedata.category(letter) == "Zs"
