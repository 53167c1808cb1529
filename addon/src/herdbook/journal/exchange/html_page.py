"""A journal as one HTML file: readable and printable anywhere, without scripts or a network.

Each entry's `article` carries the entry itself, as in the JSON, in an attribute; its files stand in
it as `data:` addresses, each on a line of its own.
"""

import html
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Final

import msgspec

from herdbook.journal.exchange.passed import Leaving, PassedFile
from herdbook.journal.file import UNKNOWN, File

ATTRIBUTE: Final = "data-herdbook-1"
"""Its number is the version of what it holds."""
FILE_ATTRIBUTE: Final = "data-herdbook-file"
"""Which of the entry's files a line holds, counted from 0."""

_POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)
_STYLE: Final = """
:root { color-scheme: light dark; }
html { background: #fffdf8; color: #2a2621; }
body { font: 1.05rem/1.6 Georgia, serif; max-width: 40rem; margin: 0 auto; padding: 2rem 1rem; }
h1, h2 { font-weight: 500; line-height: 1.25; }
h2 { margin: 3rem 0 1rem; border-top: 1px solid; padding-top: 1rem; }
article { margin: 0 0 1.75rem; overflow-wrap: anywhere; }
.about, figcaption { font: .85rem/1.4 system-ui, sans-serif; margin: 0; }
figure { margin: 1rem 0; break-inside: avoid; }
img { display: block; max-width: 100%; height: auto; max-height: 60rem; object-fit: contain; }
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
        self._rest = b""

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

    def day(self, day: date, leaving: list[Leaving]) -> Iterator[bytes | File]:
        """A day's entries and files; the bytes of each are to be given to `piece`."""
        yield f"<h2>{html.escape(self._words.long_date(day))}</h2>\n".encode()
        for one in leaving:
            yield self._entry(one).encode()
            for number, file in enumerate(one.files):
                before, after = _frame(number, file)
                yield before.encode()
                yield file
                yield b64encode(self._rest) + after.encode()
                self._rest = b""
            yield b"</article>\n"

    def piece(self, piece: bytes) -> bytes:
        """The next bytes of the file that was asked for last, as they stand in the page."""
        data = self._rest + piece
        whole = len(data) - len(data) % 3
        self._rest = data[whole:]
        return b64encode(data[:whole])

    def end(self) -> Iterator[bytes | File]:
        """What stands after the last day."""
        yield b"</main>\n</body>\n</html>\n"

    def close(self) -> None:
        """Let go of it, also before its end."""
        self._rest = b""

    def _entry(self, one: Leaving) -> str:
        entry = one.entry
        time = datetime.fromtimestamp(entry.created_ms / 1000, UTC).astimezone(self._zone)
        about = [f"{time:%H:%M}", *entry.traces]
        if entry.author == "house":
            about.insert(1, entry.source or self._words.house)
        line = html.escape(" · ".join(about))
        files = [PassedFile.of(file) for file in one.files]
        whole = msgspec.structs.replace(entry, files=files)
        told = html.escape(msgspec.json.encode(whole).decode())
        return (
            f'<article {ATTRIBUTE}="{told}">\n<p class="about">{line}</p>\n'
            f"{self._render(entry.text)}\n"
        )


def _frame(number: int, file: File) -> tuple[str, str]:
    """What stands before a file's bytes and after them, on one line."""
    name, said = html.escape(file.name), html.escape(file.description)
    if file.is_picture:
        caption = f"<figcaption>{said}</figcaption>" if said else ""
        return (
            f'<figure {FILE_ATTRIBUTE}="{number}"><img src="data:{file.kind};base64,',
            f'" alt="{said or name}" width="{file.width}" height="{file.height}">'
            f"{caption}</figure>\n",
        )
    # Whatever it is, a browser does no more than save it.
    return (
        f'<p {FILE_ATTRIBUTE}="{number}"><a href="data:{UNKNOWN};base64,',
        f'" download="{name}">{said or name}</a></p>\n',
    )
