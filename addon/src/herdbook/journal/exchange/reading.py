"""From the bytes of a file to what can be brought in: tells of which kind it is."""

from datetime import tzinfo
from typing import Final

from herdbook.errors import InputError
from herdbook.journal.exchange.archive import Archive
from herdbook.journal.exchange.dayone import is_dayone, read_dayone, read_dayone_json
from herdbook.journal.exchange.html_page import ATTRIBUTE, read_html
from herdbook.journal.exchange.incoming import Incoming
from herdbook.journal.exchange.jrnl import is_jrnl, read_jrnl, read_jrnl_json
from herdbook.journal.exchange.json_file import read_json
from herdbook.journal.exchange.markdown_reader import read_markdown
from herdbook.journal.exchange.outline import read_outline

BODY_LIMIT: Final = 64 * 1024**2
"""Bytes of a file."""


def read_file(body: bytes, zone: tzinfo) -> Incoming:
    """The entries of a file; a time that says no zone is in `zone`. Takes seconds for a large one.

    Raises `InputError` for a file of no kind that is known, or that cannot be read as a whole.
    """
    if body.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        archive = Archive(body)
        return read_dayone(archive, zone) if is_dayone(archive) else read_markdown(archive, zone)
    beginning = body[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if beginning.startswith(b"{"):
        return _read_json(body, zone)
    if beginning.startswith(b"<!doctype html") and ATTRIBUTE.encode() in body:
        incoming = Incoming("html")
        incoming.add_all(read_html(body))
        return incoming
    if is_jrnl(body):
        return read_jrnl(body, zone)
    raise InputError(
        "This is no file that Herdbook can bring in.", fix="Choose one of those that are named."
    )


def _read_json(body: bytes, zone: tzinfo) -> Incoming:
    outline = read_outline(body)
    match outline.kind():
        case "dayone":
            return read_dayone_json(outline.entries, zone)
        case "jrnl":
            return read_jrnl_json(outline.entries, zone)
    incoming = Incoming("json")
    incoming.add_all(read_json(outline))
    return incoming
