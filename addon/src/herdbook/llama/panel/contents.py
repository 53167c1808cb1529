"""What a day's page shows of the journal. Asks the journal; answers no request."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

from markupsafe import Markup

from herdbook.journal.draft import Draft
from herdbook.journal.entry import Entry
from herdbook.journal.file import File
from herdbook.journal.journal import Journal
from herdbook.journal.trace import Trace
from herdbook.llama.panel.markdown import render


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as it stands on the page; `html` is None where it was deleted.

    `changing` is the unfinished change of it, `mark` tells whether it looks as it did.
    """

    entry: Entry
    html: Markup | None
    changing: Draft | None
    traces: list[Trace]
    files: list[File]
    mark: str


@dataclass(frozen=True, slots=True)
class Contents:
    """A day: its entries, those deleted and not forgotten yet, and what is being written.

    `traces` and `files` are those of the entries, `waiting` how many files a draft has.
    """

    day: date
    entries: list[Entry]
    deleted: list[Entry]
    drafts: list[Draft]
    traces: dict[str, list[Trace]]
    files: dict[str, list[File]]
    waiting: dict[str, int]

    async def shown(self) -> list[Shown]:
        """Entries and what is left of deleted ones, each at its place, oldest first."""
        # Long texts take a while.
        texts = await asyncio.to_thread(lambda: [render(entry.text) for entry in self.entries])
        changing = {draft.entry_id: draft for draft in reversed(self.drafts) if draft.entry_id}
        shown = [
            Shown(
                entry,
                text,
                changing.get(entry.id),
                self._given(entry),
                self._files(entry),
                self._mark(entry),
            )
            for entry, text in zip(self.entries, texts, strict=True)
        ]
        shown += [Shown(entry, None, None, [], [], "deleted") for entry in self.deleted]
        return sorted(shown, key=lambda one: one.entry.created_ms)

    def unfinished(self, composition: str) -> list[Draft]:
        """Drafts of new entries beside the one in the writing field, the oldest first."""
        here = {entry.id for entry in self.entries}
        return [
            draft
            for draft in reversed(self.drafts)
            if draft.composition != composition and draft.entry_id not in here
        ]

    def marks(self) -> Iterator[str]:
        """By which a page can tell that entries have come, gone or changed."""
        for entry in self.entries:
            yield f"{entry.id} {self._mark(entry)}"
        for entry in self.deleted:
            yield f"-{entry.id}"

    def _given(self, entry: Entry) -> list[Trace]:
        return self.traces.get(entry.id, [])

    def _files(self, entry: Entry) -> list[File]:
        return self.files.get(entry.id, [])

    def _mark(self, entry: Entry) -> str:
        told = f"{entry.edited_ms} " + " ".join(
            (
                *(f"{one.id} {one.name}" for one in self._given(entry)),
                *(f"{one.id} {one.description}" for one in self._files(entry)),
            )
        )
        return blake2b(told.encode(), digest_size=8).hexdigest()


async def contents_of(journal: Journal, day: date) -> Contents:
    """A day's contents as they are now. Raises `VaultLocked`."""
    entries = await journal.on_day(day)
    drafts = await journal.drafts(day)
    return Contents(
        day,
        entries,
        await journal.deleted(day),
        drafts,
        await journal.traces.on_day(day),
        await journal.files.of_entries([entry.id for entry in entries]),
        await journal.files.waiting() if drafts else {},
    )
