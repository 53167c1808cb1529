"""What a file holds, ready to be brought in, and what of it is doubtful. Pure."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, tzinfo
from hashlib import blake2b
from typing import Final, Literal

import msgspec

from herdbook.clock import LAST_MS
from herdbook.errors import InputError
from herdbook.journal.exchange.passed import Passed, checked
from herdbook.journal.trace import ENTRY_LIMIT, NAME_LIMIT, clean_name, fold

Kind = Literal["json", "markdown", "html", "llamora", "jrnl", "dayone"]

ENTRIES_LIMIT: Final = 200_000
"""Entries of one file."""
DOUBTS_LIMIT: Final = 1_000
"""Doubts, and names of files, that are kept to be read; all are counted."""


class Doubt(msgspec.Struct, frozen=True):
    """What a person should know before: at which `place` of the file, and why."""

    place: str
    reason: str


class Incoming:
    """The entries of one file, checked and each there once; `left_out` counts what is not.

    `files` are names of what it holds besides, such as photos; `passed_over` counts all of those.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.entries: list[Passed] = []
        self.doubts: list[Doubt] = []
        self.doubted = 0
        self.left_out = 0
        self.files: list[str] = []
        self.passed_over = 0
        self._ids: set[str] = set()

    def add(self, place: str, found: Passed | InputError) -> None:
        """Take an entry in, or note why it is left out. Raises `InputError` for one too many."""
        if len(self._ids) >= ENTRIES_LIMIT or self.left_out >= ENTRIES_LIMIT:
            raise InputError(
                f"The file has more than {ENTRIES_LIMIT:,} entries.",
                fix="Bring it in in several parts.",
            )
        try:
            if isinstance(found, InputError):
                raise found
            entry = checked(found)
        except InputError as error:
            self.left_out += 1
            self.doubt(place, f"Left out: {error}")
            return
        if entry.id in self._ids:
            self.left_out += 1
            self.doubt(place, "Left out: it is in the file twice.")
            return
        self._ids.add(entry.id)
        self.entries.append(entry)

    def add_all(self, entries: Iterable[Passed | InputError]) -> None:
        """Take in entries whose places are their numbers."""
        for number, entry in enumerate(entries, 1):
            self.add(f"Entry {number}", entry)

    def doubt(self, place: str, reason: str) -> None:
        """Note what a person should know."""
        self.doubted += 1
        if len(self.doubts) < DOUBTS_LIMIT:
            self.doubts.append(Doubt(_shown(place), reason))

    def pass_over(self, name: str) -> None:
        """Note a file that is no text: a journal keeps none."""
        self.passed_over += 1
        if len(self.files) < DOUBTS_LIMIT:
            self.files.append(_shown(name))

    def samples(self) -> list[Passed]:
        """Its first, middle and last entry in the order of the file, or all of fewer."""
        last = len(self.entries) - 1
        return [self.entries[number] for number in sorted({0, last // 2, last}) if last >= 0]

    def days(self) -> tuple[date, date] | None:
        """The first and the last day with an entry."""
        days = [entry.day for entry in self.entries]
        return (min(days), max(days)) if days else None


def derived_id(kind: Kind, *told: str) -> str:
    """The same id for the same entry each time its file is read."""
    digest = blake2b(digest_size=16, person=b"herdbook import")
    for field in (kind, *told):
        encoded = field.encode("utf-8", "replace")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def noon(day: date, zone: tzinfo) -> int:
    """When an entry was written of which only the day is known."""
    return moment(datetime.combine(day, time(12)), zone)


def moment(at: datetime, zone: tzinfo) -> int:
    """A time as an entry has it; one of no zone is in `zone`, one beyond the bounds at them."""
    try:
        aware = at.replace(tzinfo=zone) if at.tzinfo is None else at
        at_ms = int((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
    except OverflowError:
        at_ms = 0 if at.year < 1970 else LAST_MS
    return min(max(0, at_ms), LAST_MS)


def fitting(incoming: Incoming, place: str, names: Iterable[str]) -> list[str]:
    """The names that can be an entry's traces; that others cannot is a doubt, not an end."""
    found: dict[str, str] = {}
    lost = 0
    for name in names:
        try:
            cleaned = clean_name(name[:NAME_LIMIT])
        except InputError:
            lost += 1
            continue
        lost += len(name) > NAME_LIMIT
        found.setdefault(fold(cleaned), cleaned)
    kept = list(found.values())[:ENTRY_LIMIT]
    if lost or len(found) > ENTRY_LIMIT:
        incoming.doubt(place, "Not all of its traces can be kept as they are.")
    return kept


def _shown(name: str) -> str:
    return name[:200].encode("utf-8", "replace").decode()
