"""Vectors in a real vault by the real model: made in the background, gone with their texts."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest

from herdbook.embedding.embedder import Embedder
from herdbook.embedding.model import Model
from herdbook.errors import ModelUnusable, StorageError
from herdbook.journal import indexing, meaning, vectors
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.journal.vectors import BLOCK, Progress
from herdbook.vault.database import Database
from herdbook.vault.inbox import Inbox
from herdbook.vault.vault import Vault
from tests.fakes.clock import ManualClock
from tests.journal.earlier import journal_of
from tests.model import embedder as embedder
from tests.model import model as model

DAY = date(2026, 11, 20)
DEK = bytes(range(32))
WIDTH = 48


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.create(tmp_path / "journal.db", DEK, SCHEMA)
    yield database
    await database.close()


def journal_in(database: Database, tmp_path: Path, model: Model) -> Journal:
    vault = Vault("v", database, Inbox(tmp_path / "inbox.db", "v"), ())
    return Journal(vault, ManualClock(), model)


@pytest.fixture
def journal(database: Database, tmp_path: Path, model: Model) -> Journal:
    return journal_in(database, tmp_path, model)


async def written(journal: Journal, text: str) -> str:
    entry = await journal.add(DAY, text)
    assert entry is not None
    return entry.id


async def nearest(database: Database, embedder: Embedder, text: str) -> list[str]:
    """The texts of the pieces that are nearest."""
    wanted = await embedder.vector(text)

    def ask(connection: apsw.Connection) -> list[str]:
        return [
            connection.execute("SELECT text FROM entries WHERE number = ?", (one.number,)).get[
                one.span.begin : one.span.end
            ]
            for one in vectors.nearest(connection, embedder, wanted, 10)
        ]

    return await database.read(ask)


async def rows(database: Database, sql: str) -> list[Any]:
    return await database.read(lambda connection: connection.execute(sql).fetchall())


async def is_consistent(database: Database) -> None:
    """Each place has its bits, and no other has any."""
    kept = dict(await rows(database, "SELECT place, half FROM derived_vectors"))
    bits = {}
    for block, blob in await rows(database, "SELECT block, bits FROM derived_sides"):
        assert len(blob) == BLOCK * WIDTH
        for at in range(BLOCK):
            bits[block * BLOCK + at] = blob[at * WIDTH : (at + 1) * WIDTH]
    assert kept.keys() == {place for place, blob in bits.items() if any(blob)}
    assert {len(half) for half in kept.values()} <= {16 * WIDTH}


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not await true():
            await asyncio.sleep(0.01)


async def test_what_is_written_is_found_by_what_it_is_about(
    journal: Journal, database: Database, embedder: Embedder
) -> None:
    for text in ("The vet gave the kitten an injection.", "Rain all day.", "Paid the taxes."):
        await written(journal, text)
    await journal.meaning.catch_up(embedder)
    found = await nearest(database, embedder, "the cat was ill")
    assert found[0] == "The vet gave the kitten an injection."
    assert await journal.meaning.progress() == Progress(3, 3)


async def test_a_long_entry_is_found_by_its_nearest_piece(
    journal: Journal, database: Database, embedder: Embedder
) -> None:
    weather = "It rained again and the wind came from the west. " * 40
    await written(journal, f"{weather}\n\nOur kitten has a fever.\n\n{weather}")
    await journal.meaning.catch_up(embedder)
    (found,) = await nearest(database, embedder, "Our kitten has a fever.")
    assert "kitten has a fever" in found
    assert len(found) < 1_500
    await is_consistent(database)


async def test_vectors_of_changed_and_deleted_texts_are_gone_at_once(
    journal: Journal, database: Database, embedder: Embedder
) -> None:
    changed = await written(journal, "The vet gave the kitten an injection.")
    deleted = await written(journal, "Rain all day.")
    await written(journal, "Paid the taxes.")
    await journal.meaning.catch_up(embedder)
    await journal.change(changed, date(2020, 1, 1), "The vet gave the kitten an injection.")
    assert await journal.meaning.progress() == Progress(3, 3), "another day is no other text"
    await journal.change(changed, DAY, "Nothing at all.")
    await journal.delete(deleted)
    assert await nearest(database, embedder, "the cat was ill") == ["Paid the taxes."]
    await is_consistent(database)
    assert await journal.meaning.progress() == Progress(1, 2)
    await journal.restore(deleted)
    await journal.meaning.catch_up(embedder)
    assert (await nearest(database, embedder, "weather"))[0] == "Rain all day."
    await is_consistent(database)


async def test_nothing_stays_of_a_deleted_vector(
    journal: Journal, database: Database, embedder: Embedder
) -> None:
    entry = await written(journal, "The vet gave the kitten an injection.")
    await written(journal, "stays")
    await journal.meaning.catch_up(embedder)
    ((place, half),) = await rows(
        database, "SELECT place, half FROM derived_vectors WHERE entry = 1"
    )
    bits = await rows(
        database, f"SELECT substr(bits, {place * WIDTH + 1}, {WIDTH}) FROM derived_sides"
    )
    assert any(bits[0][0])
    await journal.delete(entry)
    left = await rows(database, "SELECT half FROM derived_vectors")
    blocks = await rows(database, "SELECT bits FROM derived_sides")
    assert (half,) not in left
    assert bits[0][0] not in blocks[0][0]


async def test_any_order_of_changes_leaves_a_consistent_whole(
    journal: Journal, database: Database
) -> None:
    """Over several blocks, with vectors that need no model."""
    chance = random.Random(1)
    made = [
        vectors.Kept(vectors.Span(0, 1), chance.randbytes(WIDTH), chance.randbytes(16 * WIDTH))
        for _ in range(8)
    ]
    ids = [await written(journal, f"text {number}") for number in range(90)]

    def keep_all(connection: apsw.Connection) -> None:
        indexing.catch_up(connection)
        for one in vectors.waiting(connection, 1_000):
            assert vectors.keep(connection, one, made)

    await database.write(keep_all)
    assert len(await rows(database, "SELECT block FROM derived_sides")) == 3
    for entry in chance.sample(ids, 60):
        if chance.random() < 0.5:
            await journal.delete(entry)
        else:
            await journal.change(entry, DAY, f"another {chance.random()}")
        if chance.random() < 0.2:
            await database.write(keep_all)
    await is_consistent(database)


async def test_a_text_that_changed_meanwhile_keeps_waiting(
    journal: Journal, database: Database
) -> None:
    entry = await written(journal, "before")
    await database.write(indexing.catch_up)
    (waiting,) = await database.read(partial(vectors.waiting, limit=9))
    await journal.change(entry, DAY, "after")
    assert not await database.write(lambda connection: vectors.keep(connection, waiting, []))
    assert [one.text for one in await database.read(partial(vectors.waiting, limit=9))] == ["after"]


async def test_another_model_makes_all_anew(
    journal: Journal, database: Database, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(journal, "Rain all day.")
    await journal.meaning.catch_up(embedder)
    # As if another one had made them.
    await database.write(
        lambda connection: connection.execute("UPDATE derived_model SET model = 1")
    )
    assert await nearest(database, embedder, "weather") == [], "of another model none is near"
    assert await journal.meaning.progress() == Progress(0, 1)
    before = await rows(database, "SELECT half FROM derived_vectors")
    made = embedder.kept

    async def look(text: str) -> tuple[bytes, bytes]:
        assert await rows(database, "SELECT half FROM derived_vectors") == [] != before
        return await made(text)

    monkeypatch.setattr(embedder, "kept", look)
    await journal.meaning.catch_up(embedder)
    assert await nearest(database, embedder, "weather") == ["Rain all day."]
    await is_consistent(database)


async def test_what_was_made_before_a_lock_is_not_made_again(
    database: Database, tmp_path: Path, model: Model, embedder: Embedder
) -> None:
    journal = journal_in(database, tmp_path, model)
    for number in range(3 * meaning.AT_ONCE):
        await written(journal, f"Entry number {number}.")
    running = asyncio.create_task(journal.meaning.run())

    async def some() -> bool:
        progress = await journal.meaning.progress()
        return progress is not None and progress.done > 0

    await until(some)
    running.cancel()
    await asyncio.wait([running])
    await database.close()
    again = await Database.open(tmp_path / "journal.db", DEK, SCHEMA)
    journal = journal_in(again, tmp_path, model)
    before = await rows(again, "SELECT place, entry FROM derived_vectors ORDER BY place")
    assert before
    await journal.meaning.catch_up(embedder)
    after = await rows(again, "SELECT place, entry FROM derived_vectors ORDER BY place")
    assert after[: len(before)] == before
    assert len(after) == 3 * meaning.AT_ONCE
    await again.close()


async def test_it_goes_on_by_itself_and_ends_with_the_database(
    journal: Journal, database: Database
) -> None:
    running = asyncio.create_task(journal.meaning.run())
    await written(journal, "Rain all day.")

    async def done() -> bool:
        return await journal.meaning.progress() == Progress(1, 1)

    await until(done)
    await database.close()
    async with asyncio.timeout(5):
        await running


@pytest.mark.parametrize("error", [ModelUnusable("gone"), StorageError("full")])
async def test_what_fails_is_tried_again(
    journal: Journal,
    embedder: Embedder,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    monkeypatch.setattr(meaning, "_TRY_AGAIN_S", 0.01)
    pieces, failed = embedder.pieces, []

    async def fail_once(text: str) -> Any:
        if not failed:
            failed.append(text)
            raise error
        return await pieces(text)

    monkeypatch.setattr(embedder, "pieces", fail_once)
    await written(journal, "Rain all day.")
    running = asyncio.create_task(journal.meaning.run())

    async def done() -> bool:
        return await journal.meaning.progress() == Progress(1, 1)

    await until(done)
    assert failed == ["Rain all day."]
    running.cancel()
    await asyncio.wait([running])


async def test_without_a_model_nothing_is_made_and_all_waits(
    database: Database, tmp_path: Path
) -> None:
    none = Model()
    await none.load()
    journal = journal_in(database, tmp_path, none)
    await written(journal, "Rain all day.")
    running = asyncio.create_task(journal.meaning.run())
    assert await journal.meaning.progress() is None
    await database.write(indexing.catch_up)
    assert await rows(database, "SELECT entry FROM derived_waiting") == [(1,)]
    await database.close()
    async with asyncio.timeout(5):
        await running


async def test_entries_from_before_there_were_vectors_wait(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with journal_of(4, path, DEK) as before:
        before.execute(
            "INSERT INTO entries(id, day, created_ms, author, text) "
            "VALUES('a', '2020-01-01', 0, 'person', 'long ago')"
        )
    after = await Database.open(path, DEK, SCHEMA)
    assert await after.read(partial(vectors.waiting, limit=9)) == [(1, "long ago")]
    await after.close()
