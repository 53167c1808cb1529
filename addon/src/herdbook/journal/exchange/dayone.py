"""Reads exports of Day One as JSON: a zip of journals with their photos, or one journal alone.

Its times are UTC and say in which time zone they were: an entry is on the day that it was there.
Stars, places and weather are not kept.
"""

from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from herdbook.errors import InputError
from herdbook.journal.exchange.archive import Archive
from herdbook.journal.exchange.dayone_text import named, plain
from herdbook.journal.exchange.incoming import Incoming, derived_id, fitting, moment
from herdbook.journal.exchange.markdown_reader import SUFFIXES
from herdbook.journal.exchange.outline import read_outline
from herdbook.journal.exchange.passed import Passed

_JOURNAL: Final = ".json"


class _File(msgspec.Struct):
    identifier: str
    md5: str = ""
    type: str = ""


class _Entry(msgspec.Struct, rename="camel"):
    creation_date: str
    uuid: str = ""
    time_zone: str | None = None
    text: str | None = None
    tags: list[str] = []
    photos: list[_File] = []
    videos: list[_File] = []
    audios: list[_File] = []
    pdf_attachments: list[_File] = []

    def files(self) -> dict[str, str]:
        """The names in the zip of what belongs to it, by what the text calls them."""
        folders = (
            ("photos", "jpeg", self.photos),
            ("videos", "mov", self.videos),
            ("audios", "m4a", self.audios),
            ("pdfs", "pdf", self.pdf_attachments),
        )
        return {
            file.identifier: f"{folder}/{file.md5}.{file.type or usual}"
            for folder, usual, files in folders
            for file in files
        }


def is_dayone(archive: Archive) -> bool:
    """Whether a zip is such an export: journals in JSON, and no text besides."""
    names = [name.lower() for name in archive.names]
    return any(name.endswith(_JOURNAL) for name in names) and not any(
        name.endswith(SUFFIXES) for name in names
    )


def read_dayone(archive: Archive, zone: tzinfo) -> Incoming:
    """The entries of every journal in a zip. Raises `InputError` as `Archive.read` does."""
    reader = _Reader(zone)
    for name in archive.names:
        if not name.lower().endswith(_JOURNAL):
            reader.incoming.pass_over(name)
            continue
        body = archive.read(name)
        try:
            outline = read_outline(body)
        except InputError as error:
            reader.incoming.add(name, error)
        else:
            reader.read(outline.entries, f"{name}, entry")
    return reader.incoming


def read_dayone_json(entries: list[msgspec.Raw], zone: tzinfo) -> Incoming:
    """The entries of one journal. Raises `InputError` for too many."""
    reader = _Reader(zone)
    reader.read(entries, "Entry")
    return reader.incoming


class _Reader:
    """Gathers the entries of all journals of a file. `zone` is for times that say none."""

    def __init__(self, zone: tzinfo) -> None:
        self.incoming = Incoming("dayone")
        self._zone = zone
        self._known = available_timezones()
        self._unknown: set[str] = set()

    def read(self, entries: list[msgspec.Raw], place: str) -> None:
        """Take in the entries of a journal."""
        for number, raw in enumerate(entries, 1):
            here = f"{place} {number}"
            try:
                found = msgspec.json.decode(raw, type=_Entry)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                self.incoming.add(here, InputError("It is not as Day One writes it."))
                continue
            try:
                entry = self._entry(found, here)
            except InputError as error:
                self.incoming.add(here, error)
            else:
                self.incoming.add(here, entry)

    def _entry(self, found: _Entry, place: str) -> Passed:
        try:
            at = datetime.fromisoformat(found.creation_date)
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            day = at.astimezone(self._zone_of(found.time_zone)).date()
        except (ValueError, OverflowError) as error:
            raise InputError(f"“{found.creation_date[:40]}” is no time of the calendar.") from error
        told = (found.uuid.upper(),) if found.uuid else (found.creation_date, found.text or "")
        return Passed(
            derived_id("dayone", *told),
            day,
            moment(at, UTC),
            named(plain(found.text or ""), found.files()),
            "person",
            traces=fitting(self.incoming, place, found.tags),
        )

    def _zone_of(self, name: str | None) -> tzinfo:
        if name is None:
            return self._zone
        if name in self._known:
            return ZoneInfo(name)
        if name not in self._unknown:
            self._unknown.add(name)
            reason = "This time zone is not known: its entries are on their day in your own."
            self.incoming.doubt(name, reason)
        return self._zone
