"""What a file holds, ready to be brought in, and what of it is doubtful. Pure."""

from collections.abc import Container, Iterable, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from hashlib import blake2b
from typing import Final, Literal

import msgspec

from herdbook.clock import LAST_MS
from herdbook.errors import InputError
from herdbook.journal.exchange.carried import Carrier, Look, Nothing
from herdbook.journal.exchange.passed import Passed, PassedFile, checked
from herdbook.journal.file import ENTRY_LIMIT as FILES_LIMIT
from herdbook.journal.file import too_many
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

    The bytes of their files are read from its `carrier`; `refused` counts files that cannot come.
    `files` are names of what belongs to no entry; `passed_over` counts all of those.
    """

    def __init__(
        self, kind: Kind, carrier: Carrier | None = None, *, keep_place: bool = False
    ) -> None:
        self.kind = kind
        self.carrier = carrier or Nothing()
        self.keep_place = keep_place
        self._look = Look(self.carrier, keep_place=keep_place)
        self.refused = 0
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

    def add_own(self, place: str, found: Passed | InputError, base: str) -> None:
        """Take in an entry as Herdbook writes it; the paths of its files begin at `base`."""
        if isinstance(found, Passed) and found.files:
            files = [
                msgspec.structs.replace(file, path=base + (file.path or str(number)))
                for number, file in enumerate(found.files)
            ]
            found = msgspec.structs.replace(found, files=self.looked_into(place, files))
        self.add(place, found)

    def looked_into(
        self, place: str, files: Iterable[PassedFile], before: int = 0
    ) -> list[PassedFile]:
        """Those of an entry's files that can be kept; why others cannot is a doubt.

        So many of its files were looked into `before`.
        """
        found: list[PassedFile] = []
        for file in files:
            try:
                if before + len(found) >= FILES_LIMIT:
                    raise too_many()
                size, same = self._look.size(file.path, digest=file.sha256)
            except InputError as error:
                self.refused += 1
                self.doubt(f"{place}, {file.name}", f"Left out: {error}")
                continue
            if not same:
                reason = "It is another file than the entry tells of. It comes in as it is."
                self.doubt(f"{place}, {file.name}", reason)
            found.append(msgspec.structs.replace(file, size=size))
        return found

    def doubt(self, place: str, reason: str) -> None:
        """Note what a person should know."""
        self.doubted += 1
        if len(self.doubts) < DOUBTS_LIMIT:
            self.doubts.append(Doubt(_shown(place), reason))

    def pass_over_others(self) -> None:
        """Once all was read: note what belongs to no entry."""
        others = self.carrier.others()
        self.passed_over = len(others)
        self.files = [_shown(name) for name in others[:DOUBTS_LIMIT]]

    def without(self, ids: Container[str]) -> list[Passed]:
        """Its entries that have none of these ids."""
        return [entry for entry in self.entries if entry.id not in ids]


def samples(entries: Sequence[Passed]) -> list[Passed]:
    """The first, the middle and the last of them, or all of fewer."""
    last = len(entries) - 1
    return [entries[number] for number in sorted({0, last // 2, last}) if last >= 0]


def span(entries: Iterable[Passed]) -> tuple[date, date] | None:
    """The first and the last day with one of them."""
    days = [entry.day for entry in entries]
    return (min(days), max(days)) if days else None


def no_journal() -> InputError:
    """What is raised for a file of no kind that is known."""
    return InputError(
        "This is no file that Herdbook can bring in.", fix="Choose one of those that are named."
    )


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
