"""A node's folder, looked at and never changed, also while the node writes in it.

Owns reading `log.db`: one moment of it, however long the looking takes.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from herdbook.errors import StorageError
from herdbook.eventlog.database import storing
from herdbook.eventlog.mark import read_mark
from herdbook.eventlog.piece import Absence, Mark, Piece, Stored, TailEvent, Unreadable
from herdbook.eventlog.readable import readable_rows
from herdbook.schema import check_version


class LogFolder:
    """The log in a folder; see `herdbook.eventlog.piece.LogSource`. Use `open`."""

    def __init__(
        self, connection: sqlite3.Connection, public_key: bytes, mark: Mark | None
    ) -> None:
        self.public_key = public_key
        self.mark = mark
        self._connection = connection

    @classmethod
    def open(cls, folder: Path) -> "LogFolder":
        """Raises `StorageError` when there is no log, or nothing of it can be read."""
        path = folder / "log.db"
        if not path.exists():
            raise StorageError(
                f"There is no event log in {folder}.",
                fix="Name the “data” folder of an Alpaca, one that was started before.",
            )
        mark = read_mark(folder)  # first: the log moves on, and must not be behind it
        with storing(path):
            connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
            try:
                connection.execute("BEGIN")
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                check_version(version, "herdbook.eventlog")
                owner = connection.execute("SELECT public_key FROM owner").fetchone()
                if owner is None:
                    raise StorageError(f"{path} was made, and never begun.")
                return cls(connection, bytes(owner[0]), mark)
            except BaseException:
                connection.close()
                raise

    def pieces(self) -> Iterator[Piece]:
        """See `LogSource`."""
        return self.pieces_after(0)

    def pieces_after(self, seq: int) -> Iterator[Piece]:
        """The pieces that end behind a number."""
        absences = iter([*(one for one in self._absences() if one.last_seq > seq), None])
        absence = next(absences)
        for row in readable_rows(self._connection, "batch", "last_seq", seq + 1):
            piece = row if isinstance(row, Unreadable) else _stored(row)
            while absence is not None and absence.last_seq < piece.last_seq:
                yield absence
                absence = next(absences)
            yield piece
        while absence is not None:
            yield absence
            absence = next(absences)

    def tail(self) -> Iterator[TailEvent | Unreadable]:
        """See `LogSource`."""
        for row in readable_rows(self._connection, "tail", "seq"):
            yield row if isinstance(row, Unreadable) else _tail_event(row)

    def close(self) -> None:
        """See `LogSource`."""
        self._connection.close()

    def _absences(self) -> list[Absence]:
        rows = readable_rows(self._connection, "absence", "last_seq")
        found = (None if isinstance(row, Unreadable) else _absence(row) for row in rows)
        return [absence for absence in found if absence is not None]


# Where a page was exchanged for another, a row may hold anything.


def _stored(row: tuple[Any, ...]) -> Stored | Unreadable:
    try:
        last_seq, first_seq, _, hash_, wire = row
        return msgspec.convert((first_seq, last_seq, hash_, wire), Stored)
    except (ValueError, msgspec.ValidationError):
        return Unreadable(row[0], row[0])


def _tail_event(row: tuple[Any, ...]) -> TailEvent | Unreadable:
    try:
        seq, _, data, *crc = row
        return msgspec.convert((seq, data, *(crc or [None])), TailEvent)
    except (ValueError, msgspec.ValidationError):
        return Unreadable(row[0], row[0])


def _absence(row: tuple[Any, ...]) -> Absence | None:
    try:
        last_seq, first_seq, last_lamport, hash_, why = row
        return msgspec.convert((first_seq, last_seq, last_lamport, hash_, why), Absence)
    except (ValueError, msgspec.ValidationError):
        return None
