"""From the bytes of a file to what can be brought in: tells of which kind it is."""

from datetime import tzinfo
from typing import Any, Final

import msgspec

from herdbook.errors import InputError
from herdbook.journal.exchange.archive import Archive
from herdbook.journal.exchange.html_page import ATTRIBUTE, read_html
from herdbook.journal.exchange.incoming import Incoming
from herdbook.journal.exchange.jrnl import is_jrnl, read_jrnl, read_jrnl_json
from herdbook.journal.exchange.json_file import read_json
from herdbook.journal.exchange.markdown_reader import read_markdown

BODY_LIMIT: Final = 64 * 1024**2
"""Bytes of a file."""
VALUES_LIMIT: Final = 4_000_000
"""Values of a JSON: each takes 70 bytes of memory while it is read, however short it is."""


class _Outline(msgspec.Struct):
    """What tells whose JSON it is."""

    format: str = ""
    tags: dict[str, Any] | None = None
    entries: list[msgspec.Raw] = []


def read_file(body: bytes, zone: tzinfo) -> Incoming:
    """The entries of a file; a time that says no zone is in `zone`. Takes seconds for a large one.

    Raises `InputError` for a file of no kind that is known, or that cannot be read as a whole.
    """
    if body.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return read_markdown(Archive(body), zone)
    body = body.removeprefix(b"\xef\xbb\xbf")
    beginning = body[:1024].lstrip().lower()
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
    if body.count(b",") > VALUES_LIMIT:
        raise InputError(
            f"The JSON has more than {VALUES_LIMIT:,} values.",
            fix="Bring it in in several parts.",
        )
    try:
        outline = msgspec.json.decode(body, type=_Outline)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InputError(
            "This is no journal in JSON.", fix="Export it again, or choose another file."
        ) from error
    if not outline.format and outline.tags is not None:
        return read_jrnl_json(outline.entries, zone)
    incoming = Incoming("json")
    incoming.add_all(read_json(body))
    return incoming
