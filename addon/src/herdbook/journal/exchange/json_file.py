"""A journal as JSON: one object, an entry a line. docs/exchange.md says what stands in it."""

from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec

from herdbook.errors import InputError
from herdbook.journal.exchange.outline import Outline
from herdbook.journal.exchange.passed import Passed

FORMAT: Final = "herdbook-journal"
VERSION: Final = 1


class JsonFile:
    """Writes the file piece by piece."""

    content_type = "application/json"
    suffix = ".json"

    def __init__(self) -> None:
        self._between = b"\n"

    def begin(self) -> bytes:
        """What stands before the first day."""
        head = msgspec.json.encode({"format": FORMAT, "version": VERSION})
        return head.removesuffix(b"}") + b',"entries":['

    def day(self, _day: date, entries: list[Passed]) -> bytes:
        """A day's entries."""
        written = bytearray()
        for entry in entries:
            written += self._between + msgspec.json.encode(entry)
            self._between = b",\n"
        return bytes(written)

    def end(self) -> bytes:
        """What stands after the last day."""
        return b"\n]}\n"


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
