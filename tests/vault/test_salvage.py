"""What a damaged database gives back, and that verifying names what is damaged."""

import asyncio
import random
import shutil
from datetime import date, timedelta
from pathlib import Path

import apsw
import pytest

from herdbook.clock import SystemClock
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.errors import FileUnknown, InputError, VaultDamaged, VaultUnsupported, WrongSecret
from herdbook.journal import indexing, vectors
from herdbook.journal.checks import problems
from herdbook.journal.draft import Saving
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.journal.query import read_query
from herdbook.vault.btree import Trees
from herdbook.vault.pages import open_pages
from herdbook.vault.salvage import salvage
from herdbook.vault.vault import Draft, create_vault, draft_vault, open_vault
from herdbook.vault.verify import ranges, verify
from tests.journal.pictures import picture, stream

PASSWORD = "three unrelated words"
PAGE = 4096
COUNT = 400
LONG = "a long text " * 2_000
DAY = date(2026, 1, 1)


@pytest.fixture(scope="module")
def draft() -> Draft:
    return draft_vault(PASSWORD, KdfParameters(MEMORY_FLOOR_KIB, 2, 1))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, draft: Draft) -> Path:
    """A locked vault of 400 entries, one of them over several pages, with traces, and a drop."""
    folder = tmp_path_factory.mktemp("whole")

    async def make() -> Path:
        vault = await create_vault(folder, draft, SCHEMA)
        entries = [
            (f"{n:032x}", str(DAY + timedelta(days=n)), f"entry {n} " * (n % 40) + "end")
            for n in range(1, COUNT + 1)
        ]
        insert = (
            "INSERT INTO entries(id, day, created_ms, author, text) VALUES(?, ?, 0, 'person', ?)"
        )
        await vault.database.write(lambda connection: connection.executemany(insert, entries))
        journal = Journal(vault, SystemClock())
        await journal.add(DAY, LONG)
        await journal.traces.add(f"{1:032x}", "odd")
        give = "INSERT INTO entry_traces SELECT number, 1, day FROM entries WHERE number = ?"
        rest = [(n,) for n in range(3, COUNT, 2)]
        await vault.database.write(lambda connection: connection.executemany(give, rest))
        await journal.traces.add(f"{3:032x}", "three")
        await journal.traces.add(f"{COUNT:032x}", "even")
        import_id = await journal.exchange.begin("json")
        brought = f"INSERT INTO imported SELECT number, '{1:032x}' FROM imports WHERE id = ?"
        await vault.database.write(lambda connection: connection.execute(brought, (import_id,)))
        await journal.delete(f"{COUNT:032x}")
        await journal.save_draft(Saving("a" * 32, "w", 0, DAY, "half a thou"))
        await vault.database.write(_keep_vectors)
        vault.inbox.add(draft.header.header.inbox_public_key, b"a drop")
        await vault.database.close()
        return folder / vault.vault_id

    return asyncio.run(make())


def _keep_vectors(connection: apsw.Connection) -> None:
    chance = random.Random(0)
    indexing.catch_up(connection)
    for waiting in vectors.waiting(connection, COUNT - 100):
        made = vectors.Kept(vectors.Span(0, 3), chance.randbytes(48), chance.randbytes(768))
        assert vectors.keep(connection, waiting, [made])


@pytest.fixture
def vault(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "vault"))


def _flip(vault: Path, *pages: int) -> None:
    data = bytearray((vault / "journal.db").read_bytes())
    for number in pages:
        data[(number - 1) * PAGE + 1_000] ^= 1
    (vault / "journal.db").write_bytes(data)


def _texts(folder: Path, dek: bytes) -> dict[int, str]:
    with open_pages(folder, dek) as pages:
        rows = pages.connection.execute("SELECT number, text FROM entries").fetchall()
    return {int(str(number)): str(text) for number, text in rows}


def _roots(folder: Path, dek: bytes) -> dict[str, int]:
    with open_pages(folder, dek) as pages:
        rows = pages.connection.execute("SELECT name, rootpage FROM sqlite_master").fetchall()
    return {str(name): int(str(root)) for name, root in rows}


