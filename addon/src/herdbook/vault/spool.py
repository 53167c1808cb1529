"""Something large on its way into a vault: sealed on disk for a while, read piece by piece.

It may be many times as large as the machine's memory, so it lies in a database of its own beside
the vault's. The key is made here and is nowhere but in memory: what a crash leaves of it opens
never again, and to let go of it takes no longer than to remove a file.
"""

import io
import secrets
from collections.abc import Buffer
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final

import apsw

from herdbook.errors import VaultLocked
from herdbook.files import cannot_write, remove_temporary_files
from herdbook.vault.engine import create_passing, translated

PIECE: Final = 256 * 1024
"""Bytes of each piece but the last."""
_NAME: Final = "incoming"


class Spool:
    """Bytes that are written once, then read by any thread; `size` of them, `given` so far.

    Every method but `close` may raise `StorageError`, and `VaultLocked` once it is closed.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is the vault's; `remove_spools` finds there what a crash left."""
        self.size = 0
        self.given = 0
        self._path = folder / f".{_NAME}.{secrets.token_hex(4)}"
        # Whoever lets go of it need not know who is reading.
        self._lock = Lock()
        self._rest = bytearray()
        self._places = 0
        self._connection: apsw.Connection | None = create_passing(
            self._path, secrets.token_bytes(32)
        )
        with translated():
            self._connection.execute(
                "CREATE TABLE pieces(place INTEGER PRIMARY KEY, bytes BLOB NOT NULL)"
            )

    def write(self, data: bytes) -> None:
        """Add bytes at the end."""
        self._rest += data
        self.size += len(data)
        while len(self._rest) >= PIECE:
            self._keep(PIECE)

    def open(self) -> BinaryIO:
        """All that was written, from its beginning; nothing may be written any more."""
        if self._rest:
            self._keep(len(self._rest))
        return io.BufferedReader(_Reader(self), PIECE)

    def piece(self, place: int) -> bytes:
        """A piece; places count from 0."""
        with self._lock, translated():
            found = self._opened().execute("SELECT bytes FROM pieces WHERE place = ?", (place,))
            piece: bytes = found.get
            self.given += len(piece)
            return piece

    def close(self) -> None:
        """Let go of all of it. Safe to repeat."""
        with self._lock:
            if self._connection is None:
                return
            self._connection.close()
            self._connection = None
            self._rest.clear()
            try:
                self._path.unlink(missing_ok=True)
            except OSError as error:
                raise cannot_write(self._path, error) from error

    def _keep(self, size: int) -> None:
        piece = bytes(self._rest[:size])
        del self._rest[:size]
        with self._lock, translated():
            self._opened().execute("INSERT INTO pieces VALUES(?, ?)", (self._places, piece))
        self._places += 1

    def _opened(self) -> apsw.Connection:
        if self._connection is None:
            raise VaultLocked("The vault is locked.", fix="Unlock it and try again.")
        return self._connection


def remove_spools(folder: Path) -> None:
    """Remove what a crash left in a vault's folder. Raises `StorageError`."""
    remove_temporary_files(folder / _NAME)


class _Reader(io.RawIOBase):
    """A spool as a file; holds no piece, the buffer around it does."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._spool.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Buffer) -> int:
        if self._at >= self._spool.size:
            return 0
        place, skipped = divmod(self._at, PIECE)
        view = memoryview(buffer).cast("B")
        part = self._spool.piece(place)[skipped : skipped + len(view)]
        view[: len(part)] = part
        self._at += len(part)
        return len(part)
