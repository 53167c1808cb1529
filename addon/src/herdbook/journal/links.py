"""Which entry has which trace: SQL within the caller's transaction.

An entry that is deleted takes its traces along and has them again when it is brought back. A trace
that no entry has, not even a deleted one, is gone.
"""

from datetime import date
from typing import Any, Final

import apsw

from herdbook.errors import InputError, TraceUnknown
from herdbook.ids import random_id
from herdbook.journal.entry import entry_unknown
from herdbook.journal.trace import ENTRY_LIMIT, Trace, clean_name, fold

_PUT_AWAY: Final = """
INSERT INTO deleted_traces(entry_id, trace)
SELECT :id, trace FROM entry_traces WHERE entry = :entry ORDER BY rowid;
DELETE FROM entry_traces WHERE entry = :entry;
"""
_BRING_BACK: Final = """
INSERT INTO entry_traces(entry, trace, day)
SELECT entries.number, deleted_traces.trace, entries.day
FROM deleted_traces JOIN entries ON entries.id = deleted_traces.entry_id
WHERE deleted_traces.entry_id = :id ORDER BY deleted_traces.rowid;
DELETE FROM deleted_traces WHERE entry_id = :id;
"""
_DELETE: Final = """
DELETE FROM entry_traces WHERE trace = :trace;
DELETE FROM deleted_traces WHERE trace = :trace;
DELETE FROM traces WHERE number = :trace;
"""
# An entry that has both keeps the one.
_MERGE: Final = (
    """
UPDATE OR IGNORE entry_traces SET trace = :into WHERE trace = :trace;
UPDATE OR IGNORE deleted_traces SET trace = :into WHERE trace = :trace;
"""
    + _DELETE
)
_SETTLE: Final = """
DELETE FROM traces WHERE number = ?1
AND NOT EXISTS (SELECT 1 FROM entry_traces WHERE trace = ?1)
AND NOT EXISTS (SELECT 1 FROM deleted_traces WHERE trace = ?1)
"""


def add(connection: apsw.Connection, entry_id: str, name: str) -> Trace:
    """Give an entry a trace, a new one if there is none of that name; it may have it already.

    Raises `EntryUnknown`, `TextTooLong`, `InputError` for a name that is none or a trace too many.
    """
    name = clean_name(name)
    entry, day = _entry(connection, entry_id)
    number, trace = _named(connection, name) or _make(connection, name)
    connection.execute(
        "INSERT OR IGNORE INTO entry_traces(entry, trace, day) VALUES(?, ?, ?)",
        (entry, number, day),
    )
    given = connection.execute("SELECT 1 FROM entry_traces WHERE entry = ?", (entry,)).fetchall()
    if len(given) > ENTRY_LIMIT:
        raise InputError(
            f"An entry has at most {ENTRY_LIMIT} traces.",
            fix="Remove another one first.",
            reason="traces_full",
            limit=ENTRY_LIMIT,
        )
    return trace


def remove(connection: apsw.Connection, entry_id: str, trace_id: str) -> None:
    """Take a trace off an entry; one that it has not is no error. Raises `EntryUnknown`."""
    entry, _ = _entry(connection, entry_id)
    row = connection.execute("SELECT number FROM traces WHERE id = ?", (trace_id,)).fetchone()
    if row is not None:
        connection.execute(
            "DELETE FROM entry_traces WHERE entry = ? AND trace = ?", (entry, row[0])
        )
        connection.execute(_SETTLE, (row[0],))


def rename(connection: apsw.Connection, trace_id: str, name: str) -> Trace:
    """The trace that has the name then: this one, or another that had it before.

    In that case nothing is changed; `merge` makes one of the two. Raises `TraceUnknown`,
    `InputError`, `TextTooLong`.
    """
    name = clean_name(name)
    number = _number(connection, trace_id)
    found = _named(connection, name)
    if found is not None and found[0] != number:
        other, trace = found
        if connection.execute("SELECT 1 FROM entry_traces WHERE trace = ?", (other,)).fetchone():
            return trace
        # Only deleted entries have that one: nobody sees it any more.
        connection.execute(_MERGE, {"trace": other, "into": number})
    connection.execute(
        "UPDATE traces SET name = ?, folded = ? WHERE number = ?", (name, fold(name), number)
    )
    return Trace(trace_id, name)


def merge(connection: apsw.Connection, trace_id: str, into_id: str) -> None:
    """Give every entry of a trace another one in its place. Raises `TraceUnknown`."""
    number, into = _number(connection, trace_id), _number(connection, into_id)
    if number != into:
        connection.execute(_MERGE, {"trace": number, "into": into})


def delete(connection: apsw.Connection, trace_id: str) -> None:
    """Take a trace off every entry. Raises `TraceUnknown`."""
    connection.execute(_DELETE, {"trace": _number(connection, trace_id)})


def move(connection: apsw.Connection, entry_id: str, day: date) -> None:
    """Note that an entry lies on another day."""
    connection.execute(
        "UPDATE entry_traces SET day = ? "
        "WHERE entry = (SELECT number FROM entries WHERE id = ?) AND day <> ?",
        (day.isoformat(), entry_id, day.isoformat()),
    )


def put_away(connection: apsw.Connection, entry_id: str) -> None:
    """Keep aside the traces of an entry that is about to be deleted. Raises `EntryUnknown`."""
    entry, _ = _entry(connection, entry_id)
    connection.execute(_PUT_AWAY, {"id": entry_id, "entry": entry})


def bring_back(connection: apsw.Connection, entry_id: str) -> None:
    """Give an entry that was brought back its traces again."""
    connection.execute(_BRING_BACK, {"id": entry_id})


def forget_deleted(connection: apsw.Connection) -> None:
    """Forget which traces deleted entries had, and the traces that no other entry has."""
    numbers = connection.execute("SELECT DISTINCT trace FROM deleted_traces").fetchall()
    connection.execute("DELETE FROM deleted_traces")
    settle(connection, numbers)


def settle(connection: apsw.Connection, numbers: list[tuple[Any, ...]]) -> None:
    """Forget those traces, given as rows of their number, that no entry has any more."""
    connection.executemany(_SETTLE, numbers)


def _entry(connection: apsw.Connection, entry_id: str) -> tuple[int, str]:
    row = connection.execute("SELECT number, day FROM entries WHERE id = ?", (entry_id,)).fetchone()
    if row is None:
        raise entry_unknown()
    return row[0], row[1]


def _number(connection: apsw.Connection, trace_id: str) -> int:
    row = connection.execute("SELECT number FROM traces WHERE id = ?", (trace_id,)).fetchone()
    if row is None:
        raise trace_unknown()
    return int(row[0])


def _named(connection: apsw.Connection, name: str) -> tuple[int, Trace] | None:
    row = connection.execute(
        "SELECT number, id, name FROM traces WHERE folded = ?", (fold(name),)
    ).fetchone()
    return None if row is None else (row[0], Trace(row[1], row[2]))


def _make(connection: apsw.Connection, name: str) -> tuple[int, Trace]:
    trace = Trace(random_id(), name)
    connection.execute(
        "INSERT INTO traces(id, name, folded) VALUES(?, ?, ?)", (trace.id, name, fold(name))
    )
    return connection.last_insert_rowid(), trace


def trace_unknown() -> TraceUnknown:
    """What is raised where a trace is not, or not any more."""
    return TraceUnknown(
        "This trace is not in the journal.",
        fix="No entry has it any more, or it was merged into another. Look among the traces.",
    )
