"""The sealed database: SQLite whose pages are encrypted and authenticated by the DEK.

The engine is SQLite3 Multiple Ciphers (https://utelle.github.io/SQLite3MultipleCiphers/), cipher
``chacha20``: ChaCha20-Poly1305 with a key, nonce and tag of its own for every page, in the
database, its write-ahead log and its journals. Owns opening, the pragmas, and the one thread that
may touch the connection; knows no table.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import apsw

from herdbook import schema
from herdbook.errors import StorageError, VaultDamaged, VaultLocked


class Database:
    """An open sealed database. Every call runs in its one thread, one after the other."""

    def __init__(self, connection: apsw.Connection, thread: ThreadPoolExecutor) -> None:
        """Use `open`."""
        self._connection: apsw.Connection | None = connection
        self._thread = thread

    @classmethod
    async def open(cls, path: Path, dek: bytes, schema_package: str) -> "Database":
        """Open the database, made if there is none, and bring its schema up to date.

        Raises `VaultDamaged` when the DEK or the file is not the right one, `StorageError` when the
        file cannot be written or is newer than this program.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="vault")
        try:
            connection = await asyncio.get_running_loop().run_in_executor(
                thread, _connect, path, dek, schema_package
            )
        except BaseException:
            thread.shutdown()
            raise
        return cls(connection, thread)

    async def read[T](self, query: Callable[[apsw.Connection], T]) -> T:
        """What `query` returns, run in the database's thread. Raises as `translated` says."""
        return await self._run(query)

    async def write[T](self, change: Callable[[apsw.Connection], T]) -> T:
        """Run `change` in one transaction: durable when this returns, undone when it raises."""

        def in_transaction(connection: apsw.Connection) -> T:
            with connection:
                result = change(connection)
            return result

        return await self._run(in_transaction)

    async def close(self) -> None:
        """Close after what is already queued; the engine then forgets its key. Safe to repeat."""

        def close() -> None:
            if self._connection is not None:
                connection, self._connection = self._connection, None
                connection.close()

        try:
            closing = self._thread.submit(close)
        except RuntimeError:  # closed before
            return
        self._thread.shutdown(wait=False)  # nothing more may be queued
        await asyncio.wrap_future(closing)
        self._thread.shutdown()

    async def _run[T](self, work: Callable[[apsw.Connection], T]) -> T:
        @translated()
        def run() -> T:
            if self._connection is None:
                raise VaultLocked("The vault is locked.", fix="Unlock it and try again.")
            return work(self._connection)

        try:
            future = self._thread.submit(run)
        except RuntimeError as error:  # the thread is shut down
            raise VaultLocked("The vault is locked.", fix="Unlock it and try again.") from error
        return await asyncio.wrap_future(future)


@contextmanager
def translated() -> Iterator[None]:
    """The engine's errors as ours: `VaultDamaged` for bad pages, `StorageError` for the disk.

    Messages name no value of the statement that failed.
    """
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise VaultDamaged(
            "A page of the vault fails its authentication.",
            fix="Restore the vault from a backup; do not write to it meanwhile.",
        ) from error
    except (
        apsw.BusyError,
        apsw.CantOpenError,
        apsw.FullError,
        apsw.IOError,
        apsw.ReadOnlyError,
    ) as error:
        raise StorageError(
            f"The vault's disk refuses to write ({type(error).__name__}).",
            fix="Free some space or make the folder writable, then save again.",
        ) from error


def _connect(path: Path, dek: bytes, schema_package: str) -> apsw.Connection:
    with translated():
        connection = apsw.Connection(str(path))
        try:
            connection.pragma("cipher", "chacha20")
            # A raw key: the DEK is random already, a second key derivation would only cost time.
            connection.execute(f"pragma key='raw:{dek.hex()}'")
            connection.set_busy_timeout(5_000)
            connection.transaction_mode = "IMMEDIATE"
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            connection.pragma("secure_delete", "on")
            connection.pragma("temp_store", "memory")
            connection.pragma("foreign_keys", "on")
            schema.migrate(
                connection.execute, int(connection.pragma("user_version")), schema_package
            )
        except BaseException:
            connection.close()
            raise
    return connection
