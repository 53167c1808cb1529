"""Which files an entry or a composition has: SQL within the caller's transaction.

A file comes to a composition and becomes the entry's when that is sent. An entry that is deleted
keeps its files and has them again when it is brought back. What is `gone` is seen by nobody; its
pieces are deleted bit by bit, in transactions of their own, so that nobody waits for them.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import apsw
import msgspec

from herdbook.errors import InputError
from herdbook.journal.file import ENTRY_LIMIT, File, file_unknown, too_many

_FIELDS: Final = "id, added_ms, name, description, kind, size, sha256, width, height"
_PADDING: Final = 4_029
"""Bytes of a row that may lie in a page with others, at most."""
_SEVERAL: Final = 8
"""Pieces that are deleted in one transaction: two mebibytes."""


class Attached(msgspec.Struct, frozen=True):
    """A file in the writing field; `dropped` when sending takes it off its entry."""

    file: File
    dropped: bool


def begin(connection: apsw.Connection, file_id: str, now: int) -> int:
    """Make room for a file whose bytes are about to come; returns its number."""
    connection.execute(
        "INSERT INTO files(id, state, added_ms, name, description, kind, size, sha256) "
        "VALUES(?, 'arriving', ?, '', '', '', 0, x'')",
        (file_id, now),
    )
    return connection.last_insert_rowid()


def add_piece(connection: apsw.Connection, number: int, place: int, piece: bytes) -> bool:
    """Keep a piece; whether its file still arrives, rather than being given up."""
    connection.execute(
        "INSERT INTO file_pieces(file, place, padding, bytes) "
        "SELECT number, ?, zeroblob(?), ? FROM files WHERE number = ? AND state = 'arriving'",
        (place, _PADDING, piece, number),
    )
    return connection.changes() == 1


def finish(
    connection: apsw.Connection,
    number: int,
    file: File,
    owner: tuple[str | None, str | None],
    thumbnail: bytes | None,
) -> File:
    """Keep a file whose pieces are all here; the one that is the same, if `owner` has it already.

    `owner` is an entry's id and a composition, either of which may be missing. What was sent as the
    composition meanwhile gets the file. Raises `FilesTooMany`, `FileUnknown` when it was given up.
    """
    entry_id, composition = owner
    if composition is not None:
        sent = sent_as(connection, composition)
        if sent is not None:
            entry_id, composition = sent, None
    present = [one.file for one in of_field(connection, composition, entry_id) if not one.dropped]
    same = next((one for one in present if one.sha256 == file.sha256), None)
    if same is not None:
        connection.execute("UPDATE files SET state = 'gone' WHERE number = ?", (number,))
        return same
    if len(present) >= ENTRY_LIMIT:
        raise too_many()
    connection.execute(
        "UPDATE files SET state = 'kept', entry_id = ?, composition = ?, added_ms = ?, name = ?, "
        "description = ?, kind = ?, size = ?, sha256 = ?, width = ?, height = ? "
        "WHERE number = ? AND state = 'arriving'",
        (
            None if composition else entry_id,
            composition,
            file.added_ms,
            file.name,
            file.description,
            file.kind,
            file.size,
            file.sha256,
            file.width,
            file.height,
            number,
        ),
    )
    if not connection.changes():
        raise file_unknown()
    if thumbnail is not None:
        connection.execute(
            "INSERT INTO thumbnails(file, padding, bytes) VALUES(?, zeroblob(?), ?)",
            (number, _PADDING, thumbnail),
        )
    return file


def give_up(connection: apsw.Connection, number: int) -> None:
    """Let go of a file that does not come whole."""
    connection.execute(
        "UPDATE files SET state = 'gone' WHERE number = ? AND state = 'arriving'", (number,)
    )


def find(connection: apsw.Connection, file_id: str) -> tuple[int, File, str | None]:
    """A file, with its number and the id of the entry that has it. Raises `FileUnknown`."""
    row = connection.execute(
        f"SELECT number, entry_id, {_FIELDS} FROM files WHERE id = ? AND state = 'kept'",  # noqa: S608
        (file_id,),
    ).fetchone()
    if row is None:
        raise file_unknown()
    return row[0], File(*row[2:]), row[1]


def piece(connection: apsw.Connection, file_id: str, place: int) -> bytes:
    """A piece of a file. Raises `FileUnknown`."""
    row = connection.execute(
        "SELECT bytes FROM file_pieces JOIN files ON files.number = file "
        "WHERE id = ? AND state = 'kept' AND place = ?",
        (file_id, place),
    ).fetchone()
    if row is None:
        raise file_unknown()
    return bytes(row[0])


def thumbnail(connection: apsw.Connection, file_id: str) -> bytes:
    """A picture's thumbnail. Raises `FileUnknown`."""
    row = connection.execute(
        "SELECT bytes FROM thumbnails JOIN files ON files.number = file "
        "WHERE id = ? AND state = 'kept'",
        (file_id,),
    ).fetchone()
    if row is None:
        raise file_unknown()
    return bytes(row[0])


