"""Bringing files into open vaults, and taking them out again.

Owns what was read and waits for its person's yes for a while, in memory and in a sealed spool, and
what is being brought in or taken back now. A vault that locks takes all of it along.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator
from datetime import tzinfo
from functools import partial
from typing import Final, Literal

from herdbook.clock import Clock
from herdbook.errors import HerdbookError, InputError
from herdbook.ids import random_id
from herdbook.journal.exchange.exchange import STEP
from herdbook.journal.exchange.incoming import Incoming
from herdbook.journal.exchange.llamora import is_llamora, read_llamora
from herdbook.journal.exchange.passed import Passed
from herdbook.journal.exchange.reading import read_file, read_whole
from herdbook.llama.opening import Opening
from herdbook.llama.spools import Spools
from herdbook.llama.vaults import Vaults
from herdbook.llama.waiting import Prepared, Sealed, Work
from herdbook.vault.spool import Spool

WAIT_MS: Final = 15 * 60_000
"""How long a file waits for a yes."""


class Imports:
    """See the module. Use `close` before that of the vaults."""

    def __init__(self, vaults: Vaults, clock: Clock, zone: tzinfo) -> None:
        self._vaults = vaults
        self._clock = clock
        self._zone = zone
        self._spools = Spools(vaults)
        self._prepared: dict[str, Prepared | Sealed] = {}
        self._work: dict[str, Work] = {}
        self._reading = asyncio.Lock()
        vaults.on_check.append(self._forget_expired)
        vaults.on_lock.append(self.discard)

    async def prepare(self, opening: Opening, pieces: AsyncIterable[bytes]) -> None:
        """Take in a file as it comes, then look into it; that goes on after this returns.

        It replaces the one that its person had waiting, once that can be brought in. Raises
        `InputError` while another one comes or other work is going on, `StorageError`,
        `VaultLocked`.
        """
        self._check_idle(opening)
        spool = await self._spools.receive(opening.person, self._in_use(opening, pieces))
        try:
            work = self._new_work(opening, "look", spool.size)
        except InputError:
            self._spools.let_go(opening.person.id, spool)
            raise
        work.spool = spool
        self._start(work, lambda: self._look(opening, spool))

    async def _in_use(self, opening: Opening, pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            self._vaults.journal(opening)
            yield piece

    async def _look(self, opening: Opening, spool: Spool) -> None:
        try:
            # One at a time: what is read is held in memory.
            async with self._reading:
                self._vaults.journal(opening)
                with spool.open() as file:
                    is_sealed = is_llamora(await asyncio.to_thread(file.read, 16))
                if is_sealed:
                    self._wait(opening, Sealed(spool, self._expiry()))
                else:
                    keep_place = self._vaults.settings(opening).keep_place
                    read = partial(read_file, zone=self._zone, keep_place=keep_place)
                    incoming = await asyncio.to_thread(lambda: read(spool.open()))
                    await self._keep(opening, incoming, spool)
        except BaseException:
            self._spools.let_go(opening.person.id, spool)
            raise

    async def unseal(self, opening: Opening, name: str, secret: str) -> None:
        """Open the file that waits with the name and secret that it had where it was made.

        Raises `WrongSecret`; then it waits on. Raises `InputError` for a file that cannot be read
        or when none waits any more, `Busy`, `VaultLocked`.
        """
        sealed = self.prepared(opening.person.id)
        if not isinstance(sealed, Sealed):
            raise _none_waits()

        def read() -> Incoming:
            return read_llamora(read_whole(sealed.spool.open()), name, secret, self._zone)

        try:
            incoming = await self._vaults.derivations.run(read)
        except InputError:
            self.discard(opening.person.id)
            raise
        await self._keep(opening, incoming, sealed.spool)

    async def _keep(self, opening: Opening, incoming: Incoming, spool: Spool) -> None:
        known = await self._vaults.journal(opening).exchange.known(incoming.entries)
        self._vaults.journal(opening)
        if not known.files:
            # Its texts are read; nothing else of it is needed any more.
            self._spools.let_go(opening.person.id, spool)
        self._wait(opening, Prepared(incoming, known, spool, self._expiry()))

    def _wait(self, opening: Opening, prepared: Prepared | Sealed) -> None:
        before = self._prepared.get(opening.person.id)
        if before is not None and before.spool is not prepared.spool:
            self.discard(opening.person.id)
        self._prepared[opening.person.id] = prepared

    def _expiry(self) -> int:
        return self._clock.monotonic_ms() + WAIT_MS

    def prepared(self, person_id: str) -> Prepared | Sealed | None:
        """The file that waits for a person's yes."""
        self._forget_expired()
        return self._prepared.get(person_id)

    def discard(self, person_id: str) -> None:
        """Let go of the file that waits, if one does."""
        prepared = self._prepared.pop(person_id, None)
        if prepared is not None:
            self._spools.let_go(person_id, prepared.spool)

    def begin(self, opening: Opening) -> None:
        """Bring in the file that waits; goes on after this returns.

        Raises `InputError` when none waits any more or other work is going on.
        """
        prepared = self.prepared(opening.person.id)
        if not isinstance(prepared, Prepared):
            raise _none_waits()
        entries = prepared.incoming.entries
        total = len(entries) + sum(len(entry.files) for entry in entries)
        work = self._new_work(opening, "in", total)
        del self._prepared[opening.person.id]
        self._start(work, lambda: self._bring_in(opening, prepared, work))

    async def undo(self, opening: Opening, import_id: str) -> None:
        """Take a file's entries out again; goes on after this returns.

        Raises `InputError` for an import that is not there, or while other work is going on.
        """
        imports = await self._vaults.journal(opening).exchange.imports()
        found = next((one for one in imports if one.id == import_id), None)
        if found is None:
            raise InputError("Nothing of this file is in the journal.", fix="Look again.")
        work = self._new_work(opening, "back", found.entries)
        self._start(work, lambda: self._take_back(opening, import_id, work))

    def work(self, person_id: str) -> Work | None:
        """A person's work, going on or finished and not yet forgotten."""
        return self._work.get(person_id)

    def forget_work(self, person_id: str) -> None:
        """Let go of work that has finished."""
        work = self._work.get(person_id)
        if work is not None and work.finished:
            del self._work[person_id]

    async def wait(self, person_id: str, seconds: float) -> None:
        """Wait for the end of a person's work, but no longer than `seconds`."""
        work = self._work.get(person_id)
        if work is not None and work.task is not None:
            await asyncio.wait([work.task], timeout=seconds)

    async def close(self) -> None:
        """Let go of what waits; end what is going on after the step that it is at."""
        self._prepared.clear()
        self._spools.end_all()
        tasks = [work.task for work in self._work.values() if work.task and not work.finished]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _check_idle(self, opening: Opening) -> None:
        running = self._work.get(opening.person.id)
        if running is not None and not running.finished:
            raise InputError(
                "A file is being looked into, brought in or taken out.", fix="Wait for its end."
            )

    def _new_work(self, opening: Opening, kind: Literal["look", "in", "back"], total: int) -> Work:
        self._check_idle(opening)
        work = self._work[opening.person.id] = Work(kind, total)
        return work

    def _start(self, work: Work, run: Callable[[], Awaitable[None]]) -> None:
        async def watched() -> None:
            # What stands if this ends by something nobody foresaw.
            work.error = HerdbookError("It ended early.", fix="The Llama's log says more.")
            try:
                await run()
                work.error = None
            except HerdbookError as error:
                # Its frames hold entries, and it waits until somebody reads it.
                error.__traceback__ = error.__cause__ = error.__context__ = None
                work.error = error
            finally:
                work.finished = True

        work.task = asyncio.create_task(watched())

    async def _bring_in(self, opening: Opening, prepared: Prepared, work: Work) -> None:
        incoming = prepared.incoming
        try:
            import_id = await self._vaults.journal(opening).exchange.begin(incoming.kind)
            step: list[Passed] = []
            for entry in incoming.entries:
                if entry.files:
                    await self._bring_with_files(opening, import_id, entry, incoming, work)
                else:
                    step.append(entry)
                if len(step) == STEP:
                    await self._bring_texts(opening, import_id, step, work)
                    step = []
            await self._bring_texts(opening, import_id, step, work)
        finally:
            self._spools.let_go(opening.person.id, prepared.spool)

    async def _bring_texts(
        self, opening: Opening, import_id: str, entries: list[Passed], work: Work
    ) -> None:
        if entries:
            # Asked for anew each time, so that a vault that locks is let go of.
            exchange = self._vaults.journal(opening).exchange
            work.changed += await exchange.take_in(import_id, entries)
            work.done += len(entries)

    async def _bring_with_files(
        self, opening: Opening, import_id: str, entry: Passed, incoming: Incoming, work: Work
    ) -> None:
        """The files first: the entry comes with all of them, or not yet."""
        known = await self._vaults.journal(opening).exchange.known([entry])
        if known.here:
            work.done += 1 + len(entry.files)
            return
        composition = random_id()
        for file in entry.files:
            await self._vaults.journal(opening).files.bring(
                composition,
                file.name,
                _in_thread(incoming.carrier.chunks(file.path)),
                description=file.description,
                added_ms=file.added_ms,
                keep_place=incoming.keep_place,
            )
            work.done += 1
        journal = self._vaults.journal(opening)
        added = await journal.exchange.take_in(import_id, [entry], composition)
        if not added:
            # Somebody else brought it in meanwhile.
            await journal.drop_draft(composition)
        work.changed += added
        work.files += added * len(entry.files)
        work.done += 1

    async def _take_back(self, opening: Opening, import_id: str, work: Work) -> None:
        while taken := await self._vaults.journal(opening).exchange.take_back(import_id):
            work.changed += taken
            work.done += taken
            await self._vaults.journal(opening).files.sweep()
        work.left = await self._vaults.journal(opening).exchange.forget_import(import_id)

    def _forget_expired(self) -> None:
        now = self._clock.monotonic_ms()
        for key in [key for key, one in self._prepared.items() if one.expires_ms <= now]:
            self.discard(key)


def _none_waits() -> InputError:
    return InputError(
        "No file waits to be brought in.", fix="Choose it again: nothing was changed."
    )


async def _in_thread(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(next, chunks, b""):
        yield chunk
