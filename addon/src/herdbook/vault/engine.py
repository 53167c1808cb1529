"""One keyed connection to a sealed database, and what the engine's errors mean.

The engine is SQLite3 Multiple Ciphers (https://utelle.github.io/SQLite3MultipleCiphers/), cipher
``chacha20``: ChaCha20-Poly1305 with a key, nonce and tag of its own for every page, in the
database, its write-ahead log and its journals. Owns the pragmas; knows no table and no thread.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from herdbook.errors import StorageError, VaultDamaged
from herdbook.files import cannot_write
from herdbook.vault.wal import PAGE_SIZE

# Measured at 36,000 entries: a vector search, which reads much again, takes 4.0 ms at best with 16
# MiB for a reader's pages, 5.3 with 8, 9.5 with 4 or 2; a full-text search the same with each. The
# writer needs none of it. Memory mapping is no choice: the engine does not map sealed files.
_READER_CACHE_KIB: Final = 8_192
_WRITER_CACHE_KIB: Final = 2_048
_BUSY_MS: Final = 5_000


def create(path: Path, dek: bytes) -> apsw.Connection:
    """A connection that may write, to a new database. Raises `StorageError`."""
    _make(path)
    return _writer(path, dek)


def connect(path: Path, dek: bytes) -> apsw.Connection:
    """A connection that may write, to the database at `path`.

    Raises `VaultDamaged` for another key or without a database, `StorageError`.
    """
    check_present(path)
    return _writer(path, dek)


def connect_reader(path: Path, dek: bytes) -> apsw.Connection:
    """A connection on which every change is refused; its transactions are snapshots."""
    with translated():
        connection = _connect(path, dek)
        try:
            connection.transaction_mode = "DEFERRED"
            connection.pragma("query_only", "on")
            connection.pragma("cache_size", -_READER_CACHE_KIB)
        except BaseException:
            connection.close()
            raise
    return connection


def create_passing(path: Path, key: bytes) -> apsw.Connection:
    """A connection to a new database that need not survive a crash. Raises `StorageError`.

    It has neither log nor journal: a change that fails may leave it unusable.
    """
    _make(path)
    with translated():
        connection = _connect(path, key)
        try:
            connection.pragma("locking_mode", "exclusive")
            connection.pragma("journal_mode", "off")
            connection.pragma("synchronous", "off")
            connection.pragma("cache_size", -_WRITER_CACHE_KIB)
        except BaseException:
            connection.close()
            raise
    return connection


def open_keyed(path: Path | str, dek: bytes, flags: int) -> apsw.Connection:
    """A connection with its key and nothing else; `flags` and a URI as SQLite has them.

    For one's own look at a file: no pragma is set, no page read, no error translated.
    """
    connection = apsw.Connection(str(path), flags=flags)
    try:
        connection.pragma("cipher", "chacha20")
        _give_key(connection, dek)
    except BaseException:
        connection.close()
        raise
    return connection


def read_page(connection: apsw.Connection, number: int, frame: int | None = None) -> bytes | None:
    """A page in plain, reserved bytes included; None when its tag fails or it is cut off.

    `frame` is where its image begins in the log, in bytes; without it the database's own is read.
    """
    place = (number - 1) * PAGE_SIZE if frame is None else frame
    try:
        whole, data = connection.read("main", int(frame is not None), place, PAGE_SIZE)
    except (apsw.CorruptError, apsw.NotADBError):
        return None
    return data if whole else None


def check_present(path: Path) -> None:
    """Raise `VaultDamaged` unless there is at least one page of a database at `path`.

    SQLite would take less for a new database, and discard the log that may lie beside it.
    """
    if not path.exists():
        said = f"The vault has no {path.name}."
    elif path.stat().st_size < PAGE_SIZE:
        said = f"The vault's {path.name} is cut off before the end of its first page."
    else:
        return
    raise VaultDamaged(
        said,
        fix="Move the vault's folder away, but keep it, and import a backup of it.",
    )


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
            fix="“herdbook vault verify” says what is damaged. Restore the vault from a backup, or "
            "salvage it; do not write to it meanwhile.",
        ) from error
    except (
        apsw.BusyError,
        apsw.CantOpenError,
        apsw.FullError,
        apsw.IOError,
        apsw.PermissionsError,
        apsw.ReadOnlyError,
    ) as error:
        raise StorageError(
            f"The vault's disk refuses to write ({type(error).__name__}).",
            fix="Free some space or make the folder writable, then try again.",
        ) from error


def _make(path: Path) -> None:
    try:
        # Its log gets the same permissions from SQLite.
        path.touch(0o600, exist_ok=False)
    except OSError as error:
        raise cannot_write(path, error) from error


def _writer(path: Path, dek: bytes) -> apsw.Connection:
    with translated():
        connection = _connect(path, dek)
        try:
            connection.transaction_mode = "IMMEDIATE"
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            connection.pragma("secure_delete", "on")
            connection.pragma("foreign_keys", "on")
            connection.pragma("cache_size", -_WRITER_CACHE_KIB)
        except BaseException:
            connection.close()
            raise
    return connection


def _connect(path: Path, dek: bytes) -> apsw.Connection:
    connection = open_keyed(path, dek, apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(_BUSY_MS)
        # Sorts, vacuums and materialised views never touch the disk in plain.
        connection.pragma("temp_store", "memory")
    except BaseException:
        connection.close()
        raise
    return connection


def _give_key(connection: apsw.Connection, dek: bytes) -> None:
    """A raw key: the DEK is random already, a second key derivation would only cost time.

    The engine takes keys as SQL text alone. The text is long, so that it comes from the C library's
    memory, which is overwritten when freed (see `memory`), and nothing shorter holds the key.
    """
    statement = bytearray(b"pragma key='raw:")
    for byte in dek:
        statement += b"%02x" % byte
    statement += b"'" + b" " * 1_024
    try:
        connection.execute(statement.decode("ascii"), can_cache=False)
    finally:
        statement[:] = bytes(len(statement))
