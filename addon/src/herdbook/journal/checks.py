"""What holds for every row of a journal beyond what its schema enforces. SQL only."""

from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256

import apsw

from herdbook.errors import InputError
from herdbook.journal import indexing
from herdbook.journal import trace as traces
from herdbook.journal.entry import clean_text, read_day
from herdbook.journal.file import clean_name


def problems(connection: apsw.Connection) -> list[str]:
    """Sentences about rows that no Herdbook writes, naming them by number and never by text.

    What waits to be indexed is, where that can be written: in a copy.
    """
    _index(connection)
    return [
        *_entries(connection),
        *_drafts(connection),
        *_traces(connection),
        *_files(connection),
    ]


def _index(connection: apsw.Connection) -> None:
    """Nobody is to take an index for a wrong one only because something waits for it."""
    if _has_table(connection, "derived_indexed"):
        # An index that takes nothing is told of by who looks into indexes, not here.
        refused = apsw.CorruptError, apsw.ConstraintError, apsw.SQLError, apsw.ReadOnlyError
        with suppress(*refused), connection:
            indexing.catch_up(connection)


def _entries(connection: apsw.Connection) -> Iterator[str]:
    for number, day, text in connection.execute("SELECT number, day, text FROM entries"):
        try:
            read_day(day)
            if clean_text(text, may_be_empty=True) != text:
                yield f"Entry {number} has a text that no Herdbook writes."
        except InputError:
            yield f"Entry {number} has a day or a text that no Herdbook writes."


def _drafts(connection: apsw.Connection) -> Iterator[str]:
    for number, day in connection.execute("SELECT rowid, day FROM drafts"):
        try:
            read_day(day)
        except InputError:
            yield f"Draft {number} is of no day of the calendar."


def _traces(connection: apsw.Connection) -> Iterator[str]:
    if not _has_table(connection, "traces"):
        return
    for number, name, folded in connection.execute("SELECT number, name, folded FROM traces"):
        try:
            if traces.clean_name(name) != name or traces.fold(name) != folded:
                yield f"Trace {number} has a name that no Herdbook writes."
        except InputError:
            yield f"Trace {number} has no name."
    for entry, trace in connection.execute(
        "SELECT entry, trace FROM entry_traces JOIN entries ON number = entry "
        "WHERE entry_traces.day <> entries.day"
    ):
        yield f"Entry {entry} has its trace {trace} on another day than its own."


def _files(connection: apsw.Connection) -> Iterator[str]:
    if not _has_table(connection, "files"):
        return
    for number, name, size, digest in connection.execute(
        "SELECT number, name, size, sha256 FROM files WHERE state = 'kept'"
    ).fetchall():
        if clean_name(str(name)) != name:
            yield f"File {number} has a name that no Herdbook writes."
        found, length = sha256(), 0
        for expected, (place, piece) in enumerate(
            connection.execute(
                "SELECT place, bytes FROM file_pieces WHERE file = ? ORDER BY place", (number,)
            )
        ):
            length += len(piece) if place == expected else 0
            found.update(piece)
        if (length, found.digest()) != (size, digest):
            yield f"File {number} is not whole."
    for (number,) in connection.execute(
        "SELECT number FROM files WHERE entry_id NOT IN "
        "(SELECT id FROM entries UNION ALL SELECT id FROM deleted)"
    ):
        yield f"File {number} is of no entry."


def _has_table(connection: apsw.Connection, name: str) -> bool:
    """A copy of an older schema is looked at as it is."""
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (name,))
    return found.fetchone() is not None
