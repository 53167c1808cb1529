"""Indexing what was written: a moment later, or with the next search; always the whole of it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from herdbook.embedding.model import Model
from herdbook.journal import indexing
from herdbook.journal.indexing import Indexing
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.journal.query import read_query
from herdbook.vault.database import Database
from herdbook.vault.inbox import Inbox
from herdbook.vault.vault import Vault
from herdbook.vault.wal import PAGE_SIZE
from tests.disk import Disk
from tests.disk import disk as disk
from tests.fakes.clock import ManualClock
from tests.journal.earlier import journal_of

DAY = date(2026, 11, 20)
DEK = bytes(range(32))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.create(tmp_path / "journal.db", DEK, SCHEMA)
    yield database
    await database.close()


def journal_in(database: Database, folder: Path, model: Model | None = None) -> Journal:
    vault = Vault("v", database, Inbox(folder / "inbox.db", "v"), ())
    return Journal(vault, ManualClock(), model)


@pytest.fixture
def journal(database: Database, tmp_path: Path) -> Journal:
    return journal_in(database, tmp_path)


async def written(journal: Journal, text: str) -> str:
    entry = await journal.add(DAY, text)
    assert entry is not None
    return entry.id


async def found(journal: Journal, word: str) -> list[str]:
    page = await journal.search(read_query(f'"{word}"'), "newest")
    return [one.id for one in page.found]


async def behind(database: Database) -> int:
    return await database.read(indexing.behind)


def check_index(connection: apsw.Connection) -> None:
    """SQLite's own: whether the index is exactly that of the entries' texts."""
    connection.execute("INSERT INTO words(words, rank) VALUES('integrity-check', 1)")


async def test_a_save_writes_the_entry_alone(
    journal: Journal, database: Database, tmp_path: Path
) -> None:
    for _ in range(100):
        await written(journal, "some words of a day " * 20)
    log = tmp_path / "journal.db-wal"
    before = log.stat().st_size
    for _ in range(20):
        await written(journal, "some words of a day " * 20)
    assert (log.stat().st_size - before) / PAGE_SIZE / 20 < 5, "pages a save"
    assert await behind(database) == 120


async def test_what_was_just_written_is_found(journal: Journal, database: Database) -> None:
    first = await written(journal, "the kettle sings")
    assert await behind(database) == 1
    assert await found(journal, "kettle") == [first]
    assert await behind(database) == 0
    second = await written(journal, "another kettle")
    assert await found(journal, "kettle") == [second, first]


async def test_what_is_written_is_indexed_soon_without_a_search(
    database: Database, tmp_path: Path
) -> None:
    none = Model()
    await none.load()
    journal = journal_in(database, tmp_path, none)
    tending = asyncio.create_task(journal.tend())
    await written(journal, "the kettle sings")
    async with asyncio.timeout(20):
        while await behind(database):
            await asyncio.sleep(0.01)
    await database.write(check_index)
    await database.close()
    await asyncio.wait_for(tending, 20)


async def test_much_is_indexed_in_parts_that_a_save_can_wait_for(
    database: Database, journal: Journal
) -> None:
    for number in range(indexing.AT_ONCE + 5):
        await written(journal, f"text {number}")
    await database.write(lambda connection: indexing.catch_up(connection, indexing.AT_ONCE))
    assert await behind(database) == 5
    await Indexing(database).catch_up()
    await database.write(check_index)


async def test_the_last_numbers_are_given_again_and_indexed_again(
    journal: Journal, database: Database
) -> None:
    kept = await written(journal, "kettle one")
    indexed = await written(journal, "kettle two")
    assert len(await found(journal, "kettle")) == 2
    waiting = await written(journal, "kettle three")
    await journal.delete(indexed)
    await journal.delete(waiting)
    anew = await written(journal, "kettle four")
    assert await found(journal, "kettle") == [anew, kept]
    await database.write(check_index)


_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "change", "delete", "restore", "index", "search"]),
        st.integers(0, 9),
    ),
    max_size=40,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=_CHANGES)
def test_any_order_of_changes_leaves_the_index_of_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, int]]
) -> None:
    asyncio.run(_change(tmp_path_factory.mktemp("any"), changes))


async def _change(folder: Path, changes: list[tuple[str, int]]) -> None:
    database = await Database.create(folder / "journal.db", DEK, SCHEMA)
    journal = journal_in(database, folder)
    texts: dict[str, str] = {}
    deleted: dict[str, str] = {}
    for step, (what, which) in enumerate(changes):
        if what == "add":
            texts[await written(journal, f"word{step} kettle")] = f"word{step} kettle"
        elif what == "index":
            await database.write(lambda connection, n=which: indexing.catch_up(connection, n))
        elif what == "search":
            assert set(await found(journal, "kettle")) == set(texts)
        elif (of := deleted if what == "restore" else texts) and (one := list(of)[which % len(of)]):
            if what == "change":
                await journal.change(one, DAY, f"changed{step} kettle")
                texts[one] = f"changed{step} kettle"
            elif what == "delete":
                await journal.delete(one)
                deleted[one] = texts.pop(one)
            else:
                await journal.restore(one)
                texts[one] = deleted.pop(one)
    await Indexing(database).catch_up()
    await database.write(check_index)
    for one, text in texts.items():
        assert await found(journal, text.split()[0]) == [one]
    await database.close()


async def test_on_a_full_disk_what_was_there_before_is_found(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    disk.make_room()
    database = await Database.create(disk.path / "journal.db", DEK, SCHEMA)
    journal = journal_in(database, disk.path)
    first = await written(journal, "the kettle sings")
    assert await found(journal, "kettle") == [first]
    second = await written(journal, "another kettle " * 2_000)
    disk.leave(0)
    assert await found(journal, "kettle") == [first]
    assert "A search goes without what was written last" in caplog.text
    disk.make_room()
    assert await found(journal, "kettle") == [second, first]
    await database.close()


async def test_a_journal_of_before_is_indexed_as_far_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with journal_of(9, path, DEK) as before:
        before.execute(
            "INSERT INTO entries(id, day, created_ms, author, text) "
            "VALUES('a', '2020-01-01', 0, 'person', 'long ago')"
        )
    after = await Database.open(path, DEK, SCHEMA)
    assert await after.read(indexing.behind) == 0
    await after.write(check_index)
    assert await found(journal_in(after, tmp_path), "long") == ["a"]
    await after.close()


async def test_a_damaged_vault_ends_it_with_a_word(
    database: Database, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await database.write(
        lambda connection: connection.execute("DELETE FROM words_data WHERE id = 10").fetchall()
    )
    await written(journal, "the kettle sings")
    await asyncio.wait_for(Indexing(database).run(), 20)
    assert "What is written cannot be indexed" in caplog.text
