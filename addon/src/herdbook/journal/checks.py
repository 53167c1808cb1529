"""What holds for every row of a journal beyond what its schema enforces. SQL only."""

from collections.abc import Iterator

import apsw

from herdbook.errors import InputError
from herdbook.journal.entry import clean_text, read_day


def problems(connection: apsw.Connection) -> list[str]:
    """Sentences about rows that no Herdbook writes, naming them by number and never by text."""
    return [*_entries(connection), *_drafts(connection)]


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
