"""A consistent copy of a vault's sealed files, made without its key while a Llama writes to it.

Owns which of SQLite's locks hold the files still for as long as they are copied
(https://www.sqlite.org/walformat.html#locks). Must not run in the process that has the vault open:
POSIX forgets a process's locks on a file as soon as any of its descriptors for it is closed.

Sealed pages cannot be copied by SQLite itself: without the key it does not even see a database. But
its locks are on bytes that need no key, and two rules make any copy under them whole: `journal.db`
changes only in a checkpoint, and a checkpoint needs the checkpoint lock; the log changes only under
the write lock. So the database is copied under the first, while writers go on, and its log after it
under both: writers wait for the length of that, at most a few MiB.
"""

import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from herdbook.errors import StorageError
from herdbook.files import make_folder, replace_file, writing
from herdbook.vault.engine import check_present
from herdbook.vault.folder import DATABASE, HEADER, INBOX, PREVIOUS_HEADER, current_header

LOG: Final = "journal.db-wal"
SHARED_MEMORY: Final = "journal.db-shm"
# Offsets of SQLite's lock bytes: in the database …
_PENDING: Final = 0x40000000
_SHARED: Final = _PENDING + 2
_SHARED_SIZE: Final = 510
# … and in the shared memory of its log.
_WRITE: Final = 120
_CHECKPOINT: Final = 121
_WAIT_S: Final = 30.0
_TRIES: Final = 5
_PIECE: Final = 1 << 20


def copy_sealed(vault: Path, to: Path) -> None:
    """Copy headers, database, log and inbox of the vault in the folder `vault` to the folder `to`.

    Together they are the vault as it was at one moment, amid a change of its keys too. Blocks; it
    waits up to half a minute for each lock. Raises `VaultDamaged` when something is missing,
    `VaultUnsupported`, `StorageError`.
    """
    make_folder(to)
    for _ in range(_TRIES):
        headers = _headers(vault)
        current_header(vault)  # so that what is not a vault is said before anything is copied
        try:
            # First the inbox: absorbing makes entries durable in the journal before it forgets
            # their drops, so a drop may be copied together with its entry, but never neither.
            _copy_inbox(vault / INBOX, to / INBOX)
            same = _copy_database(vault, to)
        except OSError as error:
            raise _cannot_copy(vault, error) from error
        # A new password or a new key in the meantime: begin again.
        if same and _headers(vault) == headers:
            for name, data in headers.items():
                replace_file(to / name, data)
            return
    raise StorageError("The vault's keys change all the time.", fix="Try again in a minute.")


def _copy_database(vault: Path, to: Path) -> bool:
    """Copy `journal.db` and its log; whether the file was still the vault's at the end."""
    path = vault / DATABASE
    check_present(path)
    with _descriptor(path) as database:
        with _locked(database, fcntl.LOCK_SH, _PENDING):
            _lock(database, fcntl.LOCK_SH, _SHARED, _SHARED_SIZE)
        # From here on nobody can be the last to close it, which would remove log and memory.
        made = not (vault / SHARED_MEMORY).exists()
        with _descriptor(vault / SHARED_MEMORY, os.O_CREAT) as memory:
            try:
                with _locked(memory, fcntl.LOCK_EX, _CHECKPOINT):
                    _write(to / DATABASE, lambda out: _pieces(database, out))
                    with _locked(memory, fcntl.LOCK_EX, _WRITE):
                        _copy_log(vault / LOG, to / LOG)
            finally:
                same = path.stat().st_ino == os.fstat(database).st_ino
                if made and same:
                    _remove_memory(vault, database)
    return same


def _remove_memory(vault: Path, database: int) -> None:
    """Only with the whole database to ourselves: else somebody uses it by now.

    Not once the database was replaced: the memory is the new one's, whose locks we do not have.
    """
    with suppress(BlockingIOError, PermissionError):
        fcntl.lockf(database, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARED_SIZE, _SHARED)
        (vault / SHARED_MEMORY).unlink()


def _copy_log(log: Path, to: Path) -> None:
    to.unlink(missing_ok=True)
    if log.exists() and log.stat().st_size:
        with _descriptor(log) as source:
            _write(to, lambda out: _pieces(source, out))


def _copy_inbox(inbox: Path, to: Path) -> None:
    """The inbox is an ordinary database: SQLite copies it, locks and all."""
    to.unlink(missing_ok=True)
    if not inbox.exists():
        return
    _write(to, lambda _out: None)
    try:
        with (
            closing(sqlite3.connect(inbox, timeout=_WAIT_S)) as source,
            closing(sqlite3.connect(to)) as copy,
        ):
            source.backup(copy)
    except sqlite3.OperationalError as error:
        raise StorageError(
            f"Cannot copy the inbox to {to}: {error}.",
            fix="Free some space there or make it writable, then try again.",
        ) from error
    except sqlite3.DatabaseError:
        # Damaged: then at least its bytes, for whoever looks into it later.
        with _descriptor(inbox) as damaged:
            _write(to, lambda out: _pieces(damaged, out))


class _Out:
    """The one thing `_write`'s callers need: somewhere to put pieces. Raises `StorageError`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def append(self, data: bytes) -> None:
        with writing(self._path):
            while data:
                data = data[os.write(self._descriptor, data) :]


def _pieces(source: int, out: _Out) -> None:
    place = 0
    while data := os.pread(source, _PIECE, place):
        out.append(data)
        place += len(data)


def _write(path: Path, fill: Callable[[_Out], None]) -> None:
    with writing(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        fill(_Out(path, descriptor))
        with writing(path):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _headers(vault: Path) -> dict[str, bytes]:
    """The header and, while it may have to stand in, the one before it."""
    found = {}
    for name in (HEADER, PREVIOUS_HEADER):
        try:
            found[name] = (vault / name).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _cannot_copy(vault, error) from error
    return found


@contextmanager
def _descriptor(path: Path, flags: int = 0) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _locked(descriptor: int, kind: int, place: int) -> Iterator[None]:
    _lock(descriptor, kind, place, 1)
    try:
        yield
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, place)


def _lock(descriptor: int, kind: int, place: int, size: int) -> None:
    deadline = time.monotonic() + _WAIT_S
    while True:
        try:
            fcntl.lockf(descriptor, kind | fcntl.LOCK_NB, size, place)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise
            if time.monotonic() > deadline:
                raise StorageError(
                    "The vault is busy and did not become free.", fix="Try again in a minute."
                ) from error
            time.sleep(0.005)
        else:
            return


def _cannot_copy(vault: Path, error: OSError) -> StorageError:
    """For what failed in the vault's own folder; what it is copied to names itself."""
    if error.errno == errno.EROFS:
        return StorageError(
            f"Cannot take the vault's locks in {vault}: {error.strerror}.",
            fix="Copy the folder to where it can be written, and name that copy.",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return StorageError(
            f"Cannot take the vault's locks in {vault}: {error.strerror}.",
            fix="Run this as the user that the Llama runs as.",
        )
    return StorageError(
        f"Cannot copy {error.filename or vault}: {error.strerror}.",
        fix="Free some space there, and see whether the disk is failing; then try again.",
    )
