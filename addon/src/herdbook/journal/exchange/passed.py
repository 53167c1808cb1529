"""An entry on its way out of a journal or into one. Pure.

Its fields are those of the JSON that docs/exchange.md describes.
"""

import re
from datetime import date
from typing import Annotated, Final, Self

import msgspec

from herdbook.clock import LAST_MS
from herdbook.errors import InputError
from herdbook.journal.entry import SOURCE_LIMIT, Author, clean_text
from herdbook.journal.file import DESCRIPTION_LIMIT, File, clean_description
from herdbook.journal.file import clean_name as clean_file_name
from herdbook.journal.history import VERSIONS, Version
from herdbook.journal.trace import ENTRY_LIMIT, clean_name, fold

_ID: Final = re.compile(r"[0-9a-f]{32}")

Moment = Annotated[int, msgspec.Meta(ge=0, le=LAST_MS)]
"""Milliseconds since 1970-01-01 UTC."""


class PassedFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A photo or file of an entry: all but its bytes, which are found by its `path`.

    `sha256` is in hexadecimal digits; the rest is as in `File`.
    """

    name: str
    added_ms: Moment
    kind: str = ""
    size: int = 0
    sha256: str = ""
    description: str = ""
    path: str = ""

    @classmethod
    def of(cls, file: File, path: str = "") -> Self:
        """A file as it goes out, with its bytes at `path`."""
        about = (file.added_ms, file.kind, file.size, file.sha256.hex(), file.description)
        return cls(file.name, *about, path)


class Passed(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry with all that belongs to it.

    `traces` are names, in the order in which they were given; `versions` what it said before, the
    oldest first; `files` stand in the order in which they came. The rest is as in `Entry`.
    """

    id: str
    day: date
    created_ms: Moment
    text: str
    author: Author
    source: str | None = None
    edited_ms: Moment | None = None
    traces: list[str] = []
    versions: list[Version] = []
    files: list[PassedFile] = []


class Leaving(msgspec.Struct, frozen=True):
    """An entry on its way out, still without its `files`: whoever writes them says where."""

    entry: Passed
    files: list[File]


def checked(passed: Passed) -> Passed:
    """The entry as a journal keeps it. Raises `InputError`, `TextTooLong` for what none keeps.

    Its files are looked into elsewhere (see `carried`).
    """
    if not _ID.fullmatch(passed.id):
        raise InputError("An entry's id has 32 hexadecimal digits.")
    if passed.author == "person" and passed.source is not None:
        raise InputError("Only what the house wrote has a source.")
    if any(not 0 <= version.written_ms <= LAST_MS for version in passed.versions):
        raise InputError("An earlier text is from no time of the calendar.")
    names = {fold(name): name for name in map(clean_name, reversed(passed.traces))}
    if len(names) > ENTRY_LIMIT:
        raise InputError(f"An entry has at most {ENTRY_LIMIT} traces.")
    return msgspec.structs.replace(
        passed,
        text=clean_text(passed.text, may_be_empty=bool(passed.files)),
        source=clean_text(passed.source)[:SOURCE_LIMIT] if passed.source else None,
        traces=list(reversed(names.values())),
        versions=[
            # It may have had photos alone.
            Version(version.written_ms, clean_text(version.text, may_be_empty=True))
            for version in passed.versions[-VERSIONS:]
        ],
        files=[_checked_file(file) for file in passed.files],
    )


def _checked_file(file: PassedFile) -> PassedFile:
    return msgspec.structs.replace(
        file,
        name=clean_file_name(file.name),
        description=clean_description(file.description[:DESCRIPTION_LIMIT]),
    )
