"""A journal as one HTML file: readable and printable anywhere, without scripts or a network.

Each entry's `article` carries the entry itself, as in the JSON, in an attribute.
"""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Final

import msgspec

from herdbook.errors import InputError
from herdbook.journal.exchange.json_file import read_entry
from herdbook.journal.exchange.passed import Passed

ATTRIBUTE: Final = "data-herdbook-1"
"""Its number is the version of what it holds."""

_HELD: Final = re.compile(rf'^<article {ATTRIBUTE}="([^"]*)">', re.MULTILINE)

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_STYLE: Final = """
:root { color-scheme: light dark; }
html { background: #fffdf8; color: #2a2621; }
body { font: 1.05rem/1.6 Georgia, serif; max-width: 40rem; margin: 0 auto; padding: 2rem 1rem; }
h1, h2 { font-weight: 500; line-height: 1.25; }
h2 { margin: 3rem 0 1rem; border-top: 1px solid; padding-top: 1rem; }
article { margin: 0 0 1.75rem; overflow-wrap: anywhere; }
.about { font: .85rem/1.4 system-ui, sans-serif; margin: 0; }
pre, table { max-width: 100%; overflow-x: auto; }
pre, .as-typed { white-space: pre-wrap; }
table { display: block; border-collapse: collapse; }
td, th { border: 1px solid; padding: .2rem .6rem; }
a { color: inherit; }
@media screen and (prefers-color-scheme: dark) { html { background: #1b1916; color: #ece5d8; } }
@media print { body { max-width: none; padding: 0; } h2 { break-after: avoid; } }
"""


@dataclass(frozen=True, slots=True)
class Words:
    """What the page needs of a language; `house` names it where an entry of it has no source."""

    language: str
    direction: str
    title: str
    house: str
    long_date: Callable[[date], str]


class HtmlPage:
    """Writes the file piece by piece. `render` gives an entry's text as HTML that is safe."""

    content_type = "text/html"
    suffix = ".html"

    def __init__(self, words: Words, zone: tzinfo, render: Callable[[str], str]) -> None:
        self._words = words
        self._zone = zone
        self._render = render

    def begin(self) -> bytes:
        """What stands before the first day."""
        words, title = self._words, html.escape(self._words.title)
        return (
            f'<!doctype html>\n<html lang="{words.language}" dir="{words.direction}">\n<head>\n'
            '<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="referrer" content="no-referrer">\n'
            f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        ).encode()

    def day(self, day: date, entries: list[Passed]) -> bytes:
        """A day's entries."""
        heading = f"<h2>{html.escape(self._words.long_date(day))}</h2>\n"
        return (heading + "".join(self._entry(entry) for entry in entries)).encode()

    def end(self) -> bytes:
        """What stands after the last day."""
        return b"</main>\n</body>\n</html>\n"

    def _entry(self, entry: Passed) -> str:
        time = datetime.fromtimestamp(entry.created_ms / 1000, UTC).astimezone(self._zone)
        about = [f"{time:%H:%M}", *entry.traces]
        if entry.author == "house":
            about.insert(1, entry.source or self._words.house)
        line = html.escape(" · ".join(about))
        told = html.escape(msgspec.json.encode(entry).decode())
        return (
            f'<article {ATTRIBUTE}="{told}">\n<p class="about">{line}</p>\n'
            f"{self._render(entry.text)}\n</article>\n"
        )


def read_html(body: bytes) -> Iterator[Passed | InputError]:
    """The entries of such a page, each unchecked, or what is wrong with it.

    Raises `InputError` when it is no text. Nothing but the attribute is looked at: in a text its
    beginning cannot stand, as “<” is escaped there.
    """
    try:
        page = body.decode()
    except UnicodeDecodeError as error:
        raise InputError("The page is not UTF-8 text.", fix="Export it again.") from error
    return (read_entry(html.unescape(held[1]).encode()) for held in _HELD.finditer(page))
