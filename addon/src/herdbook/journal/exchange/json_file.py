"""A journal as JSON: one object, an entry a line, in a zip beside the entries' files.

docs/exchange.md says what stands in it.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, tzinfo
from typing import Final

import msgspec

from herdbook.errors import InputError
from herdbook.journal.exchange.outline import Outline
from herdbook.journal.exchange.parcel import Parcel, placed
from herdbook.journal.exchange.passed import Leaving, Passed
from herdbook.journal.file import File

FORMAT: Final = "herdbook-journal"
VERSION: Final = 1
NAME: Final = "journal.json"


class JsonFile:
    """Writes the zip piece by piece: the texts first, so where each file lies is remembered."""

    content_type = "application/zip"
    suffix = "-json.zip"

    def __init__(self, zone: tzinfo, now_ms: int) -> None:
        self._parcel = Parcel(zone)
        self._now_ms = now_ms
        self._texts = ExitStack()
        self._between = b"\n"
        self._files: list[tuple[str, File]] = []

    def begin(self) -> bytes:
        """What stands before the first day."""
        self._texts.enter_context(self._parcel.opened(NAME, self._now_ms, packed=True))
        head = msgspec.json.encode({"format": FORMAT, "version": VERSION})
        self._parcel.feed(head.removesuffix(b"}") + b',"entries":[')
        return self._parcel.take()

    def day(self, day: date, leaving: list[Leaving]) -> Iterator[bytes | File]:
        """A day's entries."""
        for one, files in zip(leaving, placed(day, leaving), strict=True):
            entry = msgspec.structs.replace(one.entry, files=[passed for passed, _ in files])
            self._parcel.feed(self._between + msgspec.json.encode(entry))
            self._between = b",\n"
            self._files += ((passed.path, file) for passed, file in files)
        yield self._parcel.take()

    def piece(self, piece: bytes) -> bytes:
        """The next bytes of the file that was asked for last, as they stand in the zip."""
        self._parcel.feed(piece)
        return self._parcel.take()

    def end(self) -> Iterator[bytes | File]:
        """What stands after the last day: the files, whose bytes are to be given to `piece`."""
        self._parcel.feed(b"\n]}\n")
        self._texts.close()
        for path, file in self._files:
            with self._parcel.opened(path, file.added_ms):
                yield file
            yield self._parcel.take()
        yield self._parcel.end()

    def close(self) -> None:
        """Let go of it, also before its end."""
        self._parcel.close()


def read_json(outline: Outline) -> Iterator[Passed | InputError]:
    """The entries of such a file, each unchecked, or what is wrong with it.

    Raises `InputError` when it is none, or one of a newer Herdbook.
    """
    if outline.format != FORMAT:
        raise InputError("This JSON is of another program.")
    if outline.version != VERSION:
        raise InputError(
            f"The file has version {outline.version}; this Herdbook reads {VERSION}.",
            fix="Install a newer release of Herdbook.",
        )
    return (read_entry(entry) for entry in outline.entries)


def read_entry(written: bytes | msgspec.Raw) -> Passed | InputError:
    """One entry from its JSON, unchecked, or what is wrong with it."""
    try:
        return msgspec.json.decode(written, type=Passed)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # Not what the decoder says: it may quote the text.
        return InputError("This is not an entry as docs/exchange.md describes it.")
