"""A trace: a short name that a person gives to entries. Pure."""

import unicodedata
from typing import Final

import msgspec

from herdbook.errors import InputError, TextTooLong

NAME_LIMIT: Final = 40
"""Characters of a name."""
ENTRY_LIMIT: Final = 30
"""Traces of one entry."""
_TYPED_LIMIT: Final = 512
"""Characters that are looked at of what was typed. To normalise a page of accents on one letter
takes some Pythons minutes, in which nobody else is served."""

# Marks above and below letters. Lower classes hold vowels and sounds: “कुल” is not “कल”.
_ACCENTS: Final = 200
_VARIATIONS: Final = range(0xFE00, 0xFE10)


class Trace(msgspec.Struct, frozen=True):
    """A trace; `name` is as it was first written, or last renamed."""

    id: str
    name: str


def clean_name(text: str) -> str:
    """A name as it is kept: NFC, single spaces, no blank ends.

    Raises `InputError` when nothing is left to see or a character cannot be shown, `TextTooLong`
    over `NAME_LIMIT` characters.
    """
    if len(text) > _TYPED_LIMIT:
        raise _too_long(len(text))
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise InputError(
            "The trace has a character in it that cannot be shown.",
            fix="Type it again.",
            reason="trace_unseen",
        )
    if not fold(name):
        raise InputError(
            "A trace needs a name.", fix="One word is enough.", reason="trace_nameless"
        )
    if len(name) > NAME_LIMIT:
        raise _too_long(len(name))
    return name


def fold(name: str) -> str:
    """What two names have in common that are the same trace: all but case, accents, blanks.

    Also the form in which a beginning of a name is looked for. Empty where there is nothing to see.
    """
    typed = name[:_TYPED_LIMIT]
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", typed).casefold())
    return " ".join("".join(filter(_is_told_apart, plain)).split())


def _is_told_apart(character: str) -> bool:
    return (
        unicodedata.combining(character) < _ACCENTS
        and unicodedata.category(character) != "Cf"
        and ord(character) not in _VARIATIONS
    )


def _too_long(length: int) -> TextTooLong:
    return TextTooLong(
        f"A trace has at most {NAME_LIMIT} characters; this has {length:,}.",
        fix="Shorten it to a word or two.",
        reason="trace_too_long",
        limit=NAME_LIMIT,
        length=length,
    )
