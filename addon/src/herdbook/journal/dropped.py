"""What a drop holds: an entry, or an unfinished one, on its way into the journal. Pure."""

from datetime import date
from typing import Annotated, Final

import msgspec

from herdbook.errors import InputError
from herdbook.ids import random_id
from herdbook.journal.draft import Draft, Saving
from herdbook.journal.entry import SOURCE_LIMIT, TEXT_LIMIT, Author, Entry, clean_text
from herdbook.vault.inbox import Drop

_ID_LENGTH: Final = 32


class DroppedEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a drop: the map that docs/format.md describes.

    `unfinished` is a draft, of the entry `entry_id` if it was to change one.
    """

    day: date
    created_ms: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    text: str
    author: Author
    source: str | None
    composition: str | None = None
    unfinished: bool = False
    entry_id: str | None = None


def dropped_draft(saving: Saving, now: int) -> DroppedEntry:
    """What a page hands in that may not write into the vault any more."""
    return DroppedEntry(
        day=saving.day,
        created_ms=now,
        # A browser can send half a surrogate pair, which no drop can hold.
        text=saving.text.encode("utf-8", "replace").decode(),
        author="person",
        source=None,
        composition=saving.composition,
        unfinished=True,
        entry_id=saving.entry_id,
    )


class Absorbed(msgspec.Struct, frozen=True):
    """What becomes of a drop."""

    drop_id: str
    kept: Entry | Draft
    composition: str | None


def read_drop(drop: Drop) -> Absorbed:
    """What the vault keeps of a drop. Raises `InputError` for what is nothing to keep.

    Sealing needs no secret: anybody at the files may have made it.
    """
    try:
        dropped = msgspec.msgpack.decode(drop.body, type=DroppedEntry)
    except (msgspec.MsgspecError, ValueError) as error:
        raise InputError("The drop holds no entry.") from error
    composition = dropped.composition and dropped.composition[:_ID_LENGTH]
    return Absorbed(
        drop.drop_id,
        _draft(dropped, composition or random_id()) if dropped.unfinished else _entry(dropped),
        composition,
    )


def _draft(dropped: DroppedEntry, composition: str) -> Draft:
    if len(dropped.text) > 2 * TEXT_LIMIT or not dropped.text.strip():
        raise InputError("The drop holds no draft.")
    return Draft(composition, dropped.day, dropped.entry_id, 1, dropped.created_ms, dropped.text)


def _entry(dropped: DroppedEntry) -> Entry:
    return Entry(
        random_id(),
        dropped.day,
        dropped.created_ms,
        clean_text(dropped.text),
        dropped.author,
        None if dropped.source is None else dropped.source[:SOURCE_LIMIT],
    )
