"""The journal in an unlocked vault: entries, drafts, and what came through the inbox."""

import asyncio
import logging
from datetime import date
from functools import partial
from typing import Final

import apsw
import msgspec

from herdbook.clock import Clock
from herdbook.embedding.model import Model
from herdbook.errors import InputError, StorageError, TextTooLong
from herdbook.ids import random_id
from herdbook.journal import (
    attached,
    calendar,
    entries,
    history,
    searches,
    settings,
    vectors,
    weekdays,
)
from herdbook.journal import draft as drafts
from herdbook.journal.draft import Draft, Saving
from herdbook.journal.dropped import Absorbed, read_drop
from herdbook.journal.entry import TEXT_LIMIT, Entry, clean_text
from herdbook.journal.exchange.exchange import Exchange
from herdbook.journal.files import Files
from herdbook.journal.fused import search_fused
from herdbook.journal.history import Earlier
from herdbook.journal.indexing import Indexing
from herdbook.journal.meaning import Meaning
from herdbook.journal.query import Query
from herdbook.journal.search import Asked, Order, Page, search
from herdbook.journal.settings import Settings
from herdbook.journal.traces import Traces
from herdbook.vault.vault import Vault

SCHEMA: Final = "herdbook.journal"

_LOGGER = logging.getLogger(__name__)