def of_entries(connection: apsw.Connection, entry_ids: Iterable[str]) -> dict[str, list[File]]:
    """The files of some entries, in the order in which they came; entries without any left out."""
    found: defaultdict[str, list[File]] = defaultdict(list)
    for entry_id, *fields in connection.execute(
        f"SELECT entry_id, {_FIELDS} FROM files "  # noqa: S608
        "WHERE entry_id IN (SELECT value FROM json_each(?)) AND state = 'kept' ORDER BY number",
        (msgspec.json.encode(list(entry_ids)).decode(),),
    ):
        found[entry_id].append(File(*fields))
    return dict(found)


def of_field(
    connection: apsw.Connection, composition: str | None, entry_id: str | None
) -> list[Attached]:
    """What a writing field has: the files of the entry it changes, and those that came to it."""
    return [
        Attached(File(*fields), bool(dropped_by) and dropped_by == composition)
        for dropped_by, *fields in connection.execute(
            f"SELECT dropped_by, {_FIELDS} FROM files "  # noqa: S608
            "WHERE (entry_id = ? OR composition = ?) AND state = 'kept' ORDER BY number",
            (entry_id, composition),
        )
    ]


def waiting(connection: apsw.Connection) -> dict[str, int]:
    """How many files wait with each composition."""
    return {
        str(composition): int(count)
        for composition, count in connection.execute(
            "SELECT composition, count(*) FROM files "
            "WHERE composition IS NOT NULL AND state = 'kept' GROUP BY composition"
        )
    }


def has_any(connection: apsw.Connection, composition: str) -> bool:
    """Whether a composition is more than its words: files came to it, or are to go with it."""
    return (
        connection.execute(
            "SELECT 1 FROM files WHERE (composition = ?1 OR dropped_by = ?1) AND state = 'kept' "
            "LIMIT 1",
            (composition,),
        ).fetchone()
        is not None
    )


def send(connection: apsw.Connection, composition: str, entry_id: str) -> None:
    """Give an entry the files of the composition it was made or changed by, and take off others.

    Raises `FilesTooMany`.
    """
    connection.execute(
        "UPDATE files SET state = 'gone' WHERE dropped_by = ? AND entry_id = ?",
        (composition, entry_id),
    )
    connection.execute(
        "UPDATE files SET entry_id = ?, composition = NULL WHERE composition = ? "
        "AND state = 'kept'",
        (entry_id, composition),
    )
    if len(of_entries(connection, [entry_id]).get(entry_id, [])) > ENTRY_LIMIT:
        raise too_many()


def check_words(connection: apsw.Connection, entry_id: str, text: str) -> None:
    """Raise `InputError` for an entry with neither words nor files."""
    if not text and not of_entries(connection, [entry_id]):
        raise InputError("There is nothing to keep: the entry is empty.")


