"""Reads journals of jrnl: its text files, with or without brackets, and its export as JSON.

Its times say no zone. Its tags become traces and stay in the text; its stars are not kept.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, tzinfo
from typing import Final

import msgspec

from herdbook.errors import InputError
from herdbook.journal.exchange.incoming import Incoming, derived_id, fitting, moment
from herdbook.journal.exchange.passed import Passed

_STAMP: Final = (
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}) (?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2}))?(?: (?P<half>[AaPp])\.?[Mm]\.?)?"
)
# Where a language has no word for “AM”, jrnl leaves the blank before it.
_BRACKETED: Final = re.compile(rf"^\[{_STAMP} ?\](?: |$)", re.MULTILINE)
_BARE: Final = re.compile(rf"^{_STAMP} ", re.MULTILINE)
"""As jrnl 1 wrote them. In a newer file such a line is text."""
_TAG: Final = re.compile(r"(?<!\S)[@#](\w[-+*#/\w]*)")
_LOOKED_AT: Final = 100
"""Bytes in which the first entry begins."""


class _Entry(msgspec.Struct):
    title: str
    date: str
    body: str = ""
    time: str = "12:00"
    tags: list[str] = []


def is_jrnl(body: bytes) -> bool:
    """Whether this is such a text file."""
    return _heads(body[:_LOOKED_AT].decode("utf-8-sig", "replace").lstrip()) is not None


def read_jrnl(body: bytes, zone: tzinfo) -> Incoming:
    """The entries of a text file. Raises `InputError` when it is not UTF-8 or has too many."""
    incoming = Incoming("jrnl")
    try:
        text = body.decode("utf-8-sig").replace("\r\n", "\n").lstrip()
    except UnicodeDecodeError as error:
        raise InputError("The file is not UTF-8 text.", fix="Save it as UTF-8.") from error
    for number, (head, part) in enumerate(_parts(text), 1):
        title, _, rest = part.partition("\n")
        written = f"{title.rstrip().removesuffix(' *')}\n{rest}"
        _add(incoming, number, head, written, _TAG.findall(written), zone)
    return incoming


def read_jrnl_json(entries: list[msgspec.Raw], zone: tzinfo) -> Incoming:
    """The entries of an export as JSON. Raises `InputError` for too many."""
    incoming = Incoming("jrnl")
    for number, raw in enumerate(entries, 1):
        try:
            found = msgspec.json.decode(raw, type=_Entry)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            incoming.add(f"Entry {number}", InputError("It is not as jrnl writes it."))
            continue
        head = re.fullmatch(_STAMP, f"{found.date} {found.time}")
        tags = [tag.lstrip("@#") for tag in found.tags]
        written = f"{found.title}\n{found.body}"
        _add(incoming, number, head, written, [tag for tag in tags if tag], zone)
    return incoming


def _heads(text: str) -> re.Pattern[str] | None:
    """How the entries of a text begin, by its first one."""
    return next((form for form in (_BRACKETED, _BARE) if form.match(text)), None)


def _parts(text: str) -> Iterator[tuple[re.Match[str], str]]:
    head = None
    for following in (_heads(text) or _BRACKETED).finditer(text):
        if head is not None:
            yield head, text[head.end() : following.start()]
        head = following
    if head is not None:
        yield head, text[head.end() :]


def _add(
    incoming: Incoming,
    number: int,
    head: re.Match[str] | None,
    written: str,
    tags: list[str],
    zone: tzinfo,
) -> None:
    place = f"Entry {number}"
    try:
        at = _time(head)
    except InputError as error:
        incoming.add(place, error)
        return
    # Its JSON says no seconds, and begins the text on a new line after the first sentence.
    told = at.isoformat(timespec="minutes"), " ".join(written.split())
    traces = fitting(incoming, place, tags)
    created_ms = moment(at, zone)
    incoming.add(
        place,
        Passed(derived_id("jrnl", *told), at.date(), created_ms, written, "person", traces=traces),
    )


def _time(head: re.Match[str] | None) -> datetime:
    if head is None:
        raise InputError("Its date and time are not as jrnl writes them.")
    hour = int(head["hour"])
    try:
        if head["half"] and not 1 <= hour <= 12:
            raise ValueError
        if head["half"]:
            hour = hour % 12 + 12 * (head["half"] in "Pp")
        clock = time(hour, int(head["minute"]), int(head["second"] or 0))
        return datetime.combine(date.fromisoformat(head["day"]), clock)
    except ValueError as error:
        raise InputError(f"“{head[0].strip('[] ')}” is no time of the calendar.") from error
