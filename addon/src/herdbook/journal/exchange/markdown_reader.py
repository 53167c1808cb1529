"""Reads a zip of Markdown: our own, with a comment before each entry, or anybody's.

A file without such comments is one entry, on the day that its name or its front matter says.
Nothing is unpacked to a disk, so a name may say what it likes.
"""

import re
from collections.abc import Iterator
from datetime import date, tzinfo
from typing import Any, Final

import msgspec

from herdbook.errors import InputError
from herdbook.journal.entry import read_day
from herdbook.journal.exchange.archive import Archive
from herdbook.journal.exchange.incoming import Incoming, derived_id, noon
from herdbook.journal.exchange.parcel import FILES
from herdbook.journal.exchange.passed import Passed

_COMMENT: Final = re.compile(r"^<!-- entry (\{.*\}) -->$", re.MULTILINE)
_HEADING: Final = re.compile(r"## \d\d:\d\d(?: · .*)?(?:\n|$)")
_ESCAPED: Final = re.compile(r"^\\(\\*<!-- (?:entry |/?files -->))", re.MULTILINE)
_LINKS: Final = re.compile(r"^<!-- files -->$.*?(?:^<!-- /files -->$|\Z)", re.DOTALL | re.MULTILINE)
_FRONT: Final = re.compile(r"---\n(.*?)^---(?:\n|$)", re.DOTALL | re.MULTILINE)
_FRONT_DAY: Final = re.compile(r"^(?:day|date): *[\"']?(\d{4}-\d\d-\d\d)", re.MULTILINE)
_NAMED_DAY: Final = re.compile(r"(?<!\d)(\d{4}-\d\d-\d\d)(?!\d)")
SUFFIXES: Final = (".md", ".markdown", ".txt")
"""How the names of files with text end."""


def read_markdown(archive: Archive, zone: tzinfo, *, keep_place: bool) -> Incoming:
    """The entries of every text file. Raises `InputError` as `Archive.read` does."""
    incoming = Incoming("markdown", archive, keep_place=keep_place)
    texts = [name for name in archive.names if name.lower().endswith(SUFFIXES)]
    # What lies beside may be an entry's text file: first whatever may tell of it.
    beside = {name for name in texts if f"/{FILES}/" in f"/{name}"}
    for name in texts:
        if name not in beside:
            _read(incoming, archive, name, zone)
    for name in sorted(beside & set(archive.others())):
        _read(incoming, archive, name, zone)
    incoming.pass_over_others()
    return incoming


def _read(incoming: Incoming, archive: Archive, name: str, zone: tzinfo) -> None:
    body = archive.read(name)
    try:
        text = body.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        incoming.add(name, InputError("It is not UTF-8 text."))
        return
    for number, entry in enumerate(_entries(name, text, zone), 1):
        base = name.rpartition("/")[0]
        if isinstance(entry, Passed) and name.endswith(f"{entry.day.year:04}/{entry.day}.md"):
            base = base.rpartition("/")[0]
        incoming.add_own(f"{name}, entry {number}", entry, f"{base}/" if base else "")


def _entries(name: str, text: str, zone: tzinfo) -> Iterator[Passed | InputError]:
    front = _FRONT.match(text)
    about, text = (front[1], text[front.end() :]) if front else ("", text)
    found = _FRONT_DAY.search(about) or _NAMED_DAY.search(name)
    try:
        day = read_day(found[1]) if found else None
    except InputError as error:
        yield error
        return
    if day is None:
        yield InputError("It says no day.", fix="Begin its name with one, as in 2026-11-20.md.")
        return
    # What was written before the first comment, then each comment and what follows it.
    before, *parts = _COMMENT.split(text)
    if before.strip() or not parts:
        entry_id = derived_id("markdown", name, before)
        yield Passed(entry_id, day, noon(day, zone), before, "person")
    for told, written in zip(parts[::2], parts[1::2], strict=True):
        yield _own(day, told, written)


def _own(day: date, told: str, written: str) -> Passed | InputError:
    written = written.removeprefix("\n")
    heading = _HEADING.match(written)
    text = _LINKS.sub("", written[heading.end() :] if heading else written)
    text = _ESCAPED.sub(r"\1", text)
    try:
        about: dict[str, Any] = msgspec.json.decode(told, type=dict[str, Any])
        return msgspec.convert(about | {"day": day.isoformat(), "text": text}, Passed)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return InputError("The comment before it is not as docs/exchange.md describes it.")
