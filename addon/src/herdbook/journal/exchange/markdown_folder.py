"""A journal as a folder of Markdown in a zip: a file a day, ``2026/2026-11-20.md``.

Before each entry stands a comment that says what its text does not. A line of a text that looks
like one gets a backslash, which is taken off again.
"""

import io
import re
import zipfile
from datetime import UTC, date, datetime, tzinfo
from typing import Final

import msgspec

from herdbook.journal.exchange.passed import Passed

_COMMENT: Final = "<!-- entry "
_END: Final = " -->"
_LOOKALIKE: Final = re.compile(r"^(\\*<!-- entry )", re.MULTILINE)


class MarkdownFolder:
    """Writes the zip piece by piece. `zone` is that of the times in the headings."""

    content_type = "application/zip"
    suffix = ".zip"

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._written = _Written()
        self._zip = zipfile.ZipFile(self._written, "w", zipfile.ZIP_DEFLATED)

    def begin(self) -> bytes:
        """What stands before the first day."""
        return b""

    def day(self, day: date, entries: list[Passed]) -> bytes:
        """A day's entries."""
        parts = [f"---\nday: {day}\n---\n", *(self._entry(entry) for entry in entries)]
        self._zip.writestr(f"{day.year:04}/{day}.md", "\n".join(parts))
        return self._written.take()

    def end(self) -> bytes:
        """What stands after the last day."""
        self._zip.close()
        return self._written.take()

    def _entry(self, entry: Passed) -> str:
        about = msgspec.to_builtins(entry)
        text = _LOOKALIKE.sub(r"\\\1", about.pop("text"))
        for left_out in ("day", "versions"):
            about.pop(left_out, None)
        # No name of a trace or a source may end the comment.
        told = msgspec.json.encode(about).decode().replace(">", "\\u003e")
        time = datetime.fromtimestamp(entry.created_ms / 1000, UTC).astimezone(self._zone)
        heading = " · ".join((f"{time:%H:%M}", *entry.traces))
        return f"{_COMMENT}{told}{_END}\n## {heading}\n\n{text}\n"


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
