"""One entry, and what may become one. Pure."""

from datetime import date
from typing import Final, Literal

import msgspec

from herdbook.errors import DayInvalid, EntryUnknown, InputError, TextTooLong

TEXT_LIMIT: Final = 100_000
"""Characters of one entry."""
SOURCE_LIMIT: Final = 100
_BREAKS: Final = str.maketrans({"\x00": None})

Author = Literal["person", "house"]


class Entry(msgspec.Struct, frozen=True):
    """What a person, or the house on a person's behalf, wrote on a day.

    `source` says where an entry of the house came from; None for a person's own. `edited_ms` is
    when the text was last changed; None if never.
    """

    id: str
    day: date
    created_ms: int
    text: str
    author: Author
    source: str | None
    edited_ms: int | None = None


def clean_text(text: str, *, may_be_empty: bool = False) -> str:
    """The text as it is kept: line breaks as ``\\n``, no NUL, no blank ends.

    Raises `InputError` when nothing is left, unless it `may_be_empty` because there are files, and
    `TextTooLong` over `TEXT_LIMIT` characters.
    """
    cleaned = text.replace("\r\n", "\n").replace("\r", "\n").translate(_BREAKS).strip()
    if not cleaned and not may_be_empty:
        raise InputError(
            "There is nothing to keep: the entry is empty.",
            fix="Write something first.",
            reason="entry_empty",
        )
    if len(cleaned) > TEXT_LIMIT:
        raise TextTooLong(
            f"An entry holds {TEXT_LIMIT:,} characters; this has {len(cleaned):,}.",
            fix="Split it into several entries.",
            reason="entry_too_long",
            limit=TEXT_LIMIT,
            length=len(cleaned),
        )
    if any("\ud800" <= character <= "\udfff" for character in cleaned):
        raise InputError(
            "The text has half a character in it (a lone surrogate).",
            fix="Type the last emoji again.",
            reason="entry_broken",
        )
    return cleaned


def read_day(text: str) -> date:
    """A day of the calendar from ``YYYY-MM-DD``. Raises `DayInvalid` for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise DayInvalid(
            f"“{text[:40]}” is not a day.", fix="Write it as year-month-day, as in 2026-11-20."
        )
    return day


def entry_unknown() -> EntryUnknown:
    """What is raised where an entry is not, or not any more."""
    return EntryUnknown(
        "This entry is not in the journal.",
        fix="It was deleted, perhaps on another device. Go to its day again.",
    )
