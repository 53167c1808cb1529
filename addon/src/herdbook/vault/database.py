"""The open sealed database: one writer, a few readers, each in a thread of its own.

Owns the threads, the transactions and the write-ahead log's length; `engine` owns the connections,
whoever opens it brings the schema. A long read holds up no save: readers see the last committed
state, from their first statement to their last. Every connection is opened with the database, so
that no key has to be kept for later, and closed with it.

What is deleted leaves its row at once (``secure_delete``) and the log with the next checkpoint, at
the latest when the database closes. Copies remain where SQLite moved a row within its page before:
a write that `forgets` has the database vacuumed as it closes, which leaves none. That stands in the
database until it is done, so that a crash or a full disk only puts it off. One of more than
`VACUUM_LIMIT` is left as it is: photos have made it so large, and their bytes lie in pages of their
own, which need no vacuum. A full-text table must be told by itself:
``INSERT INTO name(name, rank) VALUES('secure-delete', 1)``.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

import apsw

from herdbook import schema
from herdbook.errors import StorageError, VaultLocked
from herdbook.vault.engine import connect, connect_reader, create, translated
from herdbook.vault.memory import keep_memory_private
from herdbook.vault.wal import PAGE_SIZE

READERS: Final = 2
"""Reads at once; further ones wait. A small machine has few cores."""
LOG_PAGES: Final = 1_000
"""Pages (4 KiB) in the write-ahead log after which it is written back and begun anew."""
VACUUM_LIMIT: Final = 256 * 1024 * 1024
"""Bytes. A vacuum takes as much memory, seconds for every hundred mebibytes, and nothing is locked
before it has ended."""
_TO_FORGET: Final = 0x68626667
"""The application id of a database that has something to forget."""
# From here on new reads wait for a moment, so that those under way can end.
_LOG_PAGES_HARD: Final = 8 * LOG_PAGES
_PATIENCE_S: Final = 0.1

_Connector = Callable[[Path, bytes], apsw.Connection]

_LOGGER = logging.getLogger(__name__)


class Database:
    """An open sealed database. Every method may raise as `engine.translated` says."""

    def __init__(self, writer: apsw.Connection, readers: list[apsw.Connection]) -> None:
        """Use `open` or `create`."""
        self._writer: apsw.Connection | None = writer
        self._readers = readers
        self._idle: SimpleQueue[apsw.Connection] = SimpleQueue()
        for reader in readers:
            self._idle.put(reader)
        self._reads: set[Future[Any]] = set()
        self._closing = False
        self._log_pages = 0
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="vault-write")
        self._read_threads = ThreadPoolExecutor(len(readers), thread_name_prefix="vault-read")
        # In place of SQLite's own checkpoint, which runs inside a commit that somebody waits for.
        writer.set_wal_hook(self._count_log)

    @classmethod
    async def open(cls, path: Path, dek: bytes, schema_package: str) -> "Database":
        """Open the database and bring its schema up to date.

        Raises `VaultDamaged` when the DEK or the file is not the right one or the file is missing,
        `StorageError` when it cannot be written, is newer than this program, or a migration fails:
        it is then as it was before.
        """
        return await cls._open(connect, path, dek, schema_package)

    @classmethod
    async def create(cls, path: Path, dek: bytes, schema_package: str) -> "Database":
        """Make a new database and open it. Raises `StorageError`, also when there is one."""
        return await cls._open(create, path, dek, schema_package)

    @classmethod
    async def _open(
        cls, connect_writer: _Connector, path: Path, dek: bytes, schema_package: str
    ) -> "Database":
        opening = asyncio.ensure_future(
            asyncio.to_thread(_connect, connect_writer, path, dek, schema_package)
        )
        try:
            writer, readers = await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The thread cannot be stopped: what it opens is closed again, and whoever opens the
            # database next does not meet it amid a migration.
            opening.add_done_callback(_close_late)
            await asyncio.wait([opening])
            raise
        return cls(writer, readers)

    async def read[T](self, query: Callable[[apsw.Connection], T]) -> T:
        """What `query` returns, all of it from one committed state. It cannot change anything.

        Raises `VaultLocked` when the database closes meanwhile.
        """

        @translated()
        def run() -> T:
            with self._reader() as connection:
                result = query(connection)
            return result

        future = _submit(self._read_threads, run)
        self._reads.add(future)
        future.add_done_callback(self._reads.discard)
        return await asyncio.wrap_future(future)

    async def write[T](self, change: Callable[[apsw.Connection], T], *, forgets: bool = False) -> T:
        """Run `change` in one transaction: durable when this returns, undone when it raises.

        With `forgets` nothing of what it deletes or replaces is in the file once that is closed;
        after a crash or on a full disk, once it is closed the next time.
        """

        def in_transaction(connection: apsw.Connection) -> T:
            with connection:
                result = change(connection)
                if forgets:
                    connection.pragma("application_id", _TO_FORGET)
            return result

        return await self.alone(in_transaction)

    async def alone[T](self, work: Callable[[apsw.Connection], T]) -> T:
        """Run `work` between two writes, outside a transaction: a vacuum, a pragma."""

        @translated()
        def run() -> T:
            if self._writer is None:
                raise _locked()
            return work(self._writer)

        future = _submit(self._write_thread, run)
        future.add_done_callback(self._tidy_log)
        return await asyncio.wrap_future(future)

    async def checkpoint(self) -> None:
        """Write the log back into the database and empty it, unless a long read needs it still."""
        await self.alone(partial(self._checkpoint, patience_s=_PATIENCE_S))

    async def close(self) -> None:
        """Save what is queued, stop what is being read, close. Safe to repeat.

        The log is written back and removed, and the engine overwrites its keys.
        """
        self._closing = True
        await asyncio.to_thread(self._close)

    @contextmanager
    def _reader(self) -> Iterator[apsw.Connection]:
        connection = self._idle.get()
        try:
            if self._closing:
                raise _locked()
            with connection:
                yield connection
        except apsw.InterruptError as error:
            raise _locked() from error
        finally:
            self._idle.put(connection)

    def _close(self) -> None:
        reads = set(self._reads)
        while reads:
            # Again and again: a read may be between two statements, where nothing interrupts it.
            for reader in self._readers:
                reader.interrupt()
            reads = wait(reads, timeout=0.02).not_done
        self._read_threads.shutdown()
        with suppress(RuntimeError):  # closed before, or by another task right now
            self._write_thread.submit(self._close_connections)
        self._write_thread.shutdown()

    def _close_connections(self) -> None:
        for reader in self._readers:
            reader.close()
        self._readers.clear()
        while not self._idle.empty():
            self._idle.get()
        if self._writer is not None:
            self._forget(self._writer)
            # The last one out writes the log back and removes it.
            self._writer.close()
            self._writer = None

    def _forget(self, writer: apsw.Connection) -> None:
        try:
            size = int(writer.pragma("page_count")) * PAGE_SIZE
            if writer.pragma("application_id") == _TO_FORGET and size <= VACUUM_LIMIT:
                writer.execute("VACUUM")
                writer.pragma("application_id", 0)
        except apsw.Error as error:
            # Locking comes first, whatever the disk says. It is tried again when it next closes.
            _LOGGER.warning("A vault could not be vacuumed: %s", type(error).__name__)

    def _count_log(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _tidy_log(self, _done: Future[Any]) -> None:
        """After each write, in the writer's thread: whoever waited for the write waits no more."""
        if self._log_pages >= LOG_PAGES:
            with suppress(RuntimeError):  # closing, which empties the log
                self._write_thread.submit(self._tidy)

    def _tidy(self) -> None:
        if self._writer is not None and self._log_pages >= LOG_PAGES:
            patience_s = _PATIENCE_S if self._log_pages >= _LOG_PAGES_HARD else 0
            try:
                self._checkpoint(self._writer, patience_s)
            except apsw.Error as error:
                # What was saved is safe in the log; it is tried again after the next write.
                _LOGGER.warning("A vault's log cannot be written back: %s", type(error).__name__)

    def _checkpoint(self, writer: apsw.Connection, patience_s: float) -> None:
        """With all readers at hand the log is begun anew; else as much as they allow is copied."""
        held: list[apsw.Connection] = []
        mode = apsw.SQLITE_CHECKPOINT_TRUNCATE
        try:
            while len(held) < len(self._readers):
                held += (self._idle.get(timeout=patience_s),)
        except Empty:
            mode = apsw.SQLITE_CHECKPOINT_PASSIVE
        try:
            writer.wal_checkpoint(mode=mode)
            if mode == apsw.SQLITE_CHECKPOINT_TRUNCATE:
                self._log_pages = 0
        finally:
            for reader in held:
                self._idle.put(reader)


