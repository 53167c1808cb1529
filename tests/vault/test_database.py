import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from herdbook.errors import StorageError, VaultDamaged, VaultLocked
from herdbook.journal.journal import SCHEMA
from herdbook.vault import database as module
from herdbook.vault.database import Database
from tests.disk import Disk
from tests.vault.pages import PAGE

DEK = bytes(range(32))
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    """An open database that leaves no thread and no connection behind."""
    before = set(threading.enumerate())
    database = await Database.create(path, DEK, SCHEMA)
    yield database
    await database.close()
    left = [thread for thread in set(threading.enumerate()) - before if "vault" in thread.name]
    assert left == []


def _connections() -> list[apsw.Connection]:
    gc.collect()
    return [item for item in gc.get_objects() if isinstance(item, apsw.Connection) and item]


def _put(day: int, text: str) -> Callable[[apsw.Connection], object]:
    return lambda connection: connection.execute(
        "INSERT OR REPLACE INTO drafts(composition, day, writer, revision, saved_ms, text) "
        "VALUES(?1, ?1, '', 1, 0, ?2)",
        (f"{day:06}", text),
    )


def _count(connection: apsw.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM drafts").get)


def _log_size(path: Path) -> int:
    log = path.with_name(f"{path.name}-wal")
    return log.stat().st_size if log.exists() else 0


async def test_a_long_read_holds_up_no_save_and_sees_one_state(database: Database) -> None:
    started, saved = threading.Event(), threading.Event()

    def slowly(connection: apsw.Connection) -> list[int]:
        first = _count(connection)
        started.set()
        assert saved.wait(10)
        return [first, _count(connection)]

    reading = asyncio.create_task(database.read(slowly))
    await asyncio.to_thread(started.wait, 10)
    await asyncio.wait_for(database.write(_put(1, "while another reads")), 5)
    assert await database.read(_count) == 1
    saved.set()
    assert await reading == [0, 0]


async def test_as_many_reads_as_there_are_readers_run_at_once(database: Database) -> None:
    together = threading.Barrier(module.READERS, timeout=10)
    await asyncio.gather(*(database.read(lambda _: together.wait()) for _ in range(module.READERS)))


async def test_more_reads_than_readers_wait_for_one_another(database: Database) -> None:
    await database.write(_put(1, "x"))
    counts = await asyncio.gather(*(database.read(_count) for _ in range(50)))
    assert counts == [1] * 50


async def test_a_saved_change_is_read_at_once(database: Database) -> None:
    for day in range(100):
        await database.write(_put(day, "x"))
        assert await database.read(_count) == day + 1


async def test_a_read_changes_nothing(database: Database) -> None:
    with pytest.raises(StorageError, match="ReadOnly"):
        await database.read(_put(1, "x"))
    assert await database.read(_count) == 0


async def test_locking_does_not_wait_for_a_long_read(path: Path) -> None:
    database = await Database.create(path, DEK, SCHEMA)
    started = threading.Event()

    def endless(connection: apsw.Connection) -> None:
        started.set()
        connection.execute(ENDLESS).fetchall()

    reads = [asyncio.create_task(database.read(endless)) for _ in range(module.READERS + 1)]
    await asyncio.to_thread(started.wait, 10)
    await asyncio.wait_for(database.close(), 5)
    for read in reads:
        with pytest.raises(VaultLocked):
            await read


async def test_closing_leaves_no_connection_no_thread_and_no_log(path: Path) -> None:
    before = len(_connections())
    database = await Database.create(path, DEK, SCHEMA)
    assert len(_connections()) == before + 1 + module.READERS
    await database.write(_put(1, "x"))
    await asyncio.gather(database.close(), database.close())
    await database.close()
    assert len(_connections()) == before
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("vault")]
    assert [file.name for file in path.parent.iterdir()] == ["journal.db"]
    for use in (database.read(_count), database.write(_put(1, "x")), database.checkpoint()):
        with pytest.raises(VaultLocked):
            await use


async def test_opening_that_is_given_up_leaves_nothing_open(path: Path) -> None:
    before = len(_connections())
    opening = asyncio.create_task(Database.create(path, DEK, SCHEMA))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert len(_connections()) == before
    again = await Database.open(path, DEK, SCHEMA)
    assert await again.read(_count) == 0
    await again.close()


@pytest.mark.parametrize("size", [None, 0, 1, PAGE - 1])
async def test_a_database_that_is_not_there_is_not_begun_anew(path: Path, size: int | None) -> None:
    """SQLite would, and throw away the log, which may hold everything."""
    database = await Database.create(path, DEK, SCHEMA)
    await database.write(_put(1, "x"))
    log = path.with_name("journal.db-wal").read_bytes()
    whole = path.read_bytes()
    await database.close()
    path.with_name("journal.db-wal").write_bytes(log)
    if size is None:
        path.unlink()
    else:
        path.write_bytes(whole[:size])
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    with pytest.raises(VaultDamaged, match=r"journal\.db.*import a backup"):
        await Database.open(path, DEK, SCHEMA)
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


