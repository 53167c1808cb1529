"""Files as people bring them, and the files that Herdbook makes."""

import io
import zipfile
from collections.abc import Mapping
from datetime import date, tzinfo
from hashlib import sha256
from itertools import groupby
from zoneinfo import ZoneInfo

import msgspec

from herdbook.journal.exchange import reading
from herdbook.journal.exchange.html_page import HtmlPage, Words
from herdbook.journal.exchange.incoming import Incoming
from herdbook.journal.exchange.json_file import JsonFile
from herdbook.journal.exchange.markdown_folder import MarkdownFolder
from herdbook.journal.exchange.passed import Leaving, Passed
from herdbook.journal.file import PICTURES, File, kind_of

ZONE = ZoneInfo("Europe/Amsterdam")
WORDS = Words("en", "ltr", "My journal", "The house", date.isoformat)


def read_file(body: bytes, zone: tzinfo = ZONE, *, keep_place: bool = False) -> Incoming:
    """What comes of a file's bytes."""
    return reading.read_file(io.BytesIO(body), zone, keep_place=keep_place)


def zipped(*files: tuple[str, bytes]) -> bytes:
    """A zip; always of the same time, so that the same files make the same one."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as folder:
        for name, content in files:
            folder.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return body.getvalue()


def kept_file(number: int, name: str, data: bytes, description: str = "") -> File:
    """A file as a vault has it; its id is the number."""
    kind = kind_of(data[:64])
    side = 3 if kind in PICTURES else None
    about = (kind, len(data), sha256(data).digest(), side, side)
    return File(f"{number:032x}", 1_700_000_000_000 + number, name, description, *about)


def file_of(
    kind: str, entries: list[Passed], files: Mapping[str, list[tuple[File, bytes]]] | None = None
) -> bytes:
    """A file as Herdbook makes it; `files` are those of the entries, by the entries' ids."""
    files = files or {}
    data = {file.id: body for those in files.values() for file, body in those}
    writer = {
        "json": lambda: JsonFile(ZONE, 1_700_000_000_000),
        "markdown": lambda: MarkdownFolder(ZONE),
        "html": lambda: HtmlPage(WORDS, ZONE, lambda text: "<p>…</p>"),
    }[kind]()
    body = bytearray(writer.begin())

    def take(parts: object) -> None:
        for part in parts:  # type: ignore[attr-defined]
            if isinstance(part, bytes):
                body.extend(part)
            else:
                for start in range(0, part.size, 1_000):
                    body.extend(writer.piece(data[part.id][start : start + 1_000]))

    for day, of_day in groupby(entries, lambda entry: entry.day):
        leaving = [
            Leaving(
                msgspec.structs.replace(entry, files=[]),
                [file for file, _ in files.get(entry.id, [])],
            )
            for entry in of_day
        ]
        take(writer.day(day, leaving))
    take(writer.end())
    writer.close()
    return bytes(body)


def bytes_of(incoming: Incoming, entry: Passed) -> list[bytes]:
    """The bytes of an entry's files, as they would be brought in."""
    return [b"".join(incoming.carrier.chunks(file.path)) for file in entry.files]


def json_within(body: bytes) -> bytes:
    """The JSON in the zip that Herdbook makes."""
    with zipfile.ZipFile(io.BytesIO(body)) as folder:
        return folder.read("journal.json")
