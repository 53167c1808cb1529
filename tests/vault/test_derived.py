"""A damaged full-text index costs no entry, is told as such, and is made anew."""

import asyncio
import random
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from herdbook.clock import SystemClock
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.journal import indexing
from herdbook.journal.checks import problems
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.journal.query import read_query
from herdbook.vault.btree import Trees
from herdbook.vault.pages import open_pages
from herdbook.vault.salvage import salvage
from herdbook.vault.vault import Draft, create_vault, draft_vault, open_vault
from herdbook.vault.verify import verify

PASSWORD = "three unrelated words"
PAGE = 4096
COUNT = 300
DAY = date(2026, 1, 1)
WORDS = ("words_data", "words_idx", "words_docsize", "words_config")


@pytest.fixture(scope="module")
def draft() -> Draft:
    return draft_vault(PASSWORD, KdfParameters(MEMORY_FLOOR_KIB, 2, 1))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, draft: Draft) -> Path:
    """A locked vault whose full-text index has several pages."""
    folder = tmp_path_factory.mktemp("whole")
    chance = random.Random(0)

    async def make() -> Path:
        vault = await create_vault(folder, draft, SCHEMA)
        journal = Journal(vault, SystemClock())
        for number in range(COUNT):
            text = " ".join(f"word{chance.randrange(3_000)}" for _ in range(30))
            await journal.add(DAY + timedelta(days=number), f"entry{number} {text}")
        await journal.remember_search("snow")
        await vault.database.write(indexing.catch_up)
        await vault.database.close()
        return folder / vault.vault_id

    return asyncio.run(make())


@pytest.fixture
def vault(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "vault"))


def _pages_of(vault: Path, draft: Draft, chosen: Callable[[str], bool]) -> list[int]:
    """The pages that the chosen tables and their indexes fill."""
    with open_pages(vault, draft.dek) as pages:
        rows = pages.connection.execute("SELECT tbl_name, rootpage FROM sqlite_schema").fetchall()
        trees = Trees(pages.read)
        for table, root in rows:
            if chosen(str(table)) and root:
                list(trees.rows(int(str(root))))
        return sorted(trees.visited)


def _flip(vault: Path, numbers: list[int]) -> None:
    data = bytearray((vault / "journal.db").read_bytes())
    for number in numbers:
        data[(number - 1) * PAGE + 1_000] ^= 1
    (vault / "journal.db").write_bytes(data)


async def _check_rescued(vault: Path, tmp_path: Path) -> None:
    """Everything is there and found again."""
    result = salvage(vault, PASSWORD, tmp_path / "new", SCHEMA)
    assert (result.lost, result.doubtful, result.inbox_kept) == ({}, [], True)
    assert result.saved["entries"] == COUNT
    assert verify(tmp_path / "new", PASSWORD, problems).whole
    opened = await open_vault(tmp_path / "new", PASSWORD, SCHEMA)
    journal = Journal(opened, SystemClock())
    for number in (0, COUNT // 2, COUNT - 1):
        page = await journal.search(read_query(f'"entry{number}"'))
        assert [one.day for one in page.found] == [DAY + timedelta(days=number)]
    assert await journal.recent_searches() == ["snow"]
    await opened.database.close()


@pytest.mark.parametrize("table", [*WORDS, "derived_sides", "all"])
async def test_damaged_pages_of_what_is_derived_cost_nothing(
    vault: Path, draft: Draft, tmp_path: Path, table: str
) -> None:
    names = (*WORDS, "derived_sides") if table == "all" else (table,)
    roots = _pages_of(vault, draft, lambda name: name in names)
    damaged = roots if table != "words_data" else roots[-1:]
    _flip(vault, damaged)
    report = verify(vault, PASSWORD, problems)
    assert report.damaged_pages == damaged
    assert not report.whole
    # What lies behind a page that is lost, too, may be anything.
    assert report.only_derived == (len(damaged) == 1)
    await _check_rescued(vault, tmp_path)


async def test_one_page_of_an_entry_is_not_taken_for_derived(vault: Path, draft: Draft) -> None:
    kept = _pages_of(vault, draft, lambda name: name == "entries")
    words = _pages_of(vault, draft, lambda name: name == "words_data")
    _flip(vault, [kept[-1], words[-1]])
    assert not verify(vault, PASSWORD, problems).only_derived


def test_a_lost_schema_tells_nothing(vault: Path) -> None:
    _flip(vault, [1])
    assert not verify(vault, PASSWORD, problems).only_derived


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE words_data SET block = zeroblob(50) WHERE id > 10",
        "DELETE FROM words_data WHERE id > 10",
        "UPDATE words_data SET block = x'00' WHERE id = 10",
        "DELETE FROM words_docsize WHERE id < 10",
        "INSERT INTO words(words, rowid, text) SELECT 'delete', number, text FROM entries LIMIT 1",
    ],
)
async def test_an_index_that_says_something_else_is_noticed(
    vault: Path, tmp_path: Path, change: str
) -> None:
    opened = await open_vault(vault, PASSWORD, SCHEMA)
    await opened.database.alone(lambda connection: connection.execute(change).fetchall())
    await opened.database.close()
    report = verify(vault, PASSWORD, problems)
    assert report.problems == ["The full-text index “words” is not what is written."]
    assert report.only_derived
    await _check_rescued(vault, tmp_path)


async def test_other_damage_beside_it_is_not_played_down(vault: Path) -> None:
    opened = await open_vault(vault, PASSWORD, SCHEMA)
    change = "DELETE FROM words_docsize WHERE id < 10; " + (
        "INSERT INTO drafts VALUES('c', 'no day', NULL, '', 1, 0, 'text')"
    )
    await opened.database.alone(lambda connection: connection.execute(change).fetchall())
    await opened.database.close()
    report = verify(vault, PASSWORD, problems)
    assert len(report.problems) == 2
    assert not report.only_derived


async def test_what_waits_to_be_indexed_is_no_damage(vault: Path) -> None:
    """As a kill right after a save leaves it."""
    opened = await open_vault(vault, PASSWORD, SCHEMA)
    await Journal(opened, SystemClock()).add(DAY, "just written")
    await opened.database.close()
    assert verify(vault, PASSWORD, problems).whole
    opened = await open_vault(vault, PASSWORD, SCHEMA)
    assert await opened.database.read(indexing.behind) == 1, "and it is looked at, no more"
    change = "DELETE FROM words_data WHERE id > 10"
    await opened.database.alone(lambda connection: connection.execute(change).fetchall())
    await opened.database.close()
    report = verify(vault, PASSWORD, problems)
    assert report.problems == ["The full-text index “words” is not what is written."]
    assert report.only_derived
