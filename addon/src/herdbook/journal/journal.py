"""The journal in an unlocked vault: entries, drafts, and what came through the inbox."""

import asyncio
from datetime import date
from functools import partial
from typing import Annotated, Final

import apsw
import msgspec

from herdbook.clock import Clock
from herdbook.errors import InputError, TextTooLong
from herdbook.ids import random_id
from herdbook.journal.entry import SOURCE_LIMIT, TEXT_LIMIT, Author, Entry, clean_text
from herdbook.vault.inbox import Drop
from herdbook.vault.vault import Vault

SCHEMA: Final = "herdbook.journal"


class DroppedEntry(msgspec.Struct, frozen=True):
    """The body of a drop: an entry that waits in the inbox."""

    day: date
    created_ms: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    text: str
    author: Author
    source: str | None


class Journal:
    """SQL on one unlocked vault.

    Every method may raise `VaultLocked`, `VaultDamaged` or `StorageError`.
    """

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock
        self._absorbing = asyncio.Lock()

    async def add(self, day: date, text: str) -> Entry:
        """Keep an entry of the person's and drop that day's draft: durable when this returns.

        Raises `InputError`, `TextTooLong`.
        """
        entry = Entry(random_id(), day, self._clock.wall_ms(), clean_text(text), "person", None)

        def change(connection: apsw.Connection) -> None:
            _insert(connection, entry)
            connection.execute("DELETE FROM drafts WHERE day = ?", (day.isoformat(),))

        await self._vault.database.write(change)
        return entry

    async def on_day(self, day: date) -> list[Entry]:
        """A day's entries, oldest first."""
        return await self._vault.database.read(
            lambda connection: [
                Entry(entry_id, day, created_ms, text, author, source)
                for entry_id, created_ms, text, author, source in connection.execute(
                    "SELECT id, created_ms, text, author, source FROM entries "
                    "WHERE day = ? ORDER BY created_ms, number",
                    (day.isoformat(),),
                )
            ]
        )

    async def save_draft(self, day: date, text: str) -> None:
        """Keep what is being written, exactly as it is; an empty text drops it.

        Raises `TextTooLong` over twice an entry's length.
        """
        if len(text) > 2 * TEXT_LIMIT:
            raise TextTooLong(
                "The draft is too long to keep.", fix="Split it into several entries."
            )
        # A browser can send half a surrogate pair; SQLite cannot hold one.
        kept = text.encode("utf-8", "replace").decode()
        statement, values = (
            (
                "INSERT INTO drafts VALUES(?, ?, ?) ON CONFLICT(day) "
                "DO UPDATE SET saved_ms = excluded.saved_ms, text = excluded.text",
                (day.isoformat(), self._clock.wall_ms(), kept),
            )
            if kept
            else ("DELETE FROM drafts WHERE day = ?", (day.isoformat(),))
        )
        await self._vault.database.write(lambda connection: connection.execute(statement, values))

    async def draft(self, day: date) -> str:
        """The day's draft, or an empty text."""
        row = await self._vault.database.read(
            lambda connection: connection.execute(
                "SELECT text FROM drafts WHERE day = ?", (day.isoformat(),)
            ).fetchone()
        )
        return str(row[0]) if row else ""

    async def absorb(self) -> int:
        """Make entries of what waits in the inbox, each exactly once; returns how many.

        First the entries and the drops' ids are made durable together, then the drops are
        forgotten. A crash in between finds the ids and only forgets. What opens but is no entry is
        refused and stays, like what does not open.
        """
        async with self._absorbing:
            inbox = self._vault.inbox
            waiting = await asyncio.to_thread(inbox.open_all, *self._vault.inbox_keys)
            if not waiting:
                return 0
            readable: list[tuple[str, Entry]] = []
            refused: list[int] = []
            for row, drop in waiting:
                try:
                    readable.append((drop.drop_id, _entry(drop)))
                except (msgspec.MsgspecError, InputError, ValueError):
                    # Sealing needs no secret: anybody at the files may have made it.
                    refused.append(row)
            count = await self._vault.database.write(partial(_absorb, drops=readable))
            if refused:
                await asyncio.to_thread(inbox.refuse, refused)
            gone = set(refused)
            await asyncio.to_thread(inbox.remove, [row for row, _ in waiting if row not in gone])
            return count


def _entry(drop: Drop) -> Entry:
    dropped = msgspec.msgpack.decode(drop.body, type=DroppedEntry)
    return Entry(
        random_id(),
        dropped.day,
        dropped.created_ms,
        clean_text(dropped.text),
        dropped.author,
        None if dropped.source is None else dropped.source[:SOURCE_LIMIT],
    )


def _absorb(connection: apsw.Connection, drops: list[tuple[str, Entry]]) -> int:
    count = 0
    for drop_id, entry in drops:
        connection.execute("INSERT OR IGNORE INTO absorbed VALUES(?)", (drop_id,))
        if connection.changes():
            _insert(connection, entry)
            count += 1
    return count


def _insert(connection: apsw.Connection, entry: Entry) -> None:
    connection.execute(
        "INSERT INTO entries(id, day, created_ms, author, source, text) VALUES(?, ?, ?, ?, ?, ?)",
        (
            entry.id,
            entry.day.isoformat(),
            entry.created_ms,
            entry.author,
            entry.source,
            entry.text,
        ),
    )
