"""With AI off, by the person or the house: no vectors, none made, and nothing left of them."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest

from herdbook.embedding.embedder import Embedder
from herdbook.embedding.model import Model
from herdbook.journal import indexing, meaning, vectors
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.journal.meaning import Meaning
from herdbook.journal.query import read_query
from herdbook.journal.vectors import Progress
from herdbook.vault.database import Database
from tests.journal import dropping
from tests.journal.dropping import PIECE, STEPS
from tests.journal.test_meaning import (
    DEK,
    WIDTH,
    is_consistent,
    nearest,
    rows,
    until,
    written,
)
from tests.journal.test_meaning import database as database
from tests.journal.test_meaning import journal as journal
from tests.model import embedder as embedder
from tests.model import model as model
from tests.vault.pages import plain_pages

MODEL = "a model"
OFF = Model(off=True)


def with_vectors(count: int, seed: int = 1) -> Callable[[apsw.Connection], None]:
    """Writes entries, and vectors of each that need no model; their halves begin with a mark."""
    chance = random.Random(seed)

    def fill(connection: apsw.Connection) -> None:
        connection.executemany(
            "INSERT INTO entries(id, day, created_ms, author, text) "
            "VALUES(?, '2026-11-20', 0, 'person', 'an entry')",
            [(f"{number:032x}",) for number in range(count)],
        )
        indexing.catch_up(connection)
        vectors.begin(connection, MODEL)
        for one in vectors.waiting(connection, count):
            half = b"<half>" + chance.randbytes(16 * WIDTH - 6)
            kept = vectors.Kept(vectors.Span(0, 8), b"<side>" + chance.randbytes(WIDTH - 6), half)
            assert vectors.keep(connection, one, [kept])

    return fill


async def nothing_is_left(database: Database) -> None:
    for table in ("derived_vectors", "derived_sides", "derived_model"):
        assert await rows(database, f"SELECT * FROM {table}") == [], table
    assert await rows(database, "SELECT entry FROM derived_waiting ORDER BY entry") == (
        await rows(
            database,
            "SELECT number FROM entries WHERE number <= (SELECT number FROM derived_indexed)",
        )
    )


@pytest.mark.parametrize("house", [True, False])
async def test_what_a_model_made_is_dropped_and_nothing_is_made(
    database: Database, embedder: Embedder, model: Model, house: bool
) -> None:
    await database.write(with_vectors(20))
    off = Meaning(database, OFF if house else model, is_wanted=house)
    assert (off.state, off.is_on, off.is_offered) == ("off", False, not house)
    running = asyncio.create_task(off.run())

    async def dropped() -> bool:
        return not await rows(database, "SELECT 1 FROM derived_vectors")

    await until(dropped)
    await database.write(with_one_more)
    await nothing_is_left(database)
    assert await off.meant("an entry") is None
    assert await off.progress() is None
    assert await off.unfinished() is None
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])


def with_one_more(connection: apsw.Connection) -> None:
    connection.execute(
        "INSERT INTO entries(id, day, created_ms, author, text) "
        "VALUES('more', '2026-11-20', 0, 'person', 'one more')"
    )
    indexing.catch_up(connection)


async def test_search_goes_by_words(journal: Journal, embedder: Embedder) -> None:
    await written(journal, "The vet gave the kitten an injection.")
    await journal.meaning.catch_up(embedder)
    assert (await journal.search(read_query("the cat was ill"))).total == 1
    journal.meaning.is_wanted = False
    assert (await journal.search(read_query("the cat was ill"))).total == 0
    assert (await journal.search(read_query("kitten"))).total == 1


async def test_switched_on_again_all_is_made_anew(
    journal: Journal, database: Database, embedder: Embedder
) -> None:
    for text in ("The vet gave the kitten an injection.", "Rain all day."):
        await written(journal, text)
    await journal.meaning.catch_up(embedder)
    await journal.meaning.drop()
    await nothing_is_left(database)
    await written(journal, "Paid the taxes.")
    running = asyncio.create_task(journal.meaning.run())

    async def done() -> bool:
        return await journal.meaning.progress() == Progress(3, 3)

    await until(done)
    assert (await nearest(database, embedder, "money"))[0] == "Paid the taxes."
    assert (await nearest(database, embedder, "the cat was ill"))[0].startswith("The vet")
    await is_consistent(database)
    running.cancel()
    await asyncio.wait([running])


@pytest.mark.parametrize("again", [False, True])
async def test_switched_off_while_it_works_nothing_more_is_made_or_kept(
    journal: Journal,
    database: Database,
    embedder: Embedder,
    monkeypatch: pytest.MonkeyPatch,
    again: bool,
) -> None:
    """Also where it is on again before what was under way has ended."""
    kept, seen = embedder.kept, []
    for number in range(3):
        await written(journal, f"Entry number {number}.")

    async def switch_off(text: str) -> tuple[bytes, bytes]:
        seen.append(text)
        made = await kept(text)
        if len(seen) == 2:
            journal.meaning.is_wanted = again
            await database.write(vectors.forget, forgets=True)
        return made

    monkeypatch.setattr(embedder, "kept", switch_off)
    await journal.meaning.catch_up(embedder)
    assert len(seen) == (3 if again else 2)
    await nothing_is_left(database)
    journal.meaning.is_wanted = True
    await journal.meaning.catch_up(embedder)
    assert await journal.meaning.progress() == Progress(3, 3)
    await is_consistent(database)


async def test_a_save_waits_for_some_of_them_only(journal: Journal, database: Database) -> None:
    """However many there are: what is written meanwhile is kept before the last one is dropped."""
    count = 20 * meaning.DROPPED_AT_ONCE
    await database.write(with_vectors(count))
    dropping = asyncio.create_task(journal.meaning.drop())
    left = []
    while not dropping.done():
        await written(journal, "meanwhile")
        left += await rows(database, "SELECT count(*) FROM derived_vectors")
    assert len({one for one in left if 0 < one[0] < count}) >= 5
    await database.write(indexing.catch_up)
    await nothing_is_left(database)


@pytest.mark.parametrize("step", STEPS)
async def test_killed_anywhere_it_is_ended_after_the_next_unlock(tmp_path: Path, step: str) -> None:
    path = tmp_path / "journal.db"
    database = await Database.create(path, DEK, SCHEMA)
    await database.write(with_vectors(4 * PIECE))
    await database.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable, dropping.__file__, path, step, stderr=subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == -9, errors.decode()
    database = await Database.open(path, DEK, SCHEMA)
    left = len(await rows(database, "SELECT 1 FROM derived_vectors"))
    assert left == {"some dropped": 3 * PIECE, "more dropped, not committed": 2 * PIECE}.get(
        step, 4 * PIECE
    )
    if step == "forgotten, not committed":
        await is_consistent(database)
    await Meaning(database, Model(), is_wanted=False).drop()
    await nothing_is_left(database)
    await database.close()
    assert not await asyncio.to_thread(stands, path)


@pytest.mark.parametrize("step", ["forgotten", "some dropped"])
async def test_switched_on_again_after_a_kill_none_of_the_old_ones_stays(
    tmp_path: Path, step: str
) -> None:
    """Even where no model makes new ones."""
    path = tmp_path / "journal.db"
    database = await Database.create(path, DEK, SCHEMA)
    await database.write(with_vectors(4 * PIECE))
    await database.close()
    process = await asyncio.create_subprocess_exec(sys.executable, dropping.__file__, path, step)
    assert await process.wait() == -9
    database = await Database.open(path, DEK, SCHEMA)
    running = asyncio.create_task(Meaning(database, Model()).run())

    async def dropped() -> bool:
        return not await rows(database, "SELECT 1 FROM derived_vectors")

    await until(dropped)
    await nothing_is_left(database)
    await database.close()
    await running


def stands(path: Path) -> bool:
    pages = b"".join(plain_pages(DEK, path))
    return b"<half>" in pages or b"<side>" in pages


async def test_no_copy_stays_in_the_file(tmp_path: Path) -> None:
    """Nor of those that had been dropped with their texts, in any order, before."""
    path = tmp_path / "journal.db"
    database = await Database.create(path, DEK, SCHEMA)
    await database.write(with_vectors(1_500))
    await database.checkpoint()
    assert await asyncio.to_thread(stands, path)
    chance = random.Random(2)
    for _ in range(20):
        some = [(number,) for number in chance.sample(range(1, 1_501), 40)]
        delete = "DELETE FROM entries WHERE number = ?"
        await database.write(partial(_many, sql=delete, values=some))
        await database.write(partial(_remake, chance=chance))
    await Meaning(database, OFF).drop()
    assert await rows(database, "PRAGMA application_id") != [(0,)], "it is vacuumed as it closes"
    await database.checkpoint()
    assert not await asyncio.to_thread(stands, path), "and even before"
    size = path.stat().st_size
    await database.close()
    assert not await asyncio.to_thread(stands, path)
    assert path.stat().st_size < size / 2


def _many(connection: apsw.Connection, sql: str, values: list[tuple[Any, ...]]) -> None:
    connection.executemany(sql, values)


def _remake(connection: apsw.Connection, chance: random.Random) -> None:
    """Entries come and have several vectors, so that others move."""
    for _ in range(10):
        connection.execute(
            "INSERT INTO entries(id, day, created_ms, author, text) "
            "VALUES(?, '2026-11-20', 0, 'person', 'another entry')",
            (chance.randbytes(16).hex(),),
        )
    indexing.catch_up(connection)
    for one in vectors.waiting(connection, 100):
        vectors.keep(
            connection,
            one,
            [
                vectors.Kept(
                    vectors.Span(0, 8),
                    b"<side>" + chance.randbytes(WIDTH - 6),
                    b"<half>" + chance.randbytes(16 * WIDTH - 6),
                )
                for _ in range(3)
            ],
        )
