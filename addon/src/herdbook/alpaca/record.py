"""The event log as the agent writes it: from one thread, and patiently.

Owns what happens when the disk refuses: events wait in memory, bounded, and go in with the next.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, Self

from msgspec import Struct

from herdbook.clock import Clock
from herdbook.errors import StorageError
from herdbook.eventlog.log import EventLog

_MOST_WAITING: Final = 1000
_BATCH: Final = 100

_log = logging.getLogger(__name__)


class Record:
    """One node's event log. Use `open`; every call runs in its one thread."""

    def __init__(self, thread: ThreadPoolExecutor, log: EventLog) -> None:
        self.identity = log.identity
        self._thread = thread
        self._log = log
        self._waiting: deque[tuple[str, Struct]] = deque(maxlen=_MOST_WAITING)
        self._refused = False

    @classmethod
    async def open(cls, folder: Path, clock: Clock) -> Self:
        """The log in a folder, made when absent. Raises `LogInUse` and `StorageError`."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="herdbook-log")
        try:
            log = await asyncio.get_running_loop().run_in_executor(
                thread, EventLog.open, folder, clock
            )
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(thread, log)

    async def append(self, kind: str, payload: Struct) -> bool:
        """Add an event. False when the disk refused it: it then waits for the next call.

        Of more than 1,000 that wait, the oldest are lost; the log says so.
        """
        return await self.call(partial(self._append, kind, payload))

    async def call[R](self, function: Callable[[], R]) -> R:
        """Run something that uses the log in the log's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    @property
    def log(self) -> EventLog:
        """The log itself, to be used inside `call` only."""
        return self._log

    async def close(self) -> None:
        """Close the log and end its thread."""
        await self.call(self._log.close)
        self._thread.shutdown()

    def _append(self, kind: str, payload: Struct) -> bool:
        if len(self._waiting) == _MOST_WAITING:
            _log.error("An event was lost: the disk has refused more than memory may hold.")
        self._waiting.append((kind, payload))
        try:
            while self._waiting:
                some = [self._waiting[i] for i in range(min(_BATCH, len(self._waiting)))]
                self._log.append_many(some)
                for _ in some:
                    self._waiting.popleft()
        except StorageError as error:
            if not self._refused:
                _log.error("%s Events wait in memory until then.", error)
            self._refused = True
            return False
        if self._refused:
            _log.info("The event log can be written again.")
        self._refused = False
        return True
