"""The entries of days: SQL within the caller's transaction. What becomes of one is in `history`."""

from datetime import date

import apsw

from herdbook.journal import attached
from herdbook.journal import draft as drafts
from herdbook.journal.entry import Entry


def on_day(connection: apsw.Connection, day: date) -> list[Entry]:
    """A day's entries, oldest first."""
    return [
        Entry(entry_id, day, *rest)
        for entry_id, *rest in connection.execute(
            "SELECT id, created_ms, text, author, source, edited_ms FROM entries "
            "WHERE day = ? ORDER BY created_ms, number",
            (day.isoformat(),),
        )
    ]


def between(connection: apsw.Connection, first: date, last: date, limit: int) -> list[Entry]:
    """The entries of some days, `limit` of them at most, oldest first."""
    return [
        Entry(entry_id, date.fromisoformat(day), *rest)
        for entry_id, day, *rest in connection.execute(
            "SELECT id, day, created_ms, text, author, source, edited_ms FROM entries "
            "WHERE day BETWEEN ? AND ? ORDER BY day, created_ms, number LIMIT ?",
            (first.isoformat(), last.isoformat(), limit),
        )
    ]


def add_once(connection: apsw.Connection, entry: Entry, composition: str | None) -> bool:
    """Keep an entry, with its composition's files in place of its draft.

    False, and nothing is kept, if the composition is this very entry already. Raises `InputError`
    when it has neither words nor files.
    """
    if composition is not None:
        drafts.drop(connection, composition)
        if entry.text in drafts.sent(connection, composition):
            return False
    connection.execute(
        "INSERT INTO entries(id, day, created_ms, author, source, text, composition) "
        "VALUES(?, ?, ?, ?, ?, ?, ?)",
        (
            entry.id,
            entry.day.isoformat(),
            entry.created_ms,
            entry.author,
            entry.source,
            entry.text,
            composition,
        ),
    )
    if composition is not None:
        attached.send(connection, composition, entry.id)
    attached.check_words(connection, entry.id, entry.text)
    return True
