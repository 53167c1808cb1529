"""The event log as the agent writes it: from one thread, many events at once, and patiently.

Owns what happens when the disk refuses: events wait in memory, bounded, and go in with the next.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, Self

from msgspec import Raw, Struct

from herdbook.clock import Clock, Instant, now
from herdbook.errors import StorageError
from herdbook.eventlog.event import draft
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.readings import ReadingsPayload
from herdbook.log import AGAIN_MS

_MOST_WAITING: Final = 1000
_AT_ONCE: Final = 1000

type _Draft = tuple[str, Raw, Instant]
type Block = tuple[ReadingsPayload, Instant]
"""Readings of one sensor, and when the last of them was."""

_log = logging.getLogger(__name__)


class Record:
    """One node's event log. Use `open`; every call runs in its one thread."""

    def __init__(self, thread: ThreadPoolExecutor, log: EventLog, clock: Clock) -> None:
        self.identity = log.identity
        self._clock = clock
        self._thread = thread
        self._log = log
        self._queue: list[tuple[str, Raw, Instant | None, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._waiting: list[_Draft] = []  # refused by the disk
        self._refused = False
        self._on_written: Callable[[], None] = lambda: None
        self._lost = 0  # events, and when that was last said
        self._said_lost_ms: int | None = None

    @classmethod
    async def open(cls, folder: Path, clock: Clock) -> Self:
        """The log in a folder, made when absent. Raises `LogInUse` and `StorageError`."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="herdbook-log")
        try:
            log = await asyncio.get_running_loop().run_in_executor(thread, _open, folder, clock)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(thread, log, clock)

    def follow(self, on_written: Callable[[], None]) -> None:
        """Have this called whenever there is something new in the log, whoever appended it."""
        self._on_written = on_written

    async def append(self, kind: str, payload: Struct, at: Instant | None = None) -> bool:
        """Add an event of a moment, or of now, however long it may have to wait.

        It is durable when this returns True. False: the disk refused it, and it waits.

        Whoever appends at the same time shares a transaction. Being cancelled takes nothing back.
        Of more than 1,000 that wait for the disk the oldest are lost; the log says so. Raises
        `InputError` for an event that is out of its bounds.
        """
        raw = draft(kind, payload)  # here, so that it keeps nobody else's out
        done = asyncio.get_running_loop().create_future()
        self._queue.append((kind, raw, at, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await asyncio.shield(done)

    async def keep_unfinished(self, blocks: Callable[[], Sequence[Block]]) -> None:
        """Note the readings that are in no event yet, so that a crash does not take them.

        `blocks` gives them, with the moment of the last in each. It is called once all that was
        appended is written: a block is among the ones or the others. Where the disk refuses, what
        was noted before stays; the log says so.
        """
        while self._writing is not None:
            await asyncio.wait({self._writing})
        await self.call(partial(self._keep_unfinished, blocks()))

    async def call[R](self, function: Callable[[], R]) -> R:
        """Run something that uses the log in the log's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    @property
    def log(self) -> EventLog:
        """The log itself, to be used inside `call` only."""
        return self._log

    async def close(self) -> None:
        """Write what is queued, close the log and end its thread.

        What the disk refuses to the last is lost; the log says so.
        """
        if self._writing is not None:
            await self._writing
        await self.call(self._give_up)
        await self.call(self._log.close)
        self._thread.shutdown()

    async def _write(self) -> None:
        """Write what is queued, as much at once as has come together, until nothing is."""
        try:
            while self._queue:
                group, self._queue = self._queue[:_AT_ONCE], self._queue[_AT_ONCE:]
                here = now(self._clock)
                drafts = [(kind, raw, at or here) for kind, raw, at, _ in group]
                try:
                    written = await self.call(partial(self._append, drafts))
                except Exception as error:  # noqa: BLE001 - whoever appends is told
                    for *_, done in group:
                        done.set_exception(error)
                    continue  # or what came in the meantime would wait for the next that comes
                for *_, done in group:
                    done.set_result(written)
                if written:
                    self._on_written()
        finally:
            self._writing = None

    def _keep_unfinished(self, blocks: Sequence[Block]) -> None:
        if self._waiting:
            return  # they may be among them: the table knows them until they are written
        try:
            self._log.keep_unfinished(blocks)
        except StorageError as error:
            if not self._refused:
                _log.error("%s The last readings are in memory alone until then.", error)
            self._refused = True
        else:
            self._accepted()

    def _append(self, events: list[_Draft]) -> bool:
        self._waiting += events
        try:
            while some := self._waiting[:_AT_ONCE]:
                self._log.append_many(some)
                del self._waiting[: len(some)]
        except StorageError as error:
            self._lose(max(0, len(self._waiting) - _MOST_WAITING))
            if not self._refused:
                _log.error("%s Events wait in memory until then.", error)
            self._refused = True
            return False
        self._accepted()
        return True

    def _lose(self, count: int) -> None:
        """Let go of the oldest that wait; say how many it were, at most once a minute."""
        del self._waiting[:count]
        self._lost += count
        now_ms = self._clock.monotonic_ms()
        if self._said_lost_ms is not None and now_ms - self._said_lost_ms < AGAIN_MS:
            return
        self._say_lost()

    def _say_lost(self) -> None:
        if self._lost:
            self._said_lost_ms = self._clock.monotonic_ms()
            _log.error("Events were lost, %d: the disk refuses more than memory holds.", self._lost)
        self._lost = 0

    def _give_up(self) -> None:
        """The node stops: what still waits for the disk gets its last chance."""
        if self._waiting and not self._append([]):
            self._say_lost()
            _log.error(
                "Events were lost, %d: the disk refused them until the node stopped.",
                len(self._waiting),
            )

    def _accepted(self) -> None:
        self._say_lost()
        if self._refused:
            _log.info("The event log can be written again.")
        self._refused = False


def _open(folder: Path, clock: Clock) -> EventLog:
    log = EventLog.open(folder, clock)
    try:
        if absorbed := log.absorb():
            _log.info(
                "It was not stopped last time. Blocks of readings that were saved: %d.", absorbed
            )
    except StorageError as error:
        _log.warning("What the last run had not finished is not in the log yet: %s", error)
    return log