def _submit[T](threads: ThreadPoolExecutor, run: Callable[[], T]) -> Future[T]:
    try:
        return threads.submit(run)
    except RuntimeError as error:  # shut down
        raise _locked() from error


def _connect(
    connect_writer: _Connector, path: Path, dek: bytes, schema_package: str
) -> tuple[apsw.Connection, list[apsw.Connection]]:
    keep_memory_private()
    opened = [connect_writer(path, dek)]
    try:
        writer = opened[0]
        with translated():
            version = int(writer.pragma("user_version"))
            try:
                # A cursor stops at each row that a script gives: only read out is it all run.
                schema.migrate(
                    lambda script: writer.execute(script).fetchall(), version, schema_package
                )
            except (apsw.SQLError, apsw.ConstraintError) as error:
                raise StorageError(
                    f"The vault cannot be brought up to date from schema {version}.",
                    fix="It is as it was. Go back to the release that wrote it, and report this.",
                ) from error
        opened.extend(connect_reader(path, dek) for _ in range(READERS))
    except BaseException:
        for connection in opened:
            connection.close()
        raise
    return opened[0], opened[1:]


def _close_late(opening: asyncio.Future[tuple[apsw.Connection, list[apsw.Connection]]]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        writer, readers = opening.result()
        for connection in (*readers, writer):
            connection.close()


def _locked() -> VaultLocked:
    return VaultLocked("The vault is locked.", fix="Unlock it and try again.")
