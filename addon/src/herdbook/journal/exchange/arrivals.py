"""Entries that came in with a file, and taking them out again: SQL in the caller's transaction."""

from typing import Final

import apsw
import msgspec

from herdbook.journal import attached, indexing, links
from herdbook.journal.exchange.passed import Passed

_UNDO: Final = """
UPDATE files SET state = 'gone', entry_id = NULL WHERE entry_id = :id;
DELETE FROM versions WHERE entry_id = :id;
DELETE FROM entry_traces WHERE entry = :number;
DELETE FROM entries WHERE number = :number;
DELETE FROM imported WHERE entry_id = :id;
"""
_FINISH: Final = """
DELETE FROM imported WHERE import = (SELECT number FROM imports WHERE id = ?1);
DELETE FROM imports WHERE id = ?1;
"""


class Import(msgspec.Struct, frozen=True):
    """A file that was brought in, and how many of its entries are still here."""

    id: str
    made_ms: int
    kind: str
    entries: int


class Known(msgspec.Struct, frozen=True):
    """The ids of a file's entries that are `here` already; `changed` have another text or day.

    `files` come with the others, `size` bytes in all.
    """

    here: frozenset[str]
    changed: int
    files: int = 0
    size: int = 0


def known(connection: apsw.Connection, entries: list[Passed]) -> Known:
    """Which of these entries the journal has, deleted ones that can be brought back too."""
    here: set[str] = set()
    changed = files = size = 0
    for entry in entries:
        row = connection.execute(
            "SELECT day, text FROM entries WHERE id = ?1 "
            "UNION ALL SELECT day, text FROM deleted WHERE id = ?1",
            (entry.id,),
        ).fetchone()
        if row is not None:
            here.add(entry.id)
            changed += row != (entry.day.isoformat(), entry.text)
        else:
            files += len(entry.files)
            size += sum(file.size for file in entry.files)
    return Known(frozenset(here), changed, files, size)


def begin(connection: apsw.Connection, import_id: str, kind: str, now: int) -> None:
    """Note that a file is being brought in."""
    connection.execute(
        "INSERT INTO imports(made_ms, kind, id) VALUES(?, ?, ?)", (now, kind, import_id)
    )


def take_in(
    connection: apsw.Connection,
    import_id: str,
    entries: list[Passed],
    composition: str | None = None,
) -> int:
    """Add the entries that are not here yet to a file's; returns how many that were.

    The files of a single one are those of its `composition`.
    """
    added = 0
    for entry in entries:
        connection.execute(
            "INSERT OR IGNORE INTO entries(id, day, created_ms, author, source, text, edited_ms) "
            "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS "
            "(SELECT 1 FROM deleted WHERE id = ?1)",
            (
                entry.id,
                entry.day.isoformat(),
                entry.created_ms,
                entry.author,
                entry.source,
                entry.text,
                entry.edited_ms,
            ),
        )
        if not connection.changes():
            continue
        added += 1
        connection.execute(
            "INSERT INTO imported(import, entry_id) SELECT number, ? FROM imports WHERE id = ?",
            (entry.id, import_id),
        )
        connection.executemany(
            "INSERT INTO versions(entry_id, written_ms, text) VALUES(?, ?, ?)",
            [(entry.id, version.written_ms, version.text) for version in entry.versions],
        )
        for name in entry.traces:
            links.add(connection, entry.id, name)
        if composition is not None:
            attached.send(connection, composition, entry.id)
            # So that what the person adds is the later one, whatever the file says.
            connection.execute(
                "UPDATE files SET added_ms = min(added_ms, "
                "(SELECT made_ms FROM imports WHERE id = ?) - 1) WHERE entry_id = ?",
                (import_id, entry.id),
            )
    # As they come: no search waits for thousands of them.
    indexing.catch_up(connection)
    return added


def listed(connection: apsw.Connection) -> list[Import]:
    """The files of which entries are still here, the last first."""
    return [
        Import(*row)
        for row in connection.execute(
            "SELECT id, made_ms, kind, count(*) FROM imports JOIN imported ON import = number "
            "GROUP BY number ORDER BY number DESC"
        )
    ]


def take_back(connection: apsw.Connection, import_id: str, limit: int) -> int:
    """Take out so many of a file's entries; returns how many that were, 0 once it is done.

    What the person has changed since, or given a file, stays and is an entry like any other.
    """
    rows = connection.execute(
        "SELECT entries.number, entries.id FROM imports JOIN imported ON import = imports.number "
        "JOIN entries ON entries.id = entry_id "
        "WHERE imports.id = ? AND (edited_ms IS NULL OR edited_ms < made_ms) "
        "AND NOT EXISTS (SELECT 1 FROM files WHERE files.entry_id = entries.id "
        "AND state = 'kept' AND added_ms >= made_ms) LIMIT ?",
        (import_id, limit),
    ).fetchall()
    for number, entry_id in rows:
        traces = connection.execute(
            "SELECT trace FROM entry_traces WHERE entry = ?", (number,)
        ).fetchall()
        connection.execute(_UNDO, {"id": entry_id, "number": number})
        links.settle(connection, traces)
    return len(rows)


def forget(connection: apsw.Connection, import_id: str) -> int:
    """Forget that a file was brought in; returns how many entries of it remain."""
    remain = connection.execute(
        "SELECT count(*) FROM imports JOIN imported ON import = number WHERE id = ?", (import_id,)
    ).fetchone()
    connection.execute(_FINISH, (import_id,) * 2)
    return 0 if remain is None else int(remain[0])
