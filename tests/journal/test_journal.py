"""The journal on a real vault: drafts, changes, what is deleted."""

from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date
from pathlib import Path

import apsw
import pytest

from herdbook.errors import EntryUnknown, InputError
from herdbook.ids import random_id
from herdbook.journal.draft import Saving
from herdbook.journal.history import VERSIONS
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.vault.database import Database
from herdbook.vault.inbox import Inbox
from herdbook.vault.vault import Vault
from tests.fakes.clock import ManualClock
from tests.journal.earlier import journal_of

DAY = date(2026, 11, 20)
OTHER = date(2026, 10, 31)
DEK = bytes(range(32))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.create(tmp_path / "journal.db", DEK, SCHEMA)
    yield database
    await database.close()


@pytest.fixture
def journal(database: Database, tmp_path: Path, clock: ManualClock) -> Journal:
    return Journal(Vault("v", database, Inbox(tmp_path / "inbox.db", "v"), ()), clock)


async def _texts(journal: Journal, day: date = DAY) -> list[str]:
    return [entry.text for entry in await journal.on_day(day)]


def _saving(text: str, *, key: str = "a", writer: str = "w", base: int = 0) -> Saving:
    return Saving(key, writer, base, DAY, text)


async def test_the_last_versions_of_an_entry_are_kept(journal: Journal, clock: ManualClock) -> None:
    entry = await journal.add(DAY, "text 0")
    assert entry is not None
    moments = [entry.created_ms]
    for number in range(1, VERSIONS + 5):
        clock.advance(1_000)
        changed = await journal.change(entry.id, DAY, f"text {number}")
        assert changed.edited_ms is not None
        moments.append(changed.edited_ms)
    before = await journal.versions(entry.id)
    assert [version.text for version in before] == [
        f"text {number}" for number in range(VERSIONS + 3, 3, -1)
    ]
    assert [version.written_ms for version in before] == moments[-2:3:-1]
    clock.advance(1_000)
    moved = await journal.change(entry.id, OTHER, f"text {VERSIONS + 4}")
    assert moved.edited_ms == moments[-1], "moving is no change of the text"
    assert len(await journal.versions(entry.id)) == VERSIONS
    assert (await _texts(journal), await _texts(journal, OTHER)) == ([], [moved.text])


async def test_a_change_that_is_none_leaves_all_as_it_was(journal: Journal) -> None:
    entry = await journal.add(DAY, "here")
    assert entry is not None
    for text in ("", "  "):
        with pytest.raises(InputError):
            await journal.change(entry.id, DAY, text)
    with pytest.raises(EntryUnknown):
        await journal.change(random_id(), DAY, "nowhere")
    assert await _texts(journal) == ["here"]
    assert await journal.versions(entry.id) == []


async def test_what_is_forgotten_is_not_in_the_file(
    journal: Journal, database: Database, tmp_path: Path
) -> None:
    entry = await journal.add(DAY, "canary in the text")
    other = await journal.add(DAY, "stays")
    assert entry is not None
    assert other is not None
    await journal.change(entry.id, DAY, "canary in the change")
    await journal.save_draft(Saving("d", "w", 0, DAY, "canary in the draft", entry.id))
    await journal.delete(entry.id)
    assert [one.text for one in await journal.deleted(DAY)] == ["canary in the change"]
    await journal.forget_deleted()
    await database.close()
    with closing(apsw.Connection(str(tmp_path / "journal.db"))) as sealed:
        sealed.pragma("cipher", "chacha20")
        sealed.execute(f'PRAGMA key = "raw:{DEK.hex()}"')
        assert sealed.execute("SELECT text FROM entries").fetchall() == [("stays",)]
        sealed.pragma("journal_mode", "delete")
        sealed.pragma("rekey", "")
    assert b"canary" not in (tmp_path / "journal.db").read_bytes()
    assert b"stays" in (tmp_path / "journal.db").read_bytes(), "this is how one would find it"


