"""Changing an entry, and taking it back: SQL within the caller's transaction."""

from datetime import date
from typing import Final

import apsw
import msgspec

from herdbook.journal import attached, links
from herdbook.journal.entry import Entry, entry_unknown

VERSIONS: Final = 20
"""Earlier texts of one entry that are kept."""

_DELETE: Final = """
INSERT INTO deleted(id, day, created_ms, author, source, text, edited_ms, composition)
SELECT id, day, created_ms, author, source, text, edited_ms, composition FROM entries WHERE id = ?1;
DELETE FROM entries WHERE id = ?1;
"""
_RESTORE: Final = """
INSERT INTO entries(id, day, created_ms, author, source, text, edited_ms, composition)
SELECT id, day, created_ms, author, source, text, edited_ms, composition FROM deleted WHERE id = ?1;
DELETE FROM deleted WHERE id = ?1;
"""


class Version(msgspec.Struct, frozen=True):
    """What an entry said from `written_ms` on, until it was changed."""

    written_ms: int
    text: str


class Earlier(Version, frozen=True):
    """A version that can be taken back by its `number`, which no other one has."""

    number: int


def find(connection: apsw.Connection, entry_id: str) -> Entry:
    """An entry. Raises `EntryUnknown`."""
    row = connection.execute(
        "SELECT id, day, created_ms, text, author, source, edited_ms FROM entries WHERE id = ?",
        (entry_id,),
    ).fetchone()
    if row is None:
        raise entry_unknown()
    return Entry(row[0], date.fromisoformat(row[1]), *row[2:])


def change(
    connection: apsw.Connection,
    entry_id: str,
    day: date,
    text: str,
    composition: str | None,
    now: int,
) -> Entry:
    """Give an entry another text, keeping the one before, or another day, and its change's files.

    Without a `composition` it stays the one that it was last sent as.
    Raises `EntryUnknown`, `FilesTooMany`, `InputError` when neither words nor files are left.
    """
    entry = find(connection, entry_id)
    edited_ms = entry.edited_ms
    if text != entry.text:
        edited_ms = now
        connection.execute(
            "INSERT INTO versions(entry_id, written_ms, text) VALUES(?, ?, ?)",
            (entry_id, entry.edited_ms or entry.created_ms, entry.text),
        )
        connection.execute(
            "DELETE FROM versions WHERE entry_id = ?1 AND number <= ("
            "SELECT number FROM versions WHERE entry_id = ?1 "
            "ORDER BY number DESC LIMIT 1 OFFSET ?2)",
            (entry_id, VERSIONS),
        )
    connection.execute(
        "UPDATE entries SET text = ?, day = ?, edited_ms = ?, "
        "composition = coalesce(?, composition) WHERE id = ?",
        (text, day.isoformat(), edited_ms, composition, entry_id),
    )
    links.move(connection, entry_id, day)
    if composition is not None:
        attached.send(connection, composition, entry_id)
    attached.check_words(connection, entry_id, text)
    return msgspec.structs.replace(entry, text=text, day=day, edited_ms=edited_ms)


def versions(connection: apsw.Connection, entry_id: str) -> list[Earlier]:
    """What an entry said before, newest first."""
    return [
        Earlier(*row)
        for row in connection.execute(
            "SELECT written_ms, text, number FROM versions WHERE entry_id = ? ORDER BY number DESC",
            (entry_id,),
        )
    ]


def take_back(
    connection: apsw.Connection, entry_id: str, number: int, newest: int, now: int
) -> Entry | None:
    """Give an entry the earlier text of that number; the present one is kept as one of them.

    None, and nothing is done, if `newest` is not the newest of them any more: its text has been
    changed since. Raises `EntryUnknown`, `InputError` when neither words nor files would be left.
    """
    entry = find(connection, entry_id)
    kept = {one.number: one.text for one in versions(connection, entry_id)}
    if number not in kept or newest != max(kept):
        return None
    return change(connection, entry_id, entry.day, kept[number], None, now)


def delete(connection: apsw.Connection, entry_id: str) -> Entry:
    """Take an entry out of the journal; it can be brought back. Raises `EntryUnknown`."""
    entry = find(connection, entry_id)
    links.put_away(connection, entry_id)
    connection.execute(_DELETE, (entry_id,) * 2)
    return entry


def restore(connection: apsw.Connection, entry_id: str) -> Entry:
    """Bring a deleted entry back to its day. Raises `EntryUnknown`."""
    connection.execute(_RESTORE, (entry_id,) * 2)
    links.bring_back(connection, entry_id)
    return find(connection, entry_id)


def deleted_on_day(connection: apsw.Connection, day: date) -> list[Entry]:
    """What was deleted of a day and can be brought back, oldest first."""
    return [
        Entry(entry_id, day, *rest)
        for entry_id, *rest in connection.execute(
            "SELECT id, created_ms, text, author, source, edited_ms FROM deleted WHERE day = ? "
            "ORDER BY created_ms, id",
            (day.isoformat(),),
        )
    ]


def has_deleted(connection: apsw.Connection) -> bool:
    """Whether anything waits to be forgotten."""
    found = connection.execute("SELECT 1 FROM deleted LIMIT 1").fetchone()
    return found is not None or attached.has_any_to_forget(connection)


def forget_deleted(connection: apsw.Connection) -> None:
    """Forget deleted entries: what they said before, how they were being changed, their traces.

    Their files are seen by nobody from then on; `attached.sweep` deletes those.
    """
    connection.execute("DELETE FROM versions WHERE entry_id IN (SELECT id FROM deleted)")
    connection.execute("DELETE FROM drafts WHERE entry_id IN (SELECT id FROM deleted)")
    connection.execute("DELETE FROM imported WHERE entry_id IN (SELECT id FROM deleted)")
    links.forget_deleted(connection)
    attached.forget(connection)
    connection.execute("DELETE FROM deleted")
