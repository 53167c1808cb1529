"""The photos and files of an unlocked vault: brought in piece by piece, shown, taken off."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import apsw

from herdbook.clock import Clock
from herdbook.errors import StorageError, VaultLocked
from herdbook.ids import random_id
from herdbook.journal import attached, draft, history
from herdbook.journal.arrival import PIECE, Arrival
from herdbook.journal.attached import Attached
from herdbook.journal.draft import Saving
from herdbook.journal.file import File, clean_description, clean_name
from herdbook.vault.database import Database

_AT_ONCE: Final = 2
"""Files that arrive at a time; pictures are in memory meanwhile. Others wait."""

_Owner = Callable[[apsw.Connection], tuple[str | None, str | None]]
"""Whose a file becomes: an entry's id and a composition, see `attached.finish`."""

_LOGGER = logging.getLogger(__name__)


class Files:
    """SQL on one open vault; `attached` says what each question and change means.

    A file is durable when it has been taken, and no half of one is ever seen. What is removed is
    forgotten by the database's file as that closes. Every method may raise `VaultLocked`,
    `VaultDamaged` or `StorageError`.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._waits: set[asyncio.Timeout] = set()
        self._ended = False

    async def add(
        self, entry_id: str, name: str, chunks: AsyncIterator[bytes], *, keep_place: bool
    ) -> File:
        """Give an entry a file; the one it has, if that has the same bytes.

        Without `keep_place`, pictures are rid of all that could say where they were taken. Raises
        `EntryUnknown`, `FileTooLarge`, `FilesTooMany`, `PlaceInside`, `InputError`.
        """

        def owner(connection: apsw.Connection) -> tuple[str | None, str | None]:
            return history.find(connection, entry_id).id, None

        await self._database.read(owner)
        return await self._take(name, chunks, owner, keep_place=keep_place)

    async def attach(
        self, saving: Saving, name: str, chunks: AsyncIterator[bytes], *, keep_place: bool
    ) -> File:
        """Bring a file into a writing field: it is the entry's once the composition is sent.

        The text of `saving` is not looked at. Raises as `add` does.
        """

        def owner(connection: apsw.Connection) -> tuple[str | None, str | None]:
            entry_id = draft.begin(connection, saving, self._clock.wall_ms())
            return entry_id, saving.composition

        return await self._take(name, chunks, owner, keep_place=keep_place)

    async def bring(
        self,
        composition: str,
        name: str,
        chunks: AsyncIterator[bytes],
        *,
        description: str,
        added_ms: int,
        keep_place: bool,
    ) -> File:
        """Bring in a file of an entry that is about to come as `composition`, and has no draft.

        If that does not come, the file is forgotten at the next lock. Raises as `add` does, but for
        `EntryUnknown`.
        """

        def owner(_connection: apsw.Connection) -> tuple[str | None, str | None]:
            return None, composition

        return await self._take(
            name,
            chunks,
            owner,
            keep_place=keep_place,
            description=description,
            added_ms=added_ms,
        )

    async def find(self, file_id: str) -> tuple[File, str | None]:
        """A file, and the id of the entry that has it, if it was sent. Raises `FileUnknown`."""
        _, file, entry_id = await self._database.read(partial(attached.find, file_id=file_id))
        return file, entry_id

    async def of_entries(self, entry_ids: Iterable[str]) -> dict[str, list[File]]:
        """The files of some entries, as they came; entries without any are left out."""
        return await self._database.read(partial(attached.of_entries, entry_ids=entry_ids))

    async def of_field(self, composition: str, entry_id: str | None) -> list[Attached]:
        """What a writing field has: its own files, and those of the entry that it changes."""
        return await self._database.read(
            partial(attached.of_field, composition=composition, entry_id=entry_id)
        )

    async def waiting(self) -> dict[str, int]:
        """How many files wait with each composition."""
        return await self._database.read(attached.waiting)

    async def thumbnail(self, file_id: str) -> bytes:
        """A picture's thumbnail: WebP. Raises `FileUnknown`, also for what is no picture."""
        return await self._database.read(partial(attached.thumbnail, file_id=file_id))

    async def pieces(
        self, file: File, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes]:
        """A file's bytes from `start` to `stop`, a piece at a time. Raises `FileUnknown`."""
        stop = file.size if stop is None else min(stop, file.size)
        while start < stop:
            place, skipped = divmod(start, PIECE)
            piece = await self._database.read(partial(attached.piece, file_id=file.id, place=place))
            yield piece[skipped : skipped + stop - start]
            start += len(piece) - skipped

    async def take_off(self, saving: Saving, file_id: str) -> None:
        """Take a file out of a writing field: at once if it came there, else with its sending.

        Raises `FileUnknown`.
        """

        def change(connection: apsw.Connection) -> None:
            draft.begin(connection, saving, self._clock.wall_ms())
            attached.take_off(connection, file_id, saving.composition)
            draft.drop_if_empty(connection, saving.composition)

        await self._database.write(change, forgets=True)
        await self.sweep()

    async def put_back(self, saving: Saving, file_id: str) -> None:
        """Take back that a file is to be taken off its entry. Raises `FileUnknown`."""
        change = partial(attached.put_back, file_id=file_id, composition=saving.composition)
        await self._database.write(change)

    async def describe(self, file_id: str, description: str) -> None:
        """Say what a file shows. Raises `FileUnknown`, `TextTooLong`."""
        said = clean_description(description)
        change = partial(attached.describe, file_id=file_id, description=said)
        await self._database.write(change, forgets=True)

    async def sweep(self) -> None:
        """Delete what was removed, a few pieces at a time: others write in between.

        What a full disk or the lock leaves is deleted when the vault locks or opens next.
        """
        try:
            while await self._database.write(attached.sweep, forgets=True):
                pass
        except (StorageError, VaultLocked) as error:
            _LOGGER.warning("Removed files are not deleted yet: %s", error)

    @asynccontextmanager
    async def in_hand(self) -> AsyncIterator[None]:
        """For whoever holds bytes of a file and waits for somebody else, such as a browser.

        The lock ends the waiting: raises `VaultLocked` then.
        """
        if self._ended:
            raise _locked()
        waiting = asyncio.timeout(None)
        try:
            async with waiting:
                self._waits.add(waiting)
                try:
                    yield
                finally:
                    self._waits.discard(waiting)
        except TimeoutError as error:
            if waiting.expired():
                raise _locked() from error
            raise

    def end(self) -> None:
        """The vault locks: nothing arrives any more, nothing is handed out."""
        self._ended = True
        for waiting in self._waits:
            waiting.reschedule(asyncio.get_running_loop().time())

    async def _take(
        self,
        name: str,
        chunks: AsyncIterator[bytes],
        owner: _Owner,
        *,
        keep_place: bool,
        description: str = "",
        added_ms: int | None = None,
    ) -> File:
        file_id, now = random_id(), self._clock.wall_ms()
        async with self.in_hand(), self._room:
            number = await self._database.write(partial(attached.begin, file_id=file_id, now=now))
            try:
                arrival = Arrival(self._database, number)
                look = await arrival.receive(chunks, keep_place=keep_place)
                file = File(
                    id=file_id,
                    added_ms=now if added_ms is None else added_ms,
                    name=clean_name(name),
                    description=clean_description(description),
                    kind=arrival.kind,
                    size=arrival.size,
                    sha256=arrival.digest.digest(),
                    width=None if look is None else look.width,
                    height=None if look is None else look.height,
                )
                thumbnail = None if look is None else look.thumbnail

                def finish(connection: apsw.Connection) -> File:
                    whose = owner(connection)
                    return attached.finish(connection, number, file, whose, thumbnail)

                kept = await self._database.write(finish)
            except BaseException:
                await self._give_up(number)
                raise
        if kept.id != file_id:
            await self.sweep()
        return kept

    async def _give_up(self, number: int) -> None:
        try:
            await self._database.write(partial(attached.give_up, number=number), forgets=True)
        except (StorageError, VaultLocked) as error:
            # Nobody sees it, and it is deleted when the vault locks or opens next.
            _LOGGER.warning("A file that did not come whole is not deleted yet: %s", error)
        else:
            await self.sweep()


def _locked() -> VaultLocked:
    return VaultLocked("The vault is locked.", fix="Unlock it and try again.")