async def test_a_writer_goes_on_whatever_answer_it_missed(journal: Journal) -> None:
    """The page did not hear that its draft was kept, and says again what it was based on."""
    for text in ("T", "Th", "The"):
        draft = await journal.save_draft(_saving(text))
        assert draft is not None
        assert not draft.parted
    assert [draft.text for draft in await journal.drafts(DAY)] == ["The"]


async def test_an_empty_draft_is_none(journal: Journal) -> None:
    await journal.save_draft(_saving("T"))
    await journal.save_draft(_saving("", base=1))
    assert await journal.drafts(DAY) == []
    draft = await journal.save_draft(_saving("T", base=2))
    assert draft is not None
    assert draft.revision == 3


async def test_the_same_text_is_no_conflict(journal: Journal) -> None:
    await journal.save_draft(_saving("same", writer="one"))
    draft = await journal.save_draft(_saving("same", writer="other"))
    assert draft is not None
    assert not draft.parted
    assert len(await journal.drafts(DAY)) == 1


async def test_a_day_before_this_release_keeps_its_draft(tmp_path: Path) -> None:
    """0002 gives the drafts of 0001 names."""
    path = tmp_path / "old.db"
    with journal_of(1, path, DEK) as before:
        before.execute(
            "INSERT INTO drafts VALUES('2026-11-20', 7, 'half'), ('2026-10-31', 8, 'other half')"
        )
    database = await Database.open(path, DEK, SCHEMA)
    journal = Journal(Vault("v", database, Inbox(tmp_path / "inbox.db", "v"), ()), ManualClock())
    (draft,) = await journal.drafts(DAY)
    assert (draft.text, draft.saved_ms, len(draft.composition)) == ("half", 7, 32)
    assert [one.text for one in await journal.drafts(OTHER)] == ["other half"]
    await database.close()


async def test_an_earlier_text_is_taken_back_and_the_present_one_kept(
    journal: Journal, clock: ManualClock
) -> None:
    entry = await journal.add(DAY, "first", "c" * 32)
    assert entry is not None
    for text in ("second", "third"):
        clock.advance(1_000)
        entry = await journal.change(entry.id, OTHER, text)
    second, first = await journal.versions(entry.id)
    clock.advance(1_000)
    taken = await journal.take_back(entry.id, first.number, second.number)
    assert taken is not None
    assert (taken.text, taken.day, taken.edited_ms) == ("first", OTHER, clock.wall_ms())
    assert await journal.entry(entry.id) == taken
    texts = [version.text for version in await journal.versions(entry.id)]
    assert texts == ["third", "second", "first"]
    assert await journal.add(DAY, "first", "c" * 32) is None, "what comes late is no second entry"


async def test_nothing_is_taken_back_over_a_text_nobody_saw(journal: Journal) -> None:
    entry = await journal.add(DAY, "first")
    other = await journal.add(DAY, "of another entry")
    assert entry is not None
    assert other is not None
    assert await journal.take_back(entry.id, 1, 1) is None, "it was never changed"
    await journal.change(entry.id, DAY, "second")
    await journal.change(other.id, DAY, "changed")
    (first,), (elsewhere,) = await journal.versions(entry.id), await journal.versions(other.id)
    for number, newest in (
        (first.number, 0),
        (first.number, elsewhere.number),
        (elsewhere.number, first.number),
        (99, first.number),
    ):
        assert await journal.take_back(entry.id, number, newest) is None
    assert await _texts(journal) == ["second", "changed"]
    with pytest.raises(EntryUnknown):
        await journal.take_back(random_id(), first.number, first.number)


async def test_a_text_without_words_is_taken_back_only_beside_files(journal: Journal) -> None:
    entry = await journal.add(DAY, "words")
    assert entry is not None
    await journal._vault.database.write(
        lambda c: c.execute("INSERT INTO versions VALUES(9, ?, 0, '')", (entry.id,))
    )
    with pytest.raises(InputError):
        await journal.take_back(entry.id, 9, 9)
    assert await _texts(journal) == ["words"]
