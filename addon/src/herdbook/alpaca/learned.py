"""What a node has learned of its sensors, on disk: `learned.bin` in its data folder.

Written every six hours and at a clean stop, so a card wears little and a power cut costs at most
six hours of learning. A file that cannot be used is put aside and learned anew: eight weeks may be
in it, for another release, or for whoever lets this user read it. Compressed MessagePack of `Kept`.
"""

import logging
import zlib
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from herdbook.alpaca.noticing.watch import Learned
from herdbook.errors import StorageError
from herdbook.files import remove_temporary_files, replace_file

SAVE_EVERY_S: Final = 6 * 3600.0
_VERSION: Final = 1
_MOST_BYTES: Final = 64 * 1024 * 1024

_log = logging.getLogger(__name__)


class Kept(Struct):
    """All measurements by their id; `local_s` is when a clock on the wall showed it was written."""

    version: int = _VERSION
    local_s: float = 0.0
    measurements: dict[str, Learned] = {}


class LearnedFile:
    """The file. Reading and writing block: call them in a thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "learned.bin"
        self._refused = False

    def load(self) -> Kept:
        """What was kept; nothing when there is none or it cannot be used."""
        try:
            remove_temporary_files(self._path)
        except StorageError as error:
            _log.warning("What a crash left is still there: %s", error)
        try:
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(self._path.read_bytes(), _MOST_BYTES)
            kept = msgspec.msgpack.decode(data, type=Kept)
        except FileNotFoundError:
            return Kept()
        except (OSError, zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._put_aside(str(error))
            return Kept()
        if kept.version != _VERSION:
            self._put_aside(f"it has version {kept.version}; this Herdbook knows {_VERSION}")
            return Kept()
        return kept

    def save(self, kept: bytes) -> None:
        """Write what `encode` gave. A disk that refuses is logged once; the next time may do."""
        try:
            replace_file(self._path, zlib.compress(kept))
        except StorageError as error:
            if not self._refused:
                _log.error("%s What was learned is in memory only until then.", error)
            self._refused = True
        else:
            self._refused = False

    def _put_aside(self, why: str) -> None:
        aside = self._path.with_name(f"{self._path.name}.damaged")
        _log.warning(
            "%s cannot be used: %s. What is usual is learned anew; the file is kept as %s.",
            self._path,
            why,
            aside.name,
        )
        try:
            self._path.replace(aside)
        except OSError as error:
            _log.warning("It is not kept, but written over: %s.", error.strerror)


def encode(kept: Kept) -> bytes:
    """The bytes for `LearnedFile.save`: a copy that later learning does not change."""
    return msgspec.msgpack.encode(kept)
