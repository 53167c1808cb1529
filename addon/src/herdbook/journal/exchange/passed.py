"""An entry on its way out of a journal or into one. Pure.

Its fields are those of the JSON that docs/exchange.md describes.
"""

import re
from datetime import date
from typing import Annotated, Final

import msgspec

from herdbook.clock import LAST_MS
from herdbook.errors import InputError
from herdbook.journal.entry import SOURCE_LIMIT, Author, clean_text
from herdbook.journal.history import VERSIONS, Version
from herdbook.journal.trace import ENTRY_LIMIT, clean_name, fold

_ID: Final = re.compile(r"[0-9a-f]{32}")

Moment = Annotated[int, msgspec.Meta(ge=0, le=LAST_MS)]
"""Milliseconds since 1970-01-01 UTC."""


class Passed(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry with all that belongs to it.

    `traces` are names, in the order in which they were given; `versions` what it said before, the
    oldest first. The rest is as in `Entry`.
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


def checked(passed: Passed) -> Passed:
    """The entry as a journal keeps it. Raises `InputError`, `TextTooLong` for what none keeps."""
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
        text=clean_text(passed.text),
        source=clean_text(passed.source)[:SOURCE_LIMIT] if passed.source else None,
        traces=list(reversed(names.values())),
        versions=[
            Version(version.written_ms, clean_text(version.text))
            for version in passed.versions[-VERSIONS:]
        ],
    )