def test_damaged_pages_are_named(vault: Path) -> None:
    _flip(vault, 3, 20, 21, 22)
    report = verify(vault, PASSWORD, problems)
    assert report.damaged_pages == [3, 20, 21, 22]
    assert "These pages fail their tags: 3, 20 to 22." in report.problems


def test_a_whole_vault_verifies(vault: Path) -> None:
    report = verify(vault, PASSWORD, problems)
    assert report.whole
    assert (report.drops, report.refused_drops) == (1, 0)
    assert report.pages == (vault / "journal.db").stat().st_size // PAGE


def test_another_password_says_so_and_not_that_it_is_damaged(vault: Path) -> None:
    with pytest.raises(WrongSecret):
        verify(vault, "wrong", problems)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE entries SET day = '2026-02-30' WHERE number = 7", "Entry 7 has a day"),
        ("UPDATE entries SET text = ' ' WHERE number = 7", "Entry 7 has a text"),
        ("UPDATE entries SET text = 'x ' WHERE number = 7", "Entry 7 has a text"),
        ("UPDATE drafts SET day = 'x'", "is of no day"),
        ("UPDATE traces SET name = 'o  dd' WHERE number = 1", "Trace 1 has a name"),
        ("UPDATE traces SET folded = 'Odd' WHERE number = 1", "Trace 1 has a name"),
        ("UPDATE traces SET name = '' WHERE number = 1", "Trace 1 has no name"),
        ("UPDATE entry_traces SET day = '2026-01-01' WHERE entry = 7", "on another day"),
        ("DELETE FROM traces WHERE number = 2", "of entry_traces points nowhere"),
        ("DELETE FROM vault_keys", "do not belong together"),
        ("DROP TABLE vault_keys", "not readable"),
        ("DROP TABLE entries", "not whole"),
    ],
)
async def test_rows_that_no_herdbook_writes_are_named_without_their_text(
    vault: Path, change: str, said: str
) -> None:
    opened = await open_vault(vault, PASSWORD, SCHEMA)
    break_rules = f"PRAGMA foreign_keys = OFF; {change}"
    await opened.database.alone(lambda connection: connection.execute(break_rules).fetchall())
    await opened.database.close()
    report = verify(vault, PASSWORD, problems)
    assert said in " ".join(report.problems)
    assert "entry 7" not in str(report)


