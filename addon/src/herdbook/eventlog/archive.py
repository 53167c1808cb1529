"""A log as one file: its batches as they are, for another place or another pair of eyes.

Owns the bytes of such a file, which docs/protocol.md restates. It holds nothing secret that the
batches do not hold, and nothing of the node's key.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from struct import Struct as Layout
from typing import BinaryIO, Final

import msgspec
from msgspec import Struct

from herdbook.errors import BatchRefused, InputError, StorageError
from herdbook.eventlog.batch import MAX_WIRE, span_of
from herdbook.eventlog.event import MAX_INT
from herdbook.eventlog.identity import KEY_SIZE
from herdbook.eventlog.piece import (
    NOTHING,
    Absence,
    LogSource,
    Mark,
    Piece,
    Stored,
    TailEvent,
    Unreadable,
)
from herdbook.files import cannot_write, sync_folder, writing

_MAGIC: Final = b"HBX\x01"
_RECORD: Final = Layout(">cI")
_BATCH: Final = b"B"
_ABSENCE: Final = b"A"
_END: Final = b"Z"


class _End(Struct, frozen=True, array_like=True):
    """What the file must have held: how many batches, up to which number."""

    batches: int
    last_seq: int


class Exported(Struct, frozen=True):
    """What went into a file; `left` counts the events that were in no batch yet, and stayed."""

    batches: int
    last_seq: int
    left: int


def write_archive(source: LogSource, path: Path) -> Exported:
    """Write the batches of a log into a new file, and what stands for those it has no more.

    Raises `InputError` when there is a file already, `StorageError` when the log cannot be read as
    a whole or the disk fails; then there is no file.
    """
    try:
        file = path.open("xb")
    except FileExistsError as error:
        raise InputError(
            f"{path} is there already, and nothing is overwritten.", fix="Choose another name."
        ) from error
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        with writing(path), file:
            end = _write(source, file)
            file.flush()
            os.fsync(file.fileno())
            sync_folder(path.absolute().parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Exported(end.batches, end.last_seq, sum(1 for _ in source.tail()))


def _write(source: LogSource, file: BinaryIO) -> _End:
    file.write(_MAGIC + source.public_key)
    batches = last_seq = 0
    for piece in source.pieces():
        if isinstance(piece, Unreadable):
            raise StorageError(
                f"Batches from event {piece.first_seq} on cannot be read.",
                fix="“herdbook log verify” tells which; the node mends its log when it starts.",
            )
        if isinstance(piece, Stored):
            batches += 1
            _record(file, _BATCH, piece.wire)
        else:
            _record(file, _ABSENCE, msgspec.msgpack.encode(piece))
        last_seq = piece.last_seq
    end = _End(batches, last_seq)
    _record(file, _END, msgspec.msgpack.encode(end))
    return end


def _record(file: BinaryIO, sort: bytes, content: bytes) -> None:
    file.write(_RECORD.pack(sort, len(content)) + content)


class LogArchive:
    """A file that `write_archive` wrote; see `herdbook.eventlog.piece.LogSource`. Use `open`."""

    def __init__(self, file: BinaryIO, path: Path, public_key: bytes) -> None:
        self.public_key = public_key
        self.mark: Mark | None = NOTHING
        self._file = file
        self._path = path

    @classmethod
    def open(cls, path: Path) -> "LogArchive":
        """Raises `InputError` when it is no such file, `StorageError` when it cannot be read."""
        try:
            file = path.open("rb")
        except OSError as error:
            raise StorageError(f"Cannot read {path}: {error.strerror}.") from error
        head = file.read(len(_MAGIC) + KEY_SIZE)
        if len(head) != len(_MAGIC) + KEY_SIZE or not head.startswith(_MAGIC):
            file.close()
            raise InputError(
                f"{path} is not an exported event log.",
                fix="Name a file of “herdbook log export”, or an Alpaca's data folder.",
            )
        return cls(file, path, head[len(_MAGIC) :])

    def pieces(self) -> Iterator[Piece]:
        """See `LogSource`. Where the file is cut or damaged, the rest is unreadable."""
        self._file.seek(len(_MAGIC) + KEY_SIZE)
        batches = last_seq = 0
        while True:
            piece = self._next()
            if isinstance(piece, _End):
                if self._file.read(1):  # the end is the end
                    yield Unreadable(last_seq + 1, MAX_INT)
                elif piece != _End(batches, last_seq):
                    yield Unreadable(last_seq + 1, max(piece.last_seq, last_seq + 1))
                return
            if piece is None or piece.last_seq <= last_seq:
                yield Unreadable(last_seq + 1, MAX_INT)
                return
            batches += isinstance(piece, Stored)
            last_seq = piece.last_seq
            yield piece

    def tail(self) -> Iterator[TailEvent | Unreadable]:
        """See `LogSource`: an archive has none."""
        return iter(())

    def close(self) -> None:
        """See `LogSource`."""
        self._file.close()

    def _next(self) -> Absence | Stored | _End | None:
        """The next record; None when there is none that could be."""
        head = self._file.read(_RECORD.size)
        if len(head) != _RECORD.size:
            return None
        sort, size = _RECORD.unpack(head)
        content = self._file.read(size) if size <= MAX_WIRE else b""
        if len(content) != size or sort not in {_BATCH, _ABSENCE, _END}:
            return None
        try:
            if sort == _BATCH:
                first_seq, last_seq = span_of(content)
                return Stored(first_seq, last_seq, None, content)
            if sort == _ABSENCE:
                return msgspec.msgpack.decode(content, type=Absence)
            return msgspec.msgpack.decode(content, type=_End)
        except (msgspec.MsgspecError, UnicodeDecodeError, BatchRefused):
            return None