def discard(connection: apsw.Connection, composition: str) -> None:
    """Let go of a composition that is not sent: its files go, those it was to take off stay."""
    connection.execute("UPDATE files SET dropped_by = NULL WHERE dropped_by = ?", (composition,))
    connection.execute(
        "UPDATE files SET state = 'gone' WHERE composition = ? AND state = 'kept'", (composition,)
    )


def take_off(connection: apsw.Connection, file_id: str, composition: str) -> None:
    """Take a file out of a writing field: at once if it came there, else when that is sent.

    Raises `FileUnknown`.
    """
    number, _, entry_id = find(connection, file_id)
    if entry_id is None:
        connection.execute(
            "UPDATE files SET state = 'gone' WHERE number = ? AND composition = ?",
            (number, composition),
        )
    else:
        connection.execute(
            "UPDATE files SET dropped_by = ? WHERE number = ?", (composition, number)
        )


def put_back(connection: apsw.Connection, file_id: str, composition: str) -> None:
    """Take back that a file is to be taken off its entry. Raises `FileUnknown`."""
    number, _, _ = find(connection, file_id)
    connection.execute(
        "UPDATE files SET dropped_by = NULL WHERE number = ? AND dropped_by = ?",
        (number, composition),
    )


def describe(connection: apsw.Connection, file_id: str, description: str) -> None:
    """Say what a file shows. Raises `FileUnknown`."""
    number, _, _ = find(connection, file_id)
    connection.execute("UPDATE files SET description = ? WHERE number = ?", (description, number))


def forget(connection: apsw.Connection) -> None:
    """Let go of what nobody can have any more: files of deleted entries, of compositions that are
    neither written nor sent, and what was arriving when the vault closed.
    """
    connection.execute("UPDATE files SET state = 'gone' WHERE state = 'arriving'")
    connection.execute(
        "UPDATE files SET state = 'gone' WHERE entry_id IN (SELECT id FROM deleted) OR ("
        "composition IS NOT NULL AND composition NOT IN (SELECT composition FROM drafts))"
    )
    connection.execute(
        "UPDATE files SET dropped_by = NULL WHERE dropped_by IS NOT NULL "
        "AND dropped_by NOT IN (SELECT composition FROM drafts)"
    )


def has_any_to_forget(connection: apsw.Connection) -> bool:
    """Whether `forget` or `sweep` has something to do, beside what is in deleted."""
    return (
        connection.execute(
            "SELECT 1 FROM files WHERE state <> 'kept' UNION ALL "
            "SELECT 1 FROM files WHERE composition IS NOT NULL "
            "AND composition NOT IN (SELECT composition FROM drafts) LIMIT 1"
        ).fetchone()
        is not None
    )


def sweep(connection: apsw.Connection) -> bool:
    """Delete some of what is gone; whether there is more."""
    row = connection.execute(
        # The first condition is the index's.
        "SELECT number FROM files WHERE state <> 'kept' AND state = 'gone' LIMIT 1"
    ).fetchone()
    if row is None:
        return False
    connection.execute(
        "DELETE FROM file_pieces WHERE number IN "
        "(SELECT number FROM file_pieces WHERE file = ? LIMIT ?)",
        (row[0], _SEVERAL),
    )
    if connection.changes() < _SEVERAL:
        connection.execute("DELETE FROM thumbnails WHERE file = ?", row)
        connection.execute("DELETE FROM files WHERE number = ?", row)
    return True


def sent_as(connection: apsw.Connection, composition: str) -> str | None:
    """The id of the entry that a composition has become, be it deleted meanwhile."""
    row = connection.execute(
        "SELECT id FROM entries WHERE composition = ?1 "
        "UNION ALL SELECT id FROM deleted WHERE composition = ?1",
        (composition,),
    ).fetchone()
    return None if row is None else str(row[0])
