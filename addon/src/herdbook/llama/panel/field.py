"""The writing field of a day's page: what stands in it, and what a page hands in from it."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from herdbook.ids import random_id
from herdbook.journal.draft import Draft, Saving
from herdbook.journal.entry import Entry
from herdbook.journal.journal import Journal
from herdbook.llama.panel.contents import Contents
from herdbook.llama.panel.noticed import mark_of

_ID: Final = re.compile(r"[0-9a-f]{32}")
_REVISION: Final = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Field:
    """The field as a page begins with it. `writer` names the page.

    `changes` is the entry that is being changed, None where a new one is written.
    """

    composition: str
    writer: str
    revision: int
    day: date
    text: str
    changes: Entry | None

    @property
    def entry_id(self) -> str | None:
        """The id of the entry that is being changed."""
        return None if self.changes is None else self.changes.id

    @property
    def seen(self) -> str:
        """By which a page says what the entry says that is being changed."""
        return "" if self.changes is None else mark_of([self.changes.text])


def new_field(day: date) -> Field:
    """An empty field."""
    return Field(random_id(), random_id(), 0, day, "", None)


async def field_of(journal: Journal, contents: Contents, draft: str, change: str) -> Field:
    """The field with the draft of that composition, or with that entry to be changed.

    Otherwise with the day's latest draft of a new entry. Raises `EntryUnknown`, `VaultLocked`.
    """
    if _ID.fullmatch(change):
        entry = await journal.entry(change)
        begun = next((one for one in contents.drafts if one.entry_id == entry.id), None)
        if begun is not None:
            return _field(begun, entry)
        return Field(random_id(), random_id(), 0, contents.day, entry.text, entry)
    here = {entry.id: entry for entry in contents.entries}
    chosen = [one for one in contents.drafts if one.composition == draft]
    chosen += [one for one in contents.drafts if one.entry_id not in here]
    if not chosen:
        return new_field(contents.day)
    return _field(chosen[0], here.get(chosen[0].entry_id or ""))


def saving_of(fields: dict[str, str], day: date) -> Saving:
    """What a page hands in, the text as it stands there. A field without a name gets one."""
    key, writer, entry = (fields.get(name, "") for name in ("key", "writer", "entry"))
    base = fields.get("base", "")
    return Saving(
        composition=key if _ID.fullmatch(key) else random_id(),
        writer=writer if _ID.fullmatch(writer) else random_id(),
        base=int(base) if _REVISION.fullmatch(base) else 0,
        day=day,
        text=fields.get("text", ""),
        entry_id=entry if _ID.fullmatch(entry) else None,
    )


def _field(draft: Draft, changes: Entry | None) -> Field:
    return Field(draft.composition, random_id(), draft.revision, draft.day, draft.text, changes)
