"""SQLite's write-ahead log as it lies on disk, read without a key.

Its frames hold sealed pages and its checksums are over those, so which frames count can be told
from the file alone (https://www.sqlite.org/fileformat2.html#the_write_ahead_log). Pure.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from herdbook.errors import VaultDamaged

PAGE_SIZE: Final = 4096
FRAME_HEAD: Final = 24
_HEAD: Final = 32
_MAGIC: Final = 0x377F0682
_VERSION: Final = 3_007_000


@dataclass(frozen=True, slots=True)
class WriteAheadLog:
    """What counts of a log.

    `frames` gives, for each page in it, where its newest committed image begins, in bytes; `pages`
    is how many pages the database has after the last commit, None when nothing was committed.
    `ignored` counts the frames after that: of a transaction cut short, or left from before.
    """

    frames: dict[int, int]
    pages: int | None
    ignored: int


def read_log(file: BinaryIO) -> WriteAheadLog:
    """Read a log from its beginning, one frame in memory at a time.

    Raises `VaultDamaged` when there are frames behind a header that does not hold: SQLite would
    take such a log for an empty one, and what it holds would be gone without a word.
    """
    head = file.read(_HEAD)
    length = file.seek(0, 2)
    if length <= _HEAD:
        return WriteAheadLog({}, None, 0)
    magic, version, page_size, _, *salts, first, second = struct.unpack(">8I", head)
    order = ">" if magic & 1 else "<"
    sums = _checksum(order, head[:24], (0, 0))
    if (magic & ~1, version, page_size, sums) != (_MAGIC, _VERSION, PAGE_SIZE, (first, second)):
        raise VaultDamaged(
            "The header of journal.db-wal is not readable: what was written last is lost.",
            fix="Restore the vault from a backup; do not open it meanwhile.",
        )
    frames: dict[int, int] = {}
    pending: dict[int, int] = {}
    pages, committed = None, _HEAD
    file.seek(_HEAD)
    for place, frame in _whole_frames(file):
        number, size, *rest = struct.unpack(">6I", frame[:FRAME_HEAD])
        sums = _checksum(order, frame[FRAME_HEAD:], _checksum(order, frame[:8], sums))
        if number == 0 or rest != [*salts, *sums]:
            break
        pending[number] = place + FRAME_HEAD
        if size:
            frames |= pending
            pending = {}
            pages, committed = size, place + len(frame)
    return WriteAheadLog(frames, pages, (length - committed) // (FRAME_HEAD + PAGE_SIZE))


def _whole_frames(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    place = _HEAD
    while len(frame := file.read(FRAME_HEAD + PAGE_SIZE)) == FRAME_HEAD + PAGE_SIZE:
        yield place, frame
        place += len(frame)


def _checksum(order: str, data: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for i in range(0, len(words), 2):
        first = (first + words[i] + second) & 0xFFFFFFFF
        second = (second + words[i + 1] + first) & 0xFFFFFFFF
    return first, second
