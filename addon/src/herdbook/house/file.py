"""One database of the house's make, and the one thread that alone may touch it.

Owns that thread, and what is read in it and what is one transaction. Whose database it is, and what
is asked of it, is a subclass's.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar, NamedTuple

from herdbook.errors import StorageError
from herdbook.eventlog.database import storing, transaction


class OpenFile(NamedTuple):
    """A database that was opened in its thread."""

    connection: sqlite3.Connection
    path: Path
    thread: ThreadPoolExecutor


class HouseFile:
    """Every method raises `StorageError` when the disk fails; nothing is half done."""

    called: ClassVar[str]

    def __init__(self, file: OpenFile) -> None:
        self._connection, self._path, self._thread = file

    @classmethod
    async def _opened(cls, path: Path, connect: Callable[[], sqlite3.Connection]) -> OpenFile:
        """What `connect` opens, in a thread of its own."""
        thread = ThreadPoolExecutor(1, thread_name_prefix=cls.called)
        try:
            connection = await asyncio.get_running_loop().run_in_executor(thread, connect)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return OpenFile(connection, path, thread)

    async def close(self) -> None:
        """Close after what is queued. Safe to repeat."""
        try:
            closing = self._thread.submit(self._connection.close)
        except RuntimeError:  # closed before
            return
        self._thread.shutdown(wait=False)
        await asyncio.wrap_future(closing)

    async def _read[T](self, query: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            with storing(self._path):
                return query(self._connection)

        return await self._run(run)

    async def _write[T](self, change: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            with transaction(self._connection, self._path):
                return change(self._connection)

        return await self._run(run)

    async def _run[T](self, work: Callable[[], T]) -> T:
        try:
            running = self._thread.submit(work)
        except RuntimeError as error:
            raise StorageError(f"The {self.called} is closed.") from error
        return await asyncio.wrap_future(running)
