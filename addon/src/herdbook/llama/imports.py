"""Bringing files into open vaults, and taking them out again.

Owns what was read and waits for its person's yes, in memory only and for a while, and what is being
brought in or taken back now. A vault that locks takes all of it along.
"""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from itertools import batched
from typing import Final, Literal

from herdbook.clock import Clock
from herdbook.errors import Busy, HerdbookError, InputError
from herdbook.journal.exchange.arrivals import Known
from herdbook.journal.exchange.exchange import STEP
from herdbook.journal.exchange.incoming import Incoming
from herdbook.journal.exchange.llamora import is_llamora, read_llamora
from herdbook.journal.exchange.reading import BODY_LIMIT, read_file
from herdbook.llama.opening import Opening
from herdbook.llama.vaults import Vaults

WAIT_MS: Final = 15 * 60_000
"""How long a file waits for a yes."""
_UPLOAD_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that was read, and how much of it the journal has already."""

    incoming: Incoming = field(repr=False)
    known: Known
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file that came, and that only its own secret opens."""

    body: bytes = field(repr=False)
    expires_ms: int


@dataclass(slots=True)
class Work:
    """Entries brought in or taken back, of so many; `left` are those that stay after an undo.

    Once `finished`, `error` says why it ended early, if it did.
    """

    kind: Literal["in", "back"]
    total: int
    done: int = 0
    changed: int = 0
    left: int = 0
    finished: bool = False
    error: HerdbookError | None = None
    task: asyncio.Task[None] | None = None


class Imports:
    """See the module. Use `close` before that of the vaults."""

    def __init__(self, vaults: Vaults, clock: Clock, zone: tzinfo) -> None:
        self._vaults = vaults
        self._clock = clock
        self._zone = zone
        self._prepared: dict[str, Prepared | Sealed] = {}
        self._work: dict[str, Work] = {}
        self._reading = asyncio.Lock()
        vaults.on_check.append(self._forget_expired)
        vaults.on_lock.append(self.discard)

    async def prepare(self, opening: Opening, pieces: AsyncIterable[bytes]) -> None:
        """Read a file as it comes in; it replaces the one that its person had waiting.

        Raises `InputError` for a file that cannot be brought in, `Busy` while another is read,
        `VaultLocked`.
        """
        self._vaults.journal(opening)
        if self._reading.locked():
            raise Busy("Another file is being read.", fix="Try again in a few seconds.")
        async with self._reading:
            body = await _whole(pieces)
            if is_llamora(body):
                self._vaults.journal(opening)
                self._prepared[opening.person.id] = Sealed(body, self._expiry())
            else:
                incoming = await asyncio.to_thread(read_file, body, self._zone)
                del body
                await self._keep(opening, incoming)

    async def unseal(self, opening: Opening, name: str, secret: str) -> None:
        """Open the file that waits with the name and secret that it had where it was made.

        Raises `WrongSecret`; then it waits on. Raises `InputError` for a file that cannot be read
        or when none waits any more, `Busy`, `VaultLocked`.
        """
        sealed = self.prepared(opening.person.id)
        if not isinstance(sealed, Sealed):
            raise _none_waits()
        read = partial(read_llamora, sealed.body, name, secret, self._zone)
        try:
            incoming = await self._vaults.derivations.run(read)
        except InputError:
            self.discard(opening.person.id)
            raise
        await self._keep(opening, incoming)

    async def _keep(self, opening: Opening, incoming: Incoming) -> None:
        known = await self._vaults.journal(opening).exchange.known(incoming.entries)
        self._vaults.journal(opening)
        self._prepared[opening.person.id] = Prepared(incoming, known, self._expiry())

    def _expiry(self) -> int:
        return self._clock.monotonic_ms() + WAIT_MS

    def prepared(self, person_id: str) -> Prepared | Sealed | None:
        """The file that waits for a person's yes."""
        self._forget_expired()
        return self._prepared.get(person_id)

    def discard(self, person_id: str) -> None:
        """Let go of the file that waits, if one does."""
        self._prepared.pop(person_id, None)

    def begin(self, opening: Opening) -> None:
        """Bring in the file that waits; goes on after this returns.

        Raises `InputError` when none waits any more or other work is going on.
        """
        prepared = self.prepared(opening.person.id)
        if not isinstance(prepared, Prepared):
            raise _none_waits()
        incoming = prepared.incoming
        work = self._new_work(opening, "in", len(incoming.entries))
        self.discard(opening.person.id)
        self._start(work, lambda: self._bring_in(opening, incoming, work))

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
        tasks = [work.task for work in self._work.values() if work.task and not work.finished]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _new_work(self, opening: Opening, kind: Literal["in", "back"], total: int) -> Work:
        running = self._work.get(opening.person.id)
        if running is not None and not running.finished:
            raise InputError("A file is being brought in or taken out.", fix="Wait for its end.")
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

    async def _bring_in(self, opening: Opening, incoming: Incoming, work: Work) -> None:
        import_id = await self._vaults.journal(opening).exchange.begin(incoming.kind)
        for entries in batched(incoming.entries, STEP, strict=False):
            # Asked for anew each time, so that a vault that locks is let go of.
            exchange = self._vaults.journal(opening).exchange
            work.changed += await exchange.take_in(import_id, list(entries))
            work.done += len(entries)

    async def _take_back(self, opening: Opening, import_id: str, work: Work) -> None:
        while taken := await self._vaults.journal(opening).exchange.take_back(import_id):
            work.changed += taken
            work.done += taken
        work.left = await self._vaults.journal(opening).exchange.forget_import(import_id)

    def _forget_expired(self) -> None:
        now = self._clock.monotonic_ms()
        for key in [key for key, one in self._prepared.items() if one.expires_ms <= now]:
            del self._prepared[key]


def _none_waits() -> InputError:
    return InputError(
        "No file waits to be brought in.", fix="Choose it again: nothing was changed."
    )


async def _whole(pieces: AsyncIterable[bytes]) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(_UPLOAD_S):
            async for piece in pieces:
                body += piece
                if len(body) > BODY_LIMIT:
                    raise InputError(
                        f"The file is larger than {BODY_LIMIT // 1024**2} MiB.",
                        fix="Bring it in in several parts.",
                    )
    except TimeoutError as error:
        raise InputError("The file came too slowly.", fix="Try again on a better line.") from error
    return bytes(body)
