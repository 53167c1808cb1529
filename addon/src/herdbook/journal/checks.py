"""What holds for every row of a journal beyond what its schema enforces. SQL only."""

from collections.abc import Iterator

import apsw

from herdbook.errors import InputError
from herdbook.journal.entry import clean_text, read_day
from herdbook.journal.trace import clean_name, fold


def problems(connection: apsw.Connection) -> list[str]:
    """Sentences about rows that no Herdbook writes, naming them by number and never by text."""
    return [*_entries(connection), *_drafts(connection), *_traces(connection)]


def _entries(connection: apsw.Connection) -> Iterator[str]:
    for number, day, text in connection.execute("SELECT number, day, text FROM entries"):
        try:
            read_day(day)
            if clean_text(text) != text:
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
    # A copy of an older schema is looked at as it is.
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'traces'").fetchone():
        return
    for number, name, folded in connection.execute("SELECT number, name, folded FROM traces"):
        try:
            if clean_name(name) != name or fold(name) != folded:
                yield f"Trace {number} has a name that no Herdbook writes."
        except InputError:
            yield f"Trace {number} has no name."
    for entry, trace in connection.execute(
        "SELECT entry, trace FROM entry_traces JOIN entries ON number = entry "
        "WHERE entry_traces.day <> entries.day"
    ):
        yield f"Entry {entry} has its trace {trace} on another day than its own."
