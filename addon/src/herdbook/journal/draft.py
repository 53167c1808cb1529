"""Unfinished texts: SQL within the caller's transaction.

A draft belongs to one composition: a writing field's content from its first letter until it is
sent. Each page that shows it is a writer of its own. Where two of them write on, neither takes the
other's words away: the later one gets a composition of its own.
"""

from datetime import date

import apsw
import msgspec

from herdbook.ids import random_id
from herdbook.journal import attached


class Draft(msgspec.Struct, frozen=True):
    """What somebody is writing; with an `entry_id`, the change of that entry.

    `revision` counts how often it was saved. `parted` says that this is no longer the composition
    it was saved as, because that went on elsewhere.
    """

    composition: str
    day: date
    entry_id: str | None
    revision: int
    saved_ms: int
    text: str
    parted: bool = False


class Saving(msgspec.Struct, frozen=True):
    """A draft as a page hands it in. `writer` names the page, `base` is the revision it shows."""

    composition: str
    writer: str
    base: int
    day: date
    text: str
    entry_id: str | None = None


def save(connection: apsw.Connection, saving: Saving, now: int) -> Draft | None:
    """Keep what is being written; an empty text drops it, unless it has files.

    None if it is late: an entry has been made of it, with these words in it.
    """
    texts = sent(connection, saving.composition)
    if any(text.startswith(saving.text.strip()) for text in texts):
        return None
    before = connection.execute(
        "SELECT writer, revision, text FROM drafts WHERE composition = ?", (saving.composition,)
    ).fetchone()
    parted = bool(texts)
    revision = saving.base
    if before is not None:
        writer, revision, text = before
        parted |= writer != saving.writer and revision != saving.base and text != saving.text
    draft = Draft(
        random_id() if parted else saving.composition,
        saving.day,
        saving.entry_id,
        1 if parted else revision + 1,
        now,
        saving.text,
        parted,
    )
    if draft.text or attached.has_any(connection, draft.composition):
        _put(connection, draft, saving.writer)
    elif not parted:
        drop(connection, draft.composition)
    return draft


def begin(connection: apsw.Connection, saving: Saving, now: int) -> str | None:
    """Have a draft for a file that comes to a composition, if there is none; its text is not new.

    Returns the id of the entry that the composition changes.
    """
    row = connection.execute(
        "SELECT entry_id FROM drafts WHERE composition = ?", (saving.composition,)
    ).fetchone()
    if row is not None:
        return None if row[0] is None else str(row[0])
    found = connection.execute(
        "SELECT id, text FROM entries WHERE id = ?", (saving.entry_id,)
    ).fetchone()
    entry_id, text = found or (None, "")
    if attached.sent_as(connection, saving.composition) is None:
        draft = Draft(saving.composition, saving.day, entry_id, 0, now, text)
        _put(connection, draft, saving.writer)
    return entry_id


def drop_if_empty(connection: apsw.Connection, composition: str) -> None:
    """Forget a draft of a new entry that has neither words nor files any more."""
    if not attached.has_any(connection, composition):
        connection.execute(
            "DELETE FROM drafts WHERE composition = ? AND text = '' AND entry_id IS NULL",
            (composition,),
        )


def take_in(connection: apsw.Connection, draft: Draft) -> None:
    """Keep what came through the inbox: beside what was written elsewhere, never in its place."""
    texts = sent(connection, draft.composition)
    for (text,) in connection.execute(
        "SELECT text FROM drafts WHERE composition = ?", (draft.composition,)
    ):
        if draft.text.startswith(text):
            drop(connection, draft.composition)
        else:
            texts.append(text)
    if any(text.startswith(draft.text.strip()) for text in texts):
        return
    if texts:
        draft = msgspec.structs.replace(draft, composition=random_id())
    if not connection.execute("SELECT 1 FROM entries WHERE id = ?", (draft.entry_id,)).fetchone():
        draft = msgspec.structs.replace(draft, entry_id=None)
    _put(connection, draft, "")


def on_day(connection: apsw.Connection, day: date) -> list[Draft]:
    """A day's drafts, those of changes too, the one saved last first."""
    # Each saving makes a new row; clocks jump.
    return [
        Draft(composition, day, *rest)
        for composition, *rest in connection.execute(
            "SELECT composition, entry_id, revision, saved_ms, text FROM drafts WHERE day = ? "
            "ORDER BY rowid DESC",
            (day.isoformat(),),
        )
    ]


def sent(connection: apsw.Connection, composition: str) -> list[str]:
    """The texts that were sent as this composition, be it that they are deleted meanwhile."""
    return [
        text
        for (text,) in connection.execute(
            "SELECT text FROM entries WHERE composition = ?1 "
            "UNION ALL SELECT text FROM deleted WHERE composition = ?1",
            (composition,),
        )
    ]


def drop(connection: apsw.Connection, composition: str) -> None:
    """Forget a draft; an unknown one is no error."""
    connection.execute("DELETE FROM drafts WHERE composition = ?", (composition,))


def _put(connection: apsw.Connection, draft: Draft, writer: str) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO "
        "drafts(composition, day, entry_id, writer, revision, saved_ms, text) "
        "VALUES(?, ?, ?, ?, ?, ?, ?)",
        (
            draft.composition,
            draft.day.isoformat(),
            draft.entry_id,
            writer,
            draft.revision,
            draft.saved_ms,
            draft.text,
        ),
    )
