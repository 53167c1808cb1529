"""Text that others wrote, for a terminal: shown, never obeyed."""


def plain(text: str) -> str:
    """The text without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