async def test_a_new_database_takes_no_others_place(path: Path) -> None:
    await (await Database.create(path, DEK, SCHEMA)).close()
    with pytest.raises(StorageError, match="exists"):
        await Database.create(path, DEK, SCHEMA)


async def test_another_key_opens_nothing_and_leaves_nothing_open(path: Path) -> None:
    await (await Database.create(path, DEK, SCHEMA)).close()
    before = len(_connections())
    with pytest.raises(VaultDamaged):
        await Database.open(path, bytes(32), SCHEMA)
    assert len(_connections()) == before


async def test_a_write_that_was_given_up_is_whole_or_not_there(database: Database) -> None:
    for day in range(30):
        writing = asyncio.create_task(database.write(_put(day, "x" * 5_000)))
        await asyncio.sleep(0)
        writing.cancel()
    await database.write(_put(99, "last"))
    rows = await database.read(
        lambda connection: connection.execute("SELECT length(text) FROM drafts").fetchall()
    )
    assert set(rows) <= {(5_000,), (4,)}
    assert (4,) in rows


async def test_only_its_owner_can_read_the_file(database: Database, path: Path) -> None:
    await database.write(_put(1, "x"))
    assert {file.stat().st_mode & 0o077 for file in path.parent.iterdir()} == {0}


# The log


async def test_the_log_is_begun_anew_when_it_is_long(database: Database, path: Path) -> None:
    for day in range(3 * module.LOG_PAGES // 20):
        await database.write(_put(day, "x" * 20 * PAGE))
        assert _log_size(path) < 3 * module.LOG_PAGES * PAGE
    await database.checkpoint()
    assert _log_size(path) == 0


async def test_reads_without_a_pause_do_not_let_the_log_grow(
    database: Database, path: Path
) -> None:
    """Some reader is always in the middle, each of them for a while."""
    stop = threading.Event()

    def slowly(connection: apsw.Connection) -> None:
        _count(connection)
        stop.wait(0.03)

    async def read_on() -> None:
        while not stop.is_set():
            await database.read(slowly)

    reads = [asyncio.create_task(read_on()) for _ in range(2 * module.READERS)]
    largest = 0
    for number in range(40 * module.LOG_PAGES // 200):
        await database.write(_put(number % 10, "x" * 200 * PAGE))
        largest = max(largest, _log_size(path))
    stop.set()
    await asyncio.gather(*reads)
    assert largest < 12 * module.LOG_PAGES * PAGE


async def test_a_read_under_way_keeps_its_state_over_a_checkpoint(database: Database) -> None:
    await database.write(_put(1, "before"))
    started, tidied = threading.Event(), threading.Event()

    def slowly(connection: apsw.Connection) -> list[object]:
        first = connection.execute("SELECT text FROM drafts").fetchall()
        started.set()
        assert tidied.wait(10)
        return [first, connection.execute("SELECT text FROM drafts").fetchall()]

    reading = asyncio.create_task(database.read(slowly))
    await asyncio.to_thread(started.wait, 10)
    await database.write(_put(1, "after"))
    await database.checkpoint()
    tidied.set()
    assert await reading == [[("before",)], [("before",)]]
    assert (
        await database.read(lambda connection: connection.execute("SELECT text FROM drafts").get)
        == "after"
    )


# When the disk does not take it


async def test_a_full_disk_is_said_and_nothing_is_lost(disk: Disk) -> None:
    path = disk.path / "journal.db"
    database = await Database.create(path, DEK, SCHEMA)
    kept = 0
    with suppress(StorageError):
        for _ in range(100):
            await database.write(_put(kept, "x" * 30_000))
            kept += 1
    assert 0 < kept < 100
    assert await database.read(_count) == kept
    with pytest.raises(StorageError, match=r"\(\w+\)\. Free some space"):
        await database.write(_put(kept, "x" * 100_000))
    await database.close()
    again = await Database.open(path, DEK, SCHEMA)
    assert await again.read(_count) == kept
    disk.make_room()
    # It goes on where it was, without being opened anew.
    await again.write(_put(kept, "x" * 30_000))
    assert await again.read(_count) == kept + 1
    assert await again.read(lambda c: c.pragma("integrity_check")) == "ok"
    await again.close()


async def test_a_folder_that_cannot_be_written_is_said(disk: Disk) -> None:
    path = disk.path / "journal.db"
    await (await Database.create(path, DEK, SCHEMA)).close()
    disk.protect(disk.path)
    with pytest.raises(StorageError, match="make the folder writable"):
        await Database.open(path, DEK, SCHEMA)
    with pytest.raises(StorageError, match="make the folder writable"):
        await Database.create(disk.path / "new.db", DEK, SCHEMA)