class Journal:
    """SQL on one unlocked vault; `traces`, `files` and `meaning` are those of its entries.

    By `exchange` they go out and come in. Every method may raise `VaultLocked`, `VaultDamaged` or
    `StorageError`.
    """

    def __init__(
        self, vault: Vault, clock: Clock, model: Model | None = None, *, ai: bool = True
    ) -> None:
        """`model` is for searching by meaning; `ai` says whether the person wants that."""
        self._vault = vault
        self._clock = clock
        self.asked = Asked()
        """What was searched for last, for whoever comes back to it; in memory, until the lock."""
        self._absorbing = asyncio.Lock()
        self.traces = Traces(vault.database)
        self.exchange = Exchange(vault.database, clock)
        self.meaning = Meaning(vault.database, model or Model(), is_wanted=ai)
        self.files = Files(vault.database, clock)
        self._indexing = Indexing(vault.database)

    async def tend(self) -> None:
        """Index what is written and tend its vectors; until cancelled or locked."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._indexing.run())
            tasks.create_task(self.meaning.run())

    async def add(self, day: date, text: str, composition: str | None = None) -> Entry | None:
        """Keep an entry of the person's and drop its draft: durable when this returns.

        The composition's files are its files; with some it needs no words. None if this composition
        is that entry already: a browser that got no answer sends again. Raises `InputError`,
        `TextTooLong`.
        """
        cleaned = clean_text(text, may_be_empty=composition is not None)
        entry = Entry(random_id(), day, self._clock.wall_ms(), cleaned, "person", None)

        kept = partial(entries.add_once, entry=entry, composition=composition)
        return entry if await self._vault.database.write(kept) else None

    async def on_day(self, day: date) -> list[Entry]:
        """A day's entries, oldest first."""
        return await self._vault.database.read(partial(entries.on_day, day=day))

    async def between(self, first: date, last: date, limit: int) -> list[Entry]:
        """The entries of some days, `limit` of them at most, oldest first."""
        return await self._vault.database.read(
            partial(entries.between, first=first, last=last, limit=limit)
        )

    async def counts(self, first: date, last: date) -> dict[date, int]:
        """How many entries each day from `first` to `last` has; days without any are left out."""
        return await self._vault.database.read(partial(calendar.counts, first=first, last=last))

    async def years(self) -> list[int]:
        """The years with an entry, in order."""
        return await self._vault.database.read(calendar.years)

    async def same_days(self, day: date) -> list[tuple[date, int]]:
        """Other years' days of the same month and day, latest first, and their entries' number."""
        return await self._vault.database.read(partial(calendar.same_days, day=day))

    async def weekdays(self) -> list[str]:
        """What a day can begin with, seven texts, Monday's first."""
        return await self._vault.database.read(weekdays.read)

    async def set_weekdays(self, texts: list[str]) -> None:
        """Keep what a day can begin with. Raises `InputError`, `TextTooLong`."""
        change = partial(weekdays.write, texts=weekdays.clean(texts))
        await self._vault.database.write(change, forgets=True)

    async def keep_settings(self, chosen: Settings) -> None:
        """Keep what the person wants; where that is no AI any more, no vector is found from now on.

        They are dropped in the background, or before the vault locks.
        """
        ends_ai = self.meaning.is_wanted and not chosen.ai

        def change(connection: apsw.Connection) -> None:
            settings.write(connection, chosen)
            if ends_ai:
                vectors.forget(connection)

        await self._vault.database.write(change, forgets=ends_ai)
        self.meaning.is_wanted = chosen.ai

    async def entry(self, entry_id: str) -> Entry:
        """One entry. Raises `EntryUnknown`."""
        return await self._vault.database.read(partial(history.find, entry_id=entry_id))

    async def change(
        self, entry_id: str, day: date, text: str, composition: str | None = None
    ) -> Entry:
        """Give an entry another text or day and drop the change's draft; durable when it returns.

        The composition's files come to it, and those that it takes off go. Raises `EntryUnknown`,
        `FilesTooMany`, `InputError`, `TextTooLong`.
        """
        text, now = clean_text(text, may_be_empty=True), self._clock.wall_ms()

        def change(connection: apsw.Connection) -> Entry:
            if composition is not None:
                drafts.drop(connection, composition)
            return history.change(connection, entry_id, day, text, composition, now)

        changed = await self._vault.database.write(change)
        await self.files.sweep()
        return changed

    async def versions(self, entry_id: str) -> list[Earlier]:
        """What an entry said before, newest first."""
        return await self._vault.database.read(partial(history.versions, entry_id=entry_id))

    async def take_back(self, entry_id: str, number: int, newest: int) -> Entry | None:
        """Give an entry one of its `versions` again; durable when it returns.

        None, and nothing is done, if `newest` is not the newest of them any more: its text has been
        changed since. Raises `EntryUnknown`, and `InputError` when neither words nor files would be
        left.
        """
        now = self._clock.wall_ms()
        return await self._vault.database.write(
            partial(history.take_back, entry_id=entry_id, number=number, newest=newest, now=now)
        )

    async def delete(self, entry_id: str) -> Entry:
        """Take an entry out; until the vault locks, `restore` brings it back.

        Raises `EntryUnknown`.
        """
        return await self._vault.database.write(partial(history.delete, entry_id=entry_id))

    async def restore(self, entry_id: str) -> Entry:
        """Bring a deleted entry back to its day. Raises `EntryUnknown`."""
        return await self._vault.database.write(partial(history.restore, entry_id=entry_id))

    async def forget_deleted(self) -> None:
        """Forget what was deleted, for good: before a vault locks, and after it opens."""
        database = self._vault.database
        if await database.read(history.has_deleted):
            await database.write(history.forget_deleted, forgets=True)
            await self.files.sweep()

    async def deleted(self, day: date) -> list[Entry]:
        """What was deleted of a day and can be brought back, oldest first."""
        return await self._vault.database.read(partial(history.deleted_on_day, day=day))

    async def save_draft(self, saving: Saving) -> Draft | None:
        """Keep what is being written, exactly as it is; an empty text drops it.

        None if it has become an entry meanwhile. Raises `TextTooLong` over twice an entry's length.
        """
        if len(saving.text) > 2 * TEXT_LIMIT:
            raise TextTooLong(
                "The draft is too long to keep.",
                fix="Split it into several entries.",
                reason="draft_too_long",
            )
        # A browser can send half a surrogate pair; SQLite cannot hold one.
        kept = msgspec.structs.replace(saving, text=saving.text.encode("utf-8", "replace").decode())
        now = self._clock.wall_ms()
        return await self._vault.database.write(partial(drafts.save, saving=kept, now=now))

    async def drafts(self, day: date) -> list[Draft]:
        """A day's drafts, those of changes too, the one saved last first."""
        return await self._vault.database.read(partial(drafts.on_day, day=day))

    async def drop_draft(self, composition: str) -> None:
        """Forget a draft and the files that came to it; an unknown one is no error."""

        def change(connection: apsw.Connection) -> None:
            drafts.drop(connection, composition)
            attached.discard(connection, composition)

        await self._vault.database.write(change)
        await self.files.sweep()

    async def search(self, query: Query, order: Order = "best", offset: int = 0) -> Page:
        """A page of the entries that a query asks for, of the whole journal.

        The best first are by meaning, too, where there is a model. What was written last is found
        also where it was not indexed yet, but for a disk that has no room left for its index.
        """
        try:
            await self._indexing.catch_up()
        except StorageError as error:
            _LOGGER.warning("A search goes without what was written last: %s", error)
        # Of nothing but quotes the very words are wanted.
        asks = order == "best" and query.meaning
        meant = await self.meaning.meant(query.meaning) if asks else None
        if meant is not None:
            return await self._vault.database.read(
                partial(search_fused, query=query, meant=meant, offset=offset)
            )
        return await self._vault.database.read(
            partial(search, query=query, order=order, offset=offset)
        )

    async def remember_search(self, text: str) -> None:
        """Keep what was searched for as the newest of the last searches."""
        now = self._clock.wall_ms()
        await self._vault.database.write(partial(searches.remember, text=text, now=now))

    async def recent_searches(self) -> list[str]:
        """What was searched for, the last first."""
        return await self._vault.database.read(searches.recent)

    async def forget_searches(self) -> None:
        """Forget what was searched for; once the vault locks, no copy is left in its file."""
        await self._vault.database.write(searches.forget, forgets=True)

    async def absorb(self) -> int:
        """Make entries of what waits in the inbox, each exactly once; returns how many.

        First the entries and the drops' ids are made durable together, then the drops are
        forgotten. A crash in between finds the ids and only forgets. What opens but is no entry is
        refused and stays, like what does not open.
        """
        async with self._absorbing:
            inbox = self._vault.inbox
            waiting = await asyncio.to_thread(inbox.look, *self._vault.inbox_keys)
            if not waiting.opened and not waiting.closed:
                return 0
            readable: list[Absorbed] = []
            refused = list(waiting.closed)
            for row, drop in waiting.opened:
                try:
                    readable.append(read_drop(drop))
                except InputError:
                    refused.append(row)
            # This also tells that the vault has not locked: drops sealed since to another key
            # would not open with the ones at hand, and must not be refused for it.
            count = await self._vault.database.write(partial(_absorb, drops=readable))
            await asyncio.to_thread(inbox.refuse, refused)
            gone = set(refused)
            rows = [row for row, _ in waiting.opened if row not in gone]
            await asyncio.to_thread(inbox.remove, rows)
            return count


def _absorb(connection: apsw.Connection, drops: list[Absorbed]) -> int:
    count = 0
    for drop in drops:
        connection.execute("INSERT OR IGNORE INTO absorbed VALUES(?)", (drop.drop_id,))
        if not connection.changes():
            continue
        if isinstance(drop.kept, Draft):
            drafts.take_in(connection, drop.kept)
        else:
            count += entries.add_once(connection, drop.kept, drop.composition)
    return count
