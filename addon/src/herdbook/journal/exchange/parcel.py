"""A zip on its way out, written piece by piece; nothing of it is kept once it was taken."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, tzinfo
from typing import IO, Final

from herdbook.journal.exchange.passed import Leaving, PassedFile
from herdbook.journal.file import File

FILES: Final = "files"
"""The folder in which the entries' files lie, in one of their own for each day."""
_FIRST_YEAR: Final = 1980
_LAST_YEAR: Final = 2107
_UNPACKED: Final = 0
"""Photos do not become smaller: they are passed through, in the form of what is packed, as some
programs cannot read others when their sizes stand behind them."""


class Parcel:
    """One file in it is open at a time. `zone` is that of the files' times."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._written = _Written()
        self._zip = zipfile.ZipFile(self._written, "w")
        self._open: IO[bytes] | None = None

    def add(self, path: str, day: date, content: bytes) -> None:
        """A whole text file, of the time that its day began."""
        self._zip.writestr(_info(path, datetime.combine(day, time(), self._zone)), content)

    @contextmanager
    def opened(self, path: str, at_ms: int, *, packed: bool = False) -> Iterator[None]:
        """A file that `feed` fills meanwhile, however long it becomes."""
        at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self._zone)
        info = _info(path, at)
        info.compress_level = None if packed else _UNPACKED
        with self._zip.open(info, "w", force_zip64=True) as self._open:
            yield
        self._open = None

    def feed(self, data: bytes) -> None:
        """More of the file that is open."""
        if self._open is None:
            raise ValueError("no file is open")
        self._open.write(data)

    def take(self) -> bytes:
        """What was written since it was taken last."""
        return self._written.take()

    def end(self) -> bytes:
        """The list of all files, which ends a zip."""
        self._zip.close()
        return self._written.take()

    def close(self) -> None:
        """Let go of it, also amid a file. Safe to repeat."""
        if self._open is not None:
            self._open.close()
        self._zip.close()
        self._written.take()


def placed(day: date, leaving: Iterable[Leaving]) -> list[list[tuple[PassedFile, File]]]:
    """The files of a day's entries, and where each lies in a zip.

    Two never have the same name there, not even where capitals do not count.
    """
    used: set[str] = set()
    return [
        [
            (PassedFile.of(file, f"{FILES}/{day}/{_unused(file.name, used)}"), file)
            for file in one.files
        ]
        for one in leaving
    ]


def _unused(name: str, used: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    found, number = name, 1
    while found.casefold() in used:
        number += 1
        found = f"{stem} {number}{dot}{ending}" if stem else f"{name} {number}"
    used.add(found.casefold())
    return found


def _info(path: str, at: datetime) -> zipfile.ZipInfo:
    """A zip knows no year before 1980 and none after 2107."""
    fits = _FIRST_YEAR <= at.year <= _LAST_YEAR
    info = zipfile.ZipInfo(path, at.timetuple()[:6] if fits else (_FIRST_YEAR, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


class _Written(io.RawIOBase):
    """What a zip is written into: bytes that are taken out again at once."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, written: bytes) -> int:  # type: ignore[override]
        self._kept += written
        return len(written)

    def take(self) -> bytes:
        taken = bytes(self._kept)
        self._kept.clear()
        return taken
