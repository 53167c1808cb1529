"""Reads exports of Day One as JSON: a zip of journals with their photos, or one journal alone.

Its times are UTC and say in which time zone they were: an entry is on the day that it was there.
Stars, places and weather are not kept.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from herdbook.errors import InputError
from herdbook.journal.exchange.archive import Archive
from herdbook.journal.exchange.dayone_text import identifiers, named, plain
from herdbook.journal.exchange.incoming import Incoming, derived_id, fitting, moment
from herdbook.journal.exchange.markdown_reader import SUFFIXES
from herdbook.journal.exchange.outline import read_outline
from herdbook.journal.exchange.passed import Passed, PassedFile

_JOURNAL: Final = ".json"


class _File(msgspec.Struct, rename="camel"):
    identifier: str
    md5: str = ""
    type: str | None = None
    filename: str | None = None
    date: str | None = None


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

    def files(self, created_ms: int) -> dict[str, PassedFile]:
        """What belongs to it and where it lies in the zip, by what the text calls it.

        First what the text shows, in that order.
        """
        found = dict(self._files(created_ms))
        shown = [one for one in identifiers(self.text or "") if one in found]
        return {one: found[one] for one in (*shown, *found)}

    def _files(self, created_ms: int) -> Iterator[tuple[str, PassedFile]]:
        for folder, called, usual, files in (
            ("photos", "photo", "jpeg", self.photos),
            ("videos", "video", "mov", self.videos),
            ("audios", "audio", "m4a", self.audios),
            ("pdfs", "document", "pdf", self.pdf_attachments),
        ):
            for number, file in enumerate(files, 1):
                ending = file.type or usual
                stem = (file.filename or "").rpartition(".")[0] or f"{called} {number}"
                added_ms = created_ms
                with suppress(ValueError):
                    if file.date:
                        added_ms = moment(datetime.fromisoformat(file.date), UTC)
                path = f"{folder}/{file.md5}.{ending}"
                name = f"{stem}.{ending}"
                yield file.identifier, PassedFile(name, added_ms, sha256=file.md5, path=path)


def is_dayone(archive: Archive) -> bool:
    """Whether a zip is such an export: journals in JSON, and no text besides."""
    names = [name.lower() for name in archive.names]
    return any(name.endswith(_JOURNAL) for name in names) and not any(
        name.endswith(SUFFIXES) for name in names
    )


def read_dayone(archive: Archive, zone: tzinfo, *, keep_place: bool) -> Incoming:
    """The entries of every journal in a zip. Raises `InputError` as `Archive.read` does."""
    reader = _Reader(Incoming("dayone", archive, keep_place=keep_place), zone)
    for name in archive.names:
        if not name.lower().endswith(_JOURNAL):
            continue
        body = archive.read(name)
        try:
            outline = read_outline(body)
        except InputError as error:
            reader.incoming.add(name, error)
        else:
            reader.read(outline.entries, f"{name}, entry", name.rpartition("/")[0])
    reader.incoming.pass_over_others()
    return reader.incoming


def read_dayone_json(entries: list[msgspec.Raw], zone: tzinfo) -> Incoming:
    """The entries of one journal without its photos. Raises `InputError` for too many."""
    reader = _Reader(Incoming("dayone"), zone)
    reader.read(entries, "Entry", None)
    return reader.incoming


class _Reader:
    """Gathers the entries of all journals of a file. `zone` is for times that say none."""

    def __init__(self, incoming: Incoming, zone: tzinfo) -> None:
        self.incoming = incoming
        self._zone = zone
        self._known = available_timezones()
        self._unknown: set[str] = set()

    def read(self, entries: list[msgspec.Raw], place: str, folder: str | None) -> None:
        """Take in the entries of a journal, whose photos lie in `folder`, if they came along."""
        for number, raw in enumerate(entries, 1):
            here = f"{place} {number}"
            try:
                found = msgspec.json.decode(raw, type=_Entry)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                self.incoming.add(here, InputError("It is not as Day One writes it."))
                continue
            try:
                entry = self._entry(found, here, folder)
            except InputError as error:
                self.incoming.add(here, error)
            else:
                self.incoming.add(here, entry)

    def _entry(self, found: _Entry, place: str, folder: str | None) -> Passed:
        try:
            at = datetime.fromisoformat(found.creation_date)
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            day = at.astimezone(self._zone_of(found.time_zone)).date()
        except (ValueError, OverflowError) as error:
            raise InputError(f"“{found.creation_date[:40]}” is no time of the calendar.") from error
        told = (found.uuid.upper(),) if found.uuid else (found.creation_date, found.text or "")
        created_ms = moment(at, UTC)
        files = found.files(created_ms)
        coming = {} if folder is None else self._coming(place, files, folder)
        lost = {key: file.path for key, file in files.items() if key not in coming}
        names = {key: file.name for key, file in coming.items()}
        return Passed(
            derived_id("dayone", *told),
            day,
            created_ms,
            named(plain(found.text or ""), names, lost),
            "person",
            traces=fitting(self.incoming, place, found.tags),
            files=list(coming.values()),
        )

    def _coming(
        self, place: str, files: dict[str, PassedFile], folder: str
    ) -> dict[str, PassedFile]:
        """Those that are there and can be kept."""
        coming: dict[str, PassedFile] = {}
        for key, file in files.items():
            path = f"{folder}/{file.path}" if folder else file.path
            there = msgspec.structs.replace(file, path=path)
            if found := self.incoming.looked_into(place, [there], len(coming)):
                coming[key] = found[0]
        return coming

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
