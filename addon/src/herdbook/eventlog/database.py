"""A durable SQLite database of our own. Owns the pragmas, transactions and what their errors mean.

Write-ahead log with `synchronous=FULL`: a transaction that was committed survives a power cut.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from herdbook import schema
from herdbook.errors import StorageError
from herdbook.files import writing


class DatabaseDamaged(StorageError):
    """What is in a database is not what was written there. To the world it is a `StorageError`."""


def open_database(path: Path, schema_package: str) -> sqlite3.Connection:
    """Open, or make, the database at `path` with the schema that a package's migrations give it.

    It may be used from several threads, one after the other. Raises `StorageError`, which is a
    `DatabaseDamaged` when the disk obeys and what it gives is wrong.
    """
    with storing(path), writing(path):
        if path.exists() and not path.is_file():
            raise StorageError(f"{path} is no file.", fix="Move away what stands in its place.")
        connection = sqlite3.connect(path, autocommit=True, check_same_thread=False)
        try:
            # Before all else, or it is in vain: a new file can be made smaller (`give_back`).
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            schema.migrate(connection.executescript, version, schema_package)
            path.chmod(0o600)
        except BaseException:
            connection.close()
            raise
    return connection


def give_back(connection: sqlite3.Connection, path: Path, pages: int, spare: int) -> bool:
    """Make the file smaller by at most so many pages of those that are free, all but `spare`.

    Whether there are more. One transaction, which moves no more than these pages; it waits for
    nobody who reads. Raises `StorageError`.
    """

    def free() -> int:
        return int(connection.execute("PRAGMA freelist_count").fetchone()[0])

    with storing(path):
        before = free()
        if before <= spare:
            return False
        connection.execute(f"PRAGMA incremental_vacuum({min(pages, before - spare)})").fetchall()
        # Only then is the end of the file cut off.
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        after = free()
    return spare < after < before


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All of the block or nothing of it; durable once it is left. Raises `StorageError`."""
    with storing(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Give SQLite's complaints about the disk as `StorageError`; those about us pass through."""
    try:
        yield
    except UnicodeDecodeError as error:
        # What is wrong with a schema SQLite says in the schema's own words.
        raise _damaged(path, error) from error
    except sqlite3.OperationalError as error:
        if _is_of_damage(error):
            raise _damaged(path, error) from error
        raise StorageError(
            f"Cannot use {path}: {error}.",
            fix="Free some space or make the folder writable; it is tried again by itself.",
        ) from error
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise  # a constraint or a mistake in a query: a fault of ours, not the disk's
        raise _damaged(path, error) from error


def _is_of_damage(error: sqlite3.OperationalError) -> bool:
    # Without a code it is Python's word, not SQLite's: a column of texts holds none. And that there
    # is no such column or table is no mistake in a query either, all of which are tested.
    said = str(error)
    lacks = said.startswith("no such ") or " has no column named " in said
    return lacks or not hasattr(error, "sqlite_errorcode")


def _damaged(path: Path, error: Exception) -> DatabaseDamaged:
    return DatabaseDamaged(
        f"{path} is damaged: {error}.", fix="Put it back from a backup, or move it away."
    )
