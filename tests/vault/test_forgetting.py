"""What is deleted: it stands in no page any more, whatever happened in between."""

import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from herdbook.journal import indexing
from herdbook.journal.journal import SCHEMA
from herdbook.vault.database import Database
from tests.disk import Disk
from tests.vault.pages import plain_pages

DEK = bytes(range(32))
_FILL = "INSERT INTO entries(number, id, day, created_ms, author, text) VALUES(?, ?, ?, 0, ?, ?)"


def _words(seed: int, number: int, count: int = 6) -> str:
    chosen = random.Random(f"{seed} {number}")
    return " ".join(f"w{chosen.getrandbits(64):016x}" for _ in range(count))


async def _forget_much(database: Database) -> list[bytes]:
    """Marks of entries that were written, grew and were deleted, all in any order.

    That moves rows from page to page, and of some of them SQLite leaves a copy.
    """
    chance = random.Random(0)
    order = chance.sample(range(1, 2_001), 2_000)
    texts = {number: f"<{number:04}>" + "x" * chance.choice([10, 40, 300]) for number in order}
    grown = {n: texts[n] + "y" * chance.choice([50, 300]) for n in chance.sample(order, 1_000)}
    gone = chance.sample(order, 1_000)
    await database.write(
        lambda connection: connection.executemany(
            _FILL, ((n, f"id{n}", "2026-11-20", "person", texts[n]) for n in order)
        )
    )
    await database.write(indexing.catch_up)
    await database.checkpoint()
    await database.write(
        lambda connection: connection.executemany(
            "UPDATE entries SET text = ? WHERE number = ?", ((grown[n], n) for n in grown)
        )
    )
    await database.checkpoint()
    await database.write(
        lambda connection: connection.executemany(
            "DELETE FROM entries WHERE number = ?", ((number,) for number in gone)
        ),
        forgets=True,
    )
    await database.checkpoint()
    return [texts[number][:6].encode() for number in gone]


def _stands(path: Path, marks: list[bytes]) -> bool:
    pages = b"".join(plain_pages(DEK, path))
    return any(mark in pages for mark in marks)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = await Database.create(path, DEK, SCHEMA)
    yield database
    await database.close()


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_deleted_or_edited_stands_in_no_page_any_more(
    database: Database, path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    texts = {number: _words(seed, number, chance.choice([2, 20, 400])) for number in range(1, 301)}

    def fill(connection: apsw.Connection) -> None:
        for number, text in texts.items():
            connection.execute(_FILL, (number, f"id{number}", "2026-11-20", "person", text))
        indexing.catch_up(connection)

    def forget(connection: apsw.Connection, number: int, instead: str | None) -> None:
        if instead is None:
            connection.execute("DELETE FROM entries WHERE number = ?", (number,))
        else:
            connection.execute("UPDATE entries SET text = ? WHERE number = ?", (instead, number))

    await database.write(fill)
    gone = chance.sample(sorted(texts), 150)
    for place, number in enumerate(gone):
        edited = _words(seed, 1_000 + number, 3) if place % 3 == 0 else None
        await database.write(
            lambda c, n=number, e=edited: forget(c, n, e),  # type: ignore[misc]
            forgets=True,
        )
    await database.close()
    stands = b"".join(plain_pages(DEK, path))
    # A full-text index keeps a word without what it shares with the one before: ends are enough.
    ends = {stands[place : place + 12] for place in range(len(stands))}
    kept = {word for number in set(texts) - set(gone) for word in texts[number].split()}
    # All but those that lie across two pages.
    assert sum(word[-12:].encode() in ends for word in kept) > 0.98 * len(kept)
    lost = {word for number in gone for word in texts[number].split()}
    assert not [word for word in lost if word[-12:].encode() in ends]


async def test_what_is_deleted_leaves_the_log_with_a_checkpoint(
    database: Database, path: Path
) -> None:
    await database.write(lambda c: c.execute(_FILL, (1, "id", "2026-11-20", "person", "canary")))
    await database.write(lambda connection: connection.execute("DELETE FROM entries"))
    assert b"canary" in b"".join(plain_pages(DEK, path))
    await database.checkpoint()
    assert b"canary" not in b"".join(plain_pages(DEK, path))


async def test_what_a_kill_left_is_forgotten_when_it_next_closes(
    database: Database, path: Path, tmp_path: Path
) -> None:
    gone = await _forget_much(database)
    (tmp_path / "killed").mkdir()
    for file in (path, path.with_name("journal.db-wal")):
        shutil.copy(file, tmp_path / "killed")
    killed = tmp_path / "killed" / "journal.db"
    assert _stands(killed, gone), "else this shows nothing"
    await (await Database.open(killed, DEK, SCHEMA)).close()
    assert not _stands(killed, gone)
    before = killed.read_bytes()
    await (await Database.open(killed, DEK, SCHEMA)).close()
    assert killed.read_bytes() == before, "once is enough"


async def test_a_full_disk_only_puts_it_off(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    disk.make_room()
    path = disk.path / "journal.db"
    database = await Database.create(path, DEK, SCHEMA)
    gone = await _forget_much(database)
    disk.leave(0)
    await database.close()
    disk.make_room()
    assert "could not be vacuumed" in caplog.text
    assert _stands(path, gone)
    await (await Database.open(path, DEK, SCHEMA)).close()
    assert not _stands(path, gone)


async def test_what_is_undone_leaves_nothing_to_forget(database: Database, path: Path) -> None:
    await database.write(lambda c: c.execute(_FILL, (1, "id", "2026-11-20", "person", "canary")))

    def fail(connection: apsw.Connection) -> None:
        connection.execute("DELETE FROM entries")
        raise KeyError

    with pytest.raises(KeyError):
        await database.write(fail, forgets=True)
    assert await database.read(lambda c: c.pragma("application_id")) == 0
    await database.close()
    assert b"canary" in b"".join(plain_pages(DEK, path))
