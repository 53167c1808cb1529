"""A migration that fails or is killed leaves the database as it was, and as usable."""

import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

from herdbook.errors import StorageError
from herdbook.vault.database import Database

DEK = bytes(range(32))
FIRST = "CREATE TABLE kept(text TEXT); INSERT INTO kept VALUES('from the first');"
ADD = "ALTER TABLE kept ADD COLUMN day TEXT; UPDATE kept SET day = '2026-11-20';"
SLOW = """ALTER TABLE kept ADD COLUMN day TEXT;
DELETE FROM kept;
CREATE TABLE filler AS
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000000)
    SELECT i, randomblob(500) FROM n;"""
OPEN = """
import asyncio, pathlib, sys
from herdbook.vault.database import Database
asyncio.run(Database.open(pathlib.Path(sys.argv[1]), bytes(range(32)), sys.argv[2]))
"""


class Package:
    """A package of migrations that the test writes."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.path = folder
        self._migrations = folder / name / "migrations"
        self._migrations.mkdir(parents=True)
        (folder / name / "__init__.py").write_text("")

    def put(self, number: int, script: str) -> None:
        (self._migrations / f"{number:04}_step.sql").write_text(script)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    package = Package(tmp_path / "packages", f"schema_of_{tmp_path.name}")
    monkeypatch.syspath_prepend(package.path)
    importlib.invalidate_caches()
    package.put(1, FIRST)
    return package


@pytest.fixture
async def path(tmp_path: Path, package: Package) -> Path:
    """A database at the first schema."""
    path = tmp_path / "journal.db"
    await (await Database.create(path, DEK, package.name)).close()
    return path


async def _content(path: Path, package: Package) -> tuple[object, ...]:
    database = await Database.open(path, DEK, package.name)

    def read(connection: apsw.Connection) -> tuple[object, ...]:
        return (
            connection.pragma("user_version"),
            connection.execute("SELECT * FROM kept").fetchall(),
            connection.pragma("integrity_check"),
        )

    try:
        return await database.read(read)
    finally:
        await database.close()


async def test_each_step_is_applied_once(path: Path, package: Package) -> None:
    assert await _content(path, package) == (1, [("from the first",)], "ok")
    package.put(2, ADD)
    for _ in range(2):
        assert await _content(path, package) == (2, [("from the first", "2026-11-20")], "ok")


@pytest.mark.parametrize(
    "broken",
    [
        "DELETE FROM kept; SELECT * FROM nowhere;",
        "DELETE FROM kept; THIS IS NO SQL;",
        "DELETE FROM kept; CREATE TABLE one(n UNIQUE); INSERT INTO one VALUES(1), (1);",
    ],
)
async def test_a_step_that_fails_leaves_the_state_before(
    path: Path, package: Package, broken: str
) -> None:
    package.put(2, ADD)
    package.put(3, broken)
    with pytest.raises(StorageError, match=r"from schema \d.*as it was"):
        await Database.open(path, DEK, package.name)
    package.put(3, "SELECT 1;")
    assert await _content(path, package) == (3, [("from the first", "2026-11-20")], "ok")


async def test_a_killed_step_leaves_the_state_before(path: Path, package: Package) -> None:
    package.put(2, SLOW)
    for pages in (0, 100, 3_000):
        _open_and_kill(path, package, pages)
    package.put(2, ADD)
    assert await _content(path, package) == (2, [("from the first", "2026-11-20")], "ok")


def _open_and_kill(path: Path, package: Package, pages: int) -> None:
    """Kill what migrates once so many pages of the unfinished step stand in the log."""
    log = path.with_name("journal.db-wal")
    deadline = time.monotonic() + 20
    with subprocess.Popen(
        [sys.executable, "-c", OPEN, str(path), package.name],
        env=os.environ | {"PYTHONPATH": str(package.path)},
    ) as process:
        while not log.exists() or log.stat().st_size < pages * 4096:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
