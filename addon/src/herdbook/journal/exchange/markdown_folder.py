"""A journal as a folder of Markdown in a zip: a file a day, ``2026/2026-11-20.md``.

Before each entry stands a comment that says what its text does not. Its files lie in a folder
beside, and are linked below the text. A line of a text that looks like one of ours gets a
backslash, which is taken off again.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, tzinfo
from typing import Final
from urllib.parse import quote

import msgspec

from herdbook.journal.exchange.parcel import Parcel, placed
from herdbook.journal.exchange.passed import Leaving, Passed, PassedFile
from herdbook.journal.file import File

_COMMENT: Final = "<!-- entry "
_END: Final = " -->"
_LINKS: Final = "<!-- files -->"
_LINKS_END: Final = "<!-- /files -->"
_LOOKALIKE: Final = re.compile(r"^(\\*<!-- (?:entry |/?files -->))", re.MULTILINE)
_MARKS: Final = re.compile(r"([\\`*_\[\]~&])")


class MarkdownFolder:
    """Writes the zip piece by piece. `zone` is that of the times in the headings."""

    content_type = "application/zip"
    suffix = "-markdown.zip"

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._parcel = Parcel(zone)

    def begin(self) -> bytes:
        """What stands before the first day."""
        return b""

    def day(self, day: date, leaving: list[Leaving]) -> Iterator[bytes | File]:
        """A day's entries, then their files; the bytes of each are to be given to `piece`."""
        there = placed(day, leaving)
        parts = [f"---\nday: {day}\n---\n"]
        for one, files in zip(leaving, there, strict=True):
            entry = msgspec.structs.replace(one.entry, files=[passed for passed, _ in files])
            parts.append(self._entry(entry, [file for _, file in files]))
        self._parcel.add(f"{day.year:04}/{day}.md", day, "\n".join(parts).encode())
        yield self._parcel.take()
        for passed, file in (pair for files in there for pair in files):
            with self._parcel.opened(passed.path, file.added_ms):
                yield file
            yield self._parcel.take()

    def piece(self, piece: bytes) -> bytes:
        """The next bytes of the file that was asked for last, as they stand in the zip."""
        self._parcel.feed(piece)
        return self._parcel.take()

    def end(self) -> Iterator[bytes | File]:
        """What stands after the last day."""
        yield self._parcel.end()

    def close(self) -> None:
        """Let go of it, also before its end."""
        self._parcel.close()

    def _entry(self, entry: Passed, files: list[File]) -> str:
        about = msgspec.to_builtins(entry)
        text = _LOOKALIKE.sub(r"\\\1", about.pop("text"))
        for left_out in ("day", "versions"):
            about.pop(left_out, None)
        # No name of a trace, a source or a file may end the comment.
        told = msgspec.json.encode(about).decode().replace(">", "\\u003e")
        time = datetime.fromtimestamp(entry.created_ms / 1000, UTC).astimezone(self._zone)
        heading = " · ".join((f"{time:%H:%M}", *entry.traces))
        links = [_link(*pair) for pair in zip(entry.files, files, strict=True)]
        below = "\n".join((_LINKS, *links, _LINKS_END, "")) if links else ""
        return f"{_COMMENT}{told}{_END}\n## {heading}\n\n{text}\n" + (below and f"\n{below}")


def _link(passed: PassedFile, file: File) -> str:
    label = _MARKS.sub(r"\\\1", file.description or file.name)
    return f"{'!' if file.is_picture else ''}[{label}](../{quote(passed.path)})  "
