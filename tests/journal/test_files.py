"""Photos and files on a real vault: whole or not at all, with their entry or not at all."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date
from hashlib import sha256
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.errors import (
    EntryUnknown,
    FilesTooMany,
    FileTooLarge,
    FileUnknown,
    InputError,
    PlaceInside,
    StorageError,
    VaultLocked,
)
from herdbook.ids import random_id
from herdbook.journal.arrival import PIECE
from herdbook.journal.checks import problems
from herdbook.journal.draft import Saving
from herdbook.journal.entry import Entry
from herdbook.journal.file import ENTRY_LIMIT, SIZE_LIMIT, File
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.vault import database as module
from herdbook.vault.database import Database
from herdbook.vault.engine import connect
from herdbook.vault.inbox import Inbox
from herdbook.vault.vault import Vault
from tests.disk import Disk
from tests.disk import disk as disk
from tests.fakes.clock import ManualClock
from tests.journal.pictures import PLACE, bomb, picture, stream

DAY = date(2026, 11, 20)
OTHER = date(2026, 10, 31)
DEK = bytes(range(32))
KEY = "a" * 32


def _journal(database: Database, folder: Path) -> Journal:
    return Journal(Vault("v", database, Inbox(folder / "inbox.db", "v"), ()), ManualClock())


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.create(tmp_path / "journal.db", DEK, SCHEMA)
    yield database
    await database.close()


@pytest.fixture
def journal(database: Database, tmp_path: Path) -> Journal:
    return _journal(database, tmp_path)


def _saving(key: str = KEY, *, entry: Entry | None = None) -> Saving:
    return Saving(key, "w", 0, DAY, "", None if entry is None else entry.id)


async def _attach(
    journal: Journal, data: bytes, name: str = "x.jpg", *, to: Saving | None = None
) -> File:
    return await journal.files.attach(to or _saving(), name, stream(data), keep_place=False)


async def _bytes(journal: Journal, file: File, *stretch: int) -> bytes:
    return b"".join([piece async for piece in journal.files.pieces(file, *stretch)])


async def _of(journal: Journal, entry: Entry) -> list[File]:
    return (await journal.files.of_entries([entry.id])).get(entry.id, [])


async def _entry(journal: Journal, *files: bytes, text: str = "words") -> Entry:
    """With files, sent as people do."""
    key = random_id()
    for number, data in enumerate(files):
        await _attach(journal, data, f"{number}.bin", to=_saving(key))
    entry = await journal.add(DAY, text, key)
    assert entry is not None
    return entry


async def _rows(database: Database) -> dict[str, int]:
    tables = ("files", "file_pieces", "thumbnails")
    return {
        table: await database.read(
            lambda connection, table=table: connection.execute(  # type: ignore[misc]
                f"SELECT count(*) FROM {table}"
            ).fetchone()[0]
        )
        for table in tables
    }


NOTHING = {"files": 0, "file_pieces": 0, "thumbnails": 0}


async def test_a_photo_comes_to_what_is_written_and_is_its_entrys_once_sent(
    journal: Journal,
) -> None:
    data = picture("image/jpeg", (1600, 1000))
    file = await _attach(journal, data, "sea.jpg")
    assert (file.name, file.kind, file.width, file.height) == ("sea.jpg", "image/jpeg", 1000, 1600)
    kept = await _bytes(journal, file)
    assert PLACE in data
    assert PLACE not in kept
    assert (len(kept), sha256(kept).digest()) == (file.size, file.sha256)
    assert (await journal.files.thumbnail(file.id))[8:12] == b"WEBP"
    (draft,) = await journal.drafts(DAY)
    assert (draft.composition, draft.text) == (KEY, ""), "it is found again after a reload"
    entry = await journal.add(DAY, "The sea.", KEY)
    assert entry is not None
    assert await _of(journal, entry) == [file]
    assert await journal.files.find(file.id) == (file, entry.id)
    assert await journal.drafts(DAY) == []


async def test_with_the_place_kept_no_byte_changes(journal: Journal) -> None:
    for data in (picture("image/jpeg"), b"\0\0\0\x18ftypheic" + secrets.token_bytes(100)):
        file = await journal.files.attach(_saving(), "x", stream(data), keep_place=True)
        assert await _bytes(journal, file) == data
    assert not file.is_picture, "what cannot be decoded is a file to be downloaded"


async def test_an_entry_needs_words_or_files(journal: Journal) -> None:
    entry = await _entry(journal, b"a file", text=" ")
    assert entry.text == ""
    with pytest.raises(InputError, match="empty"):
        await journal.add(DAY, "", random_id())
    (file,) = await _of(journal, entry)
    change = _saving("c" * 32, entry=entry)
    await journal.files.take_off(change, file.id)
    with pytest.raises(InputError, match="empty"):
        await journal.change(entry.id, DAY, "", change.composition)
    assert await _of(journal, entry) == [file]


async def test_an_empty_text_with_files_is_kept_and_without_is_no_draft(journal: Journal) -> None:
    file = await _attach(journal, b"a file")
    await journal.save_draft(Saving(KEY, "w", 1, DAY, "words"))
    await journal.save_draft(Saving(KEY, "w", 2, DAY, ""))
    assert [draft.text for draft in await journal.drafts(DAY)] == [""]
    await journal.files.take_off(_saving(), file.id)
    assert await journal.drafts(DAY) == []


async def test_a_change_brings_and_takes_files_only_once_it_is_saved(
    journal: Journal, database: Database
) -> None:
    entry = await _entry(journal, b"one", b"two")
    one, two = await _of(journal, entry)
    change = _saving("c" * 32, entry=entry)
    three = await _attach(journal, b"three", to=change)
    (draft,) = await journal.drafts(DAY)
    assert (draft.entry_id, draft.text) == (entry.id, "words")
    await journal.files.take_off(change, one.id)
    assert await _of(journal, entry) == [one, two]
    field = await journal.files.of_field(change.composition, entry.id)
    assert [(on.file, on.dropped) for on in field] == [(one, True), (two, False), (three, False)]

    await journal.drop_draft(change.composition)
    assert await _of(journal, entry) == [one, two]
    assert (await _rows(database))["files"] == 2

    again = _saving("d" * 32, entry=entry)
    await journal.files.take_off(again, one.id)
    await journal.files.take_off(again, two.id)
    await journal.files.put_back(again, two.id)
    four = await _attach(journal, b"four", to=again)
    await journal.change(entry.id, OTHER, "words", again.composition)
    assert await _of(journal, entry) == [two, four]
    with pytest.raises(FileUnknown):
        await journal.files.find(one.id)
    assert (await _rows(database))["file_pieces"] == 2


async def test_a_file_that_comes_after_its_text_was_sent_is_that_entrys(journal: Journal) -> None:
    entry = await _entry(journal)
    sent = await journal.add(OTHER, "sent", KEY)
    assert sent is not None
    file = await _attach(journal, b"late")
    assert await _of(journal, sent) == [file]
    assert await _of(journal, entry) == []
    assert await journal.drafts(DAY) == []
    await journal.delete(sent.id)
    later = await _attach(journal, b"later still")
    assert await _of(journal, await journal.restore(sent.id)) == [file, later]


async def test_deleted_with_its_entry_and_brought_back_with_it(
    journal: Journal, database: Database
) -> None:
    entry = await _entry(journal, b"a file")
    files = await _of(journal, entry)
    await journal.delete(entry.id)
    await journal.restore(entry.id)
    assert await _of(journal, entry) == files
    await journal.delete(entry.id)
    await journal.forget_deleted()
    assert await _rows(database) == NOTHING


@pytest.mark.parametrize("way", ["entry", "change", "field", "draft", "described"])
async def test_what_was_removed_is_nowhere_in_the_file(
    journal: Journal, database: Database, tmp_path: Path, way: str
) -> None:
    mark = secrets.token_hex(16)
    data = mark.encode() * (3 * PIECE // 32 + 1)
    await _entry(journal, b"stays")
    change = _saving("c" * 32)
    if way in {"field", "draft"}:
        file = await _attach(journal, data, f"{mark}.txt", to=change)
    else:
        entry = await _entry(journal, data)
        (file,) = await _of(journal, entry)
        change = _saving("c" * 32, entry=entry)
    if way == "entry":
        await journal.delete(entry.id)
    elif way == "draft":
        await journal.drop_draft(change.composition)
    else:
        await journal.files.describe(file.id, f"what {mark} shows")
        await journal.files.describe(file.id, "")
        await journal.files.take_off(change, file.id)
        if way != "field":
            await journal.change(entry.id, DAY, "words", change.composition)
    assert await _rows(database) != NOTHING
    await journal.forget_deleted()
    await database.close()
    with closing(connect(tmp_path / "journal.db", DEK)) as connection:
        assert connection.pragma("freelist_count") == 0
        for page in range(1, int(connection.pragma("page_count")) + 1):
            _, plain = connection.read("main", 0, (page - 1) * 4096, 4096)
            assert mark[:16].encode() not in plain
        assert connection.execute("SELECT size FROM files").fetchall() == [(5,)]


async def test_a_removed_photo_is_overwritten_at_once_in_a_vault_too_large_to_vacuum(
    journal: Journal, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "VACUUM_LIMIT", 0)
    marks = [secrets.token_hex(16).encode() for _ in range(12)]
    sizes = (10, 500, 4_029, 4_064, 8_000, PIECE, PIECE + 77, 2 * PIECE + 4_000)
    entries = []
    # Rows come and go between each other, so that pages are shared, split and joined.
    for mark in marks:
        files = [mark * (size // 32 + 1) for size in sizes]
        entries.append(await _entry(journal, *files))
    for entry in (*entries[::2], *entries[1:-1:2]):
        await journal.delete(entry.id)
        await journal.forget_deleted()
    await database.close()
    with closing(connect(tmp_path / "journal.db", DEK)) as connection:
        assert connection.pragma("freelist_count"), "it was not vacuumed"
        found = set()
        for page in range(1, int(connection.pragma("page_count")) + 1):
            _, plain = connection.read("main", 0, (page - 1) * 4096, 4096)
            found |= {mark for mark in marks if mark[:12] in plain}
        assert found == {marks[-1]}


async def test_the_same_bytes_are_one_file_of_an_entry(
    journal: Journal, database: Database
) -> None:
    first = await _attach(journal, b"the same", "one")
    assert await _attach(journal, b"the same", "two") == first
    entry = await journal.add(DAY, "words", KEY)
    assert entry is not None
    change = _saving("c" * 32, entry=entry)
    assert await _attach(journal, b"the same", to=change) == first
    assert await journal.files.add(entry.id, "x", stream(b"the same"), keep_place=False) == first
    other = await _entry(journal, b"the same")
    assert await _of(journal, other) != [first]
    assert await _rows(database) == {"files": 2, "file_pieces": 2, "thumbnails": 0}


async def test_limits(journal: Journal, database: Database) -> None:
    with pytest.raises(FileTooLarge):
        await _attach(journal, bytes(SIZE_LIMIT + 1))
    with pytest.raises(InputError, match="empty"):
        await _attach(journal, b"")
    with pytest.raises(PlaceInside):
        await _attach(journal, b"\0\0\0\x18ftypheic" + bytes(100))
    with pytest.raises(EntryUnknown):
        await journal.files.add(random_id(), "x", stream(b"x"), keep_place=False)
    assert await _rows(database) == NOTHING
    assert await journal.drafts(DAY) == []
    await _attach(journal, bytes(SIZE_LIMIT))
    for number in range(1, ENTRY_LIMIT):
        await _attach(journal, b"%d" % number)
    with pytest.raises(FilesTooMany):
        await _attach(journal, b"one more")
    entry = await journal.add(DAY, "words", KEY)
    assert entry is not None
    with pytest.raises(FilesTooMany):
        await journal.files.add(entry.id, "x", stream(b"one more"), keep_place=False)
    assert (await _rows(database))["files"] == ENTRY_LIMIT


async def test_pictures_that_are_none_are_files_to_download(journal: Journal) -> None:
    whole = picture("image/jpeg", (400, 300))
    for data, name in (
        (b"<html><script>alert(1)</script></html>", "photo.jpg"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "drawing.svg"),
        (whole[: len(whole) // 2], "cut.jpg"),
        (bomb(), "bomb.png"),
    ):
        file = await _attach(journal, data, name)
        assert not file.is_picture
        with pytest.raises(FileUnknown):
            await journal.files.thumbnail(file.id)


async def _broken(error: BaseException) -> AsyncIterator[bytes]:
    yield secrets.token_bytes(3 * PIECE)
    raise error


async def test_a_file_that_does_not_come_whole_is_none(
    journal: Journal, database: Database
) -> None:
    await journal.save_draft(Saving(KEY, "w", 0, DAY, "words"))
    for error in (ConnectionResetError(), InputError("cut")):
        with pytest.raises(type(error)):
            await journal.files.attach(_saving(), "x", _broken(error), keep_place=False)
    assert await _rows(database) == NOTHING
    assert [draft.text for draft in await journal.drafts(DAY)] == ["words"]


async def test_the_lock_ends_what_arrives_and_what_is_handed_out(
    journal: Journal, database: Database
) -> None:
    file = await _attach(journal, b"here")
    never, begun = asyncio.Event(), asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield secrets.token_bytes(3 * PIECE)
        begun.set()
        await never.wait()

    async def hand_out() -> None:
        async with journal.files.in_hand():
            async for _ in journal.files.pieces(file):
                await never.wait()

    arriving = asyncio.create_task(
        journal.files.attach(_saving(), "x", stalled(), keep_place=False)
    )
    reading = asyncio.create_task(hand_out())
    await begun.wait()
    journal.files.end()
    for task in (arriving, reading):
        with pytest.raises(VaultLocked):
            await task
    with pytest.raises(VaultLocked):
        await _attach(journal, b"too late")
    await journal.forget_deleted()
    assert await _rows(database) == {"files": 1, "file_pieces": 1, "thumbnails": 0}


async def test_what_a_crash_left_is_deleted_at_the_next_unlock(
    journal: Journal, database: Database, tmp_path: Path
) -> None:
    """Half a file; one removed and not deleted yet; one of a text that was let go."""
    kept = await _entry(journal, b"kept")
    gone = await _entry(journal, b"gone" * PIECE)
    await _attach(journal, b"orphan")

    def crash(connection: apsw.Connection) -> None:
        connection.execute("UPDATE files SET state = 'arriving' WHERE number = 1")
        connection.execute("UPDATE files SET state = 'gone' WHERE entry_id = ?", (gone.id,))
        connection.execute("DELETE FROM drafts")

    await database.write(crash)
    assert await _of(journal, kept) == []
    await journal.forget_deleted()
    assert await _rows(database) == NOTHING


async def test_a_disk_that_fills_up_keeps_the_words_and_no_half(disk: Disk) -> None:
    database = await Database.create(disk.path / "journal.db", DEK, SCHEMA)
    journal = _journal(database, disk.path)
    await journal.save_draft(Saving(KEY, "w", 0, DAY, "words"))
    with pytest.raises(StorageError):
        await _attach(journal, secrets.token_bytes(4 * PIECE))
    assert await journal.files.of_field(KEY, None) == []
    disk.make_room()
    file = await _attach(journal, b"a small one")
    assert await _bytes(journal, file) == b"a small one"
    assert [draft.text for draft in await journal.drafts(DAY)] == ["words"]
    await journal.forget_deleted()
    assert (await _rows(database))["files"] == 1
    await database.close()


async def test_two_arrive_at_a_time_and_both_are_whole(journal: Journal) -> None:
    datas = [secrets.token_bytes(PIECE + n) for n in range(5)]
    files = await asyncio.gather(*(_attach(journal, data) for data in datas))
    assert [await _bytes(journal, file) for file in files] == datas
    assert len(await journal.files.of_field(KEY, None)) == 5
    assert await journal.files.waiting() == {KEY: 5}


@given(
    size=st.integers(1, 3 * PIECE + 5),
    start=st.integers(0, 3 * PIECE + 9),
    stop=st.integers(0, 3 * PIECE + 9),
    chunk=st.integers(1_000, 2 * PIECE),
)
@settings(deadline=None, max_examples=40)
def test_any_stretch_of_a_file_is_what_it_was(
    tmp_path_factory: pytest.TempPathFactory, size: int, start: int, stop: int, chunk: int
) -> None:
    async def run() -> None:
        folder = tmp_path_factory.mktemp("stretch")
        database = await Database.create(folder / "journal.db", DEK, SCHEMA)
        journal = _journal(database, folder)
        data = secrets.token_bytes(size)
        file = await journal.files.attach(_saving(), "x", stream(data, chunk), keep_place=False)
        assert await _bytes(journal, file) == data
        assert await _bytes(journal, file, start, stop) == data[start:stop]
        await database.close()

    asyncio.run(run())


async def test_verifying_knows_files(journal: Journal, database: Database) -> None:
    entry = await _entry(journal, secrets.token_bytes(2 * PIECE), b"whole")
    assert await database.read(problems) == []
    for damage, said in (
        ("DELETE FROM file_pieces WHERE place = 1", "File 1 is not whole."),
        ("UPDATE files SET name = '../x' WHERE number = 2", "File 2 has a name"),
        (f"UPDATE files SET entry_id = 'x' WHERE entry_id = '{entry.id}'", "File 1 is of no entry"),
    ):
        await database.write(lambda connection, sql=damage: connection.execute(sql).fetchall())  # type: ignore[misc]
        assert any(one.startswith(said) for one in await database.read(problems)), said