async def test_everything_comes_out_of_a_whole_vault(
    vault: Path, draft: Draft, tmp_path: Path
) -> None:
    result = salvage(vault, PASSWORD, tmp_path / "new", SCHEMA)
    assert result.lost == {}
    assert result.doubtful == result.damaged_pages == []
    assert result.saved == {
        "entries": COUNT,
        "drafts": 1,
        "absorbed": 0,
        "versions": 0,
        "deleted": 1,
        "traces": 3,
        "entry_traces": COUNT // 2 + 1,
        "deleted_traces": 1,
        "vault_keys": 1,
        "searches": 0,
        "settings": 0,
        "imports": 1,
        "imported": 1,
        "files": 0,
        "file_pieces": 0,
        "thumbnails": 0,
    }
    assert _texts(tmp_path / "new", draft.dek) == _texts(vault, draft.dek)
    assert verify(tmp_path / "new", PASSWORD, problems).whole
    opened = await open_vault(tmp_path / "new", draft.recovery_code, SCHEMA)
    journal = Journal(opened, SystemClock())
    found = await journal.search(read_query('"entry 77 entry 77 end"'))
    assert [one.day for one in found.found] == [DAY + timedelta(days=77)], "it is indexed anew"
    (draft,) = await journal.drafts(DAY)
    assert draft.text == "half a thou"
    waiting = await opened.database.read(lambda c: vectors.waiting(c, 2 * COUNT))
    assert len(waiting) == COUNT, "vectors are made anew"
    await journal.restore(f"{COUNT:032x}")
    uses, _ = await journal.traces.listed("used", limit=9)
    assert [(use.trace.name, use.entries) for use in uses] == [
        ("odd", COUNT // 2),
        ("even", 1),
        ("three", 1),
    ]
    assert len(opened.inbox.open_all(*opened.inbox_keys)) == 1
    await opened.database.close()


@pytest.mark.parametrize("seed", range(12))
def test_what_is_saved_is_true_and_what_is_lost_is_counted(
    vault: Path, draft: Draft, tmp_path: Path, seed: int
) -> None:
    """Any pages may go: every row that comes back is one that was there, and none is made up."""
    before = _texts(vault, draft.dek)
    last = (vault / "journal.db").stat().st_size // PAGE
    lost = sorted(random.Random(seed).sample(range(1, last + 1), seed % 6 + 1))
    _flip(vault, *lost)
    result = salvage(vault, PASSWORD, tmp_path / "new", SCHEMA)
    assert result.damaged_pages == lost
    after = _texts(tmp_path / "new", draft.dek)
    assert after.items() <= before.items()
    # A page of the fixture holds at most 60 entries.
    assert len(after) >= COUNT - 60 * len(lost)
    missing = len(before) - len(after)
    assert result.lost.get("entries", 0) == missing or "entries" in result.doubtful
    if missing:
        assert "entries" in result.doubtful
    assert verify(tmp_path / "new", PASSWORD, problems).whole


@pytest.mark.parametrize("name", ["sqlite_master", "entries", "entries_day", "drafts"])
def test_a_lost_root_loses_no_leaf(vault: Path, draft: Draft, tmp_path: Path, name: str) -> None:
    before = _texts(vault, draft.dek)
    _flip(vault, {"sqlite_master": 1, **_roots(vault, draft.dek)}[name])
    result = salvage(vault, PASSWORD, tmp_path / "new", SCHEMA)
    assert _texts(tmp_path / "new", draft.dek) == before
    assert result.saved["drafts"] == (0 if name == "drafts" else 1)
    assert result.saved["entry_traces"] == COUNT // 2 + 1
    assert result.saved["traces"] == 3
    assert result.inbox_kept, "two tables of as many columns are told apart by what they hold"


def test_what_refers_to_a_lost_row_goes_with_it(vault: Path, draft: Draft, tmp_path: Path) -> None:
    _flip(vault, _roots(vault, draft.dek)["traces"])
    result = salvage(vault, PASSWORD, tmp_path / "new", SCHEMA)
    assert (result.saved["traces"], result.saved["entry_traces"]) == (0, 0)
    assert result.lost == {"traces": 3, "entry_traces": COUNT // 2 + 1, "deleted_traces": 1}
    assert result.saved["entries"] == COUNT
    assert verify(tmp_path / "new", PASSWORD, problems).whole


def test_a_long_text_with_a_missing_page_is_lost_alone(
    vault: Path, draft: Draft, tmp_path: Path
) -> None:
    with open_pages(vault, draft.dek) as pages:
        long = LONG.encode()
        piece = next(n for n in pages.numbers if (pages.read(n) or b"")[500:512] in long)
    _flip(vault, piece)
    result = salvage(vault, PASSWORD, tmp_path / "new", SCHEMA)
    assert result.saved["entries"] == COUNT - 1
    assert result.lost["entries"] == 1
    assert result.doubtful == ["entries"]


def test_a_lost_inbox_key_gives_an_inbox_that_works(
    vault: Path, draft: Draft, tmp_path: Path
) -> None:
    _flip(vault, _roots(vault, draft.dek)["vault_keys"])
    result = salvage(vault, PASSWORD, tmp_path / "new", SCHEMA)
    assert not result.inbox_kept
    assert not (tmp_path / "new" / "inbox.db").exists()
    assert verify(tmp_path / "new", draft.recovery_code, problems).whole


def test_a_database_cut_short_gives_what_is_left(vault: Path, draft: Draft, tmp_path: Path) -> None:
    data = (vault / "journal.db").read_bytes()
    (vault / "journal.db").write_bytes(data[: len(data) // 2 + 99])
    result = salvage(vault, PASSWORD, tmp_path / "new", SCHEMA)
    assert COUNT > result.saved["entries"] > COUNT // 6
    assert result.lost.get("entries") or "entries" in result.doubtful
    assert verify(tmp_path / "new", PASSWORD, problems).whole


async def test_photos_come_out_and_one_that_is_not_whole_is_named(
    vault: Path, draft: Draft, tmp_path: Path
) -> None:
    opened = await open_vault(vault, PASSWORD, SCHEMA)
    journal = Journal(opened, SystemClock())
    shown, large = picture("image/png", (90, 60)), random.Random(1).randbytes(900_000)
    entry_id = f"{1:032x}"
    for data in (shown, large):
        await journal.files.add(entry_id, "a file", stream(data), keep_place=True)
    await opened.database.close()
    result = salvage(vault, PASSWORD, tmp_path / "new", SCHEMA)
    assert [result.saved[one] for one in ("files", "file_pieces", "thumbnails")] == [2, 5, 1]
    assert verify(tmp_path / "new", PASSWORD, problems).whole

    with open_pages(vault, draft.dek) as pages:
        beyond = next(
            number
            for number in pages.numbers
            if large[500_000:500_200] in (pages.read(number) or b"")
        )
    _flip(vault, beyond)
    result = salvage(vault, PASSWORD, tmp_path / "damaged", SCHEMA)
    assert result.saved["files"] == 2
    assert result.saved["file_pieces"] == 4
    assert verify(tmp_path / "damaged", PASSWORD, problems).problems == ["File 2 is not whole."]
    opened = await open_vault(tmp_path / "damaged", PASSWORD, SCHEMA)
    journal = Journal(opened, SystemClock())
    first, second = (await journal.files.of_entries([entry_id]))[entry_id]
    assert b"".join([piece async for piece in journal.files.pieces(first)]) == shown
    with pytest.raises(FileUnknown):
        assert [piece async for piece in journal.files.pieces(second)]
    await opened.database.close()


async def test_what_was_deleted_does_not_come_back(
    vault: Path, draft: Draft, tmp_path: Path
) -> None:
    opened = await open_vault(vault, PASSWORD, SCHEMA)
    most = (
        "DELETE FROM entry_traces WHERE entry % 50 > 3; DELETE FROM entries WHERE number % 50 > 3"
    )
    await opened.database.write(lambda connection: connection.execute(most))
    await opened.database.close()
    kept = _texts(vault, draft.dek)
    _flip(vault, 1)
    salvage(vault, PASSWORD, tmp_path / "new", SCHEMA)
    assert _texts(tmp_path / "new", draft.dek) == kept


def test_no_plain_page_is_ever_on_disk(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    rename = Path.rename

    def look_then_rename(path: Path, target: Path) -> Path:
        written.extend(file.read_bytes() for file in path.rglob("journal.db*"))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", look_then_rename)
    _flip(vault, 9)
    salvage(vault, PASSWORD, tmp_path / "new", SCHEMA)
    assert written
    assert all(b"entry 1" not in data and b"SQLite format 3" not in data for data in written)


async def test_a_schema_of_another_release_is_left_alone(vault: Path, tmp_path: Path) -> None:
    opened = await open_vault(vault, PASSWORD, SCHEMA)
    await opened.database.alone(lambda connection: connection.pragma("user_version", 99))
    await opened.database.close()
    with pytest.raises(VaultUnsupported, match="another release"):
        salvage(vault, PASSWORD, tmp_path / "new", SCHEMA)
    assert not (tmp_path / "new").exists()


def test_without_a_database_or_over_something_nothing_is_made(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="already"):
        salvage(vault, PASSWORD, tmp_path / "there", SCHEMA)
    (vault / "journal.db").unlink()
    with pytest.raises(VaultDamaged, match=r"no journal\.db"):
        salvage(vault, PASSWORD, tmp_path / "new", SCHEMA)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there", "vault"]


def test_ranges_are_as_people_write_them() -> None:
    assert ranges([]) == ""
    assert ranges([2]) == "2"
    assert ranges([1, 2, 3, 7, 9, 10]) == "1 to 3, 7, 9 to 10"


@pytest.mark.parametrize("seed", range(200))
def test_pages_of_noise_end_the_walk(seed: int) -> None:
    """Authenticated pages are not noise; still, nothing loops and nothing escapes."""
    source = random.Random(seed)
    pages = {
        number: bytes([source.choice((2, 5, 10, 13))]) + source.randbytes(4_095)
        for number in range(2, 30)
    }
    trees = Trees(pages.get)
    for root in pages:
        for _, values in trees.rows(root):
            assert isinstance(values, list)
