"""Text that others wrote, for a terminal: shown, never obeyed."""

import unicodedata


def plain(text: str) -> str:
    """The text without what would steer a terminal."""
    return "".join(letter if _is_shown(letter) else "\ufffd" for letter in text)


def _is_shown(letter: str) -> bool:
    # Python takes a no-break space, as between a number and its unit, for unprintable.
    return letter.isprintable() or unicodedata.category(letter) == "Zs"
