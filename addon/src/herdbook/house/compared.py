"""How names and facts are compared: what a person reads as the same is the same. Pure."""

import unicodedata


def compared(text: str) -> str:
    """A text without regard to case, spacing and ways of writing the same character."""
    # A page's form gives back every character but the one with the number 0: without that, nobody
    # could judge a fact that has one.
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\0", " ")
    return " ".join(plain.split())
