"""From a file to what can be brought in: tells of which kind it is."""

import io
from datetime import tzinfo
from typing import BinaryIO, Final

from herdbook.errors import InputError
from herdbook.journal.exchange.archive import Archive
from herdbook.journal.exchange.dayone import is_dayone, read_dayone, read_dayone_json
from herdbook.journal.exchange.html_reader import read_html
from herdbook.journal.exchange.incoming import Incoming, no_journal
from herdbook.journal.exchange.jrnl import is_jrnl, read_jrnl, read_jrnl_json
from herdbook.journal.exchange.json_file import NAME, read_json
from herdbook.journal.exchange.markdown_reader import SUFFIXES, read_markdown
from herdbook.journal.exchange.outline import Outline, read_outline
from herdbook.journal.exchange.parcel import FILES

FILE_LIMIT: Final = 16 * 1024**3
"""Bytes of a file that may hold photos: a zip or a page."""
BODY_LIMIT: Final = 64 * 1024**2
"""Bytes of any other, which is read as one."""
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")


def read_file(file: BinaryIO, zone: tzinfo, *, keep_place: bool = False) -> Incoming:
    """The entries of a file; a time that says no zone is in `zone`.

    Takes seconds for a large one, minutes for gibibytes of photos; their bytes are read again once
    they are brought in, so it stays open. Without `keep_place` they are held to be rid of it.

    Raises `InputError` for a file of no kind that is known, or that cannot be read as a whole.
    """
    beginning = file.read(1024)
    if beginning.startswith(_ZIP):
        return _read_zip(Archive(file), zone, keep_place=keep_place)
    beginning = beginning.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if beginning.startswith(b"<!doctype html"):
        return read_html(file, keep_place=keep_place)
    body = read_whole(file)
    if beginning.startswith(b"{"):
        return _read_json(body, zone)
    if is_jrnl(body):
        return read_jrnl(body, zone)
    raise no_journal()


def read_whole(file: BinaryIO) -> bytes:
    """All of a file that holds no photos. Raises `InputError` for a larger one."""
    if file.seek(0, io.SEEK_END) > BODY_LIMIT:
        raise InputError(
            f"The file is larger than {BODY_LIMIT // 1024**2} MiB.",
            fix="Bring it in in several parts.",
        )
    file.seek(0)
    return file.read()


def _read_zip(archive: Archive, zone: tzinfo, *, keep_place: bool) -> Incoming:
    own = _own(archive)
    if own is not None:
        base, outline = own
        incoming = Incoming("json", archive, keep_place=keep_place)
        for number, entry in enumerate(read_json(outline), 1):
            incoming.add_own(f"Entry {number}", entry, base)
        incoming.pass_over_others()
        return incoming
    if is_dayone(archive):
        return read_dayone(archive, zone, keep_place=keep_place)
    return read_markdown(archive, zone, keep_place=keep_place)


def _own(archive: Archive) -> tuple[str, Outline] | None:
    """Our own JSON and the folder in which it lies, if a zip is of it and its files."""
    found = [name for name in archive.names if f"/{name}".endswith(f"/{NAME}")]
    # An entry may have a file of that name: it lies deeper.
    name = min(found, key=len, default="")
    base = name.removesuffix(NAME)
    others = [one for one in archive.names if not one.startswith(f"{base}{FILES}/")]
    if not name or any(one.lower().endswith(SUFFIXES) for one in others):
        return None
    try:
        outline = read_outline(archive.read(name))
    except InputError:
        return None  # somebody else's, who says what is wrong with it
    return (base, outline) if outline.format else None


def _read_json(body: bytes, zone: tzinfo) -> Incoming:
    outline = read_outline(body)
    match outline.kind():
        case "dayone":
            return read_dayone_json(outline.entries, zone)
        case "jrnl":
            return read_jrnl_json(outline.entries, zone)
    incoming = Incoming("json")
    for number, entry in enumerate(read_json(outline), 1):
        incoming.add_own(f"Entry {number}", entry, "")
    return incoming
