"""The same database in plain, as the figure to compare with: one thread, the same pragmas."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw

from herdbook import schema


class PlainDatabase:
    """What `herdbook.vault.database.Database` offers, without a cipher and without readers."""

    def __init__(self, path: Path, schema_package: str) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._connection = apsw.Connection(str(path))
        self._connection.transaction_mode = "IMMEDIATE"
        for name, value in (("journal_mode", "wal"), ("synchronous", "full")):
            self._connection.pragma(name, value)
        schema.migrate(
            lambda script: self._connection.execute(script).fetchall(),
            int(self._connection.pragma("user_version")),
            schema_package,
        )

    @classmethod
    async def open(cls, path: Path, _dek: bytes, schema_package: str) -> "PlainDatabase":
        """Open it in a thread, as the sealed one is."""
        return await asyncio.to_thread(cls, path, schema_package)

    async def read[T](self, query: Callable[[apsw.Connection], T]) -> T:
        """What `query` returns."""
        return await asyncio.wrap_future(self._thread.submit(query, self._connection))

    async def write[T](self, change: Callable[[apsw.Connection], T]) -> T:
        """Run `change` in one durable transaction."""

        def in_transaction() -> T:
            with self._connection:
                result = change(self._connection)
            return result

        return await asyncio.wrap_future(self._thread.submit(in_transaction))

    async def close(self) -> None:
        """Close it."""
        self._thread.submit(self._connection.close).result()
        self._thread.shutdown()
