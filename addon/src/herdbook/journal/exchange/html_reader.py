"""Reads a journal from one HTML file: a page that `html_page` wrote, however large its photos."""

import html
import re
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Iterator
from typing import BinaryIO, Final

from herdbook.errors import InputError
from herdbook.journal.exchange.html_page import ATTRIBUTE, FILE_ATTRIBUTE
from herdbook.journal.exchange.incoming import Incoming, no_journal
from herdbook.journal.exchange.json_file import read_entry
from herdbook.journal.exchange.passed import Passed

LINE_LIMIT: Final = 64 * 1024**2
"""Bytes of a line: an entry with all that it said before, or a file."""
_HELD: Final = re.compile(rb'<article %b="([^"]*)">$' % ATTRIBUTE.encode())
_FILE: Final = re.compile(
    rb'<(?:figure|p) %b="([0-9]{1,2})"><[^<>"]{1,20}="data:[a-z/-]{1,40};base64,'
    % FILE_ATTRIBUTE.encode()
)
_AT_ONCE: Final = 192 * 1024
"""Characters of Base64, four of which are three bytes."""


def read_html(file: BinaryIO, *, keep_place: bool) -> Incoming:
    """The entries of such a page. Raises `InputError` for one that has none, or too many.

    Nothing but the attributes is looked at: in a text their beginning cannot stand, as “<” is
    escaped there.
    """
    page = _Page(file)
    incoming = Incoming("html", page, keep_place=keep_place)
    # The files stand behind their entry: first it is seen where, then what they are.
    found = list(page.entries())
    if not found:
        raise no_journal()
    for number, entry in enumerate(found):
        incoming.add_own(f"Entry {number + 1}", entry, f"{number}/")
    return incoming


class _Page:
    """Where the files in a page are: path “3/0” is the first one of the fourth entry."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._places: dict[str, tuple[int, int]] = {}

    def entries(self) -> Iterator[Passed | InputError]:
        """Every entry, its files told by their numbers, and where these are."""
        at, number = self._file.seek(0), -1
        while line := self._file.readline(LINE_LIMIT):
            if line.startswith(b"<article ") and (held := _HELD.match(line.rstrip())):
                number += 1
                yield _entry(held[1])
            elif (begin := _FILE.match(line)) and (end := line.find(b'"', begin.end())) > 0:
                path = f"{number}/{int(begin[1])}"
                self._places[path] = (at + begin.end(), end - begin.end())
            at += len(line)

    def size(self, path: str) -> int:
        """Bytes of a file, or a few more. Raises `InputError` where there is none."""
        if path not in self._places:
            raise InputError("It is not in the page.")
        return self._places[path][1] // 4 * 3

    def chunks(self, path: str) -> Iterator[bytes]:
        """A file's bytes. Raises `InputError` for what is no Base64."""
        at, left = self._places[path]
        while left:
            self._file.seek(at)
            part = self._file.read(min(left, _AT_ONCE))
            at, left = at + len(part), left - len(part)
            try:
                data = b64decode(part, validate=True)
            except NoBase64 as error:
                raise InputError("It is damaged.") from error
            if not data:
                raise InputError("It is damaged.")
            yield data

    def others(self) -> list[str]:
        """What belongs to no entry."""
        return []


def _entry(held: bytes) -> Passed | InputError:
    try:
        told = html.unescape(held.decode())
    except UnicodeDecodeError:
        return InputError("It is not UTF-8 text.")
    return read_entry(told.encode())
