"""From the bytes of a file to what can be brought in: tells of which kind it is."""

from datetime import tzinfo
from typing import Final

from herdbook.errors import InputError
from herdbook.journal.exchange.archive import Archive
from herdbook.journal.exchange.html_page import ATTRIBUTE, read_html
from herdbook.journal.exchange.incoming import Incoming
from herdbook.journal.exchange.json_file import read_json
from herdbook.journal.exchange.markdown_reader import read_markdown

BODY_LIMIT: Final = 64 * 1024**2
"""Bytes of a file."""


def read_file(body: bytes, zone: tzinfo) -> Incoming:
    """The entries of a file; a time that says no zone is in `zone`. Takes seconds for a large one.

    Raises `InputError` for a file of no kind that is known, or that cannot be read as a whole.
    """
    if body.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return read_markdown(Archive(body), zone)
    beginning = body[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if beginning.startswith(b"{"):
        incoming = Incoming("json")
        incoming.add_all(read_json(body.removeprefix(b"\xef\xbb\xbf")))
        return incoming
    if beginning.startswith(b"<!doctype html") and ATTRIBUTE.encode() in body:
        incoming = Incoming("html")
        incoming.add_all(read_html(body))
        return incoming
    raise InputError(
        "This is no file that Herdbook can bring in.",
        fix="Choose the JSON, the zip or the page that Herdbook saved, or a zip of Markdown files.",
    )
