"""Every format that was ever released opens: with this package, and without it."""

import re
import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from herdbook.clock import SystemClock
from herdbook.journal.checks import problems
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.vault.decryptor import herdbook_decrypt as decryptor
from herdbook.vault.vault import open_vault
from herdbook.vault.verify import verify

FOLDERS = sorted(path for path in Path(__file__).parent.iterdir() if (path / "README.md").exists())


@pytest.fixture(params=FOLDERS, ids=lambda path: path.name)
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(request.param, tmp_path / "vault"))


def _secret(vault: Path, kind: str) -> str:
    found = re.search(rf"^- {kind}: `(.+)`$", (vault / "README.md").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("kind", ["password", "recovery code"])
async def test_the_package_opens_it(vault: Path, kind: str) -> None:
    assert (vault / "journal.db-wal").stat().st_size > 4096
    opened = await open_vault(vault, _secret(vault, kind), SCHEMA)
    try:
        journal = Journal(opened, SystemClock())
        assert await journal.absorb() == 3
        first = await journal.on_day(date(2026, 11, 1))
        assert [entry.text[:7] for entry in first] == ["Day 1:", "Ünïcödé"]
        assert len(first[1].text) > 7_000
        (draft,) = await journal.drafts(date(2026, 11, 1))
        assert draft.text == "Half a thou"
        assert await journal.absorb() == 0
    finally:
        await opened.database.close()


def test_it_is_whole(vault: Path) -> None:
    report = verify(vault, _secret(vault, "password"), problems)
    assert report.problems == []
    assert report.drops == 3


@pytest.mark.parametrize(("kind", "way"), [("password", "password"), ("recovery code", "recovery")])
def test_the_decryptor_opens_it(vault: Path, tmp_path: Path, kind: str, way: str) -> None:
    out = tmp_path / "plain.sqlite"
    decryptor.decrypt(vault, way, _secret(vault, kind), out)
    with closing(sqlite3.connect(out)) as plain:
        assert plain.execute("SELECT count(*) FROM entries").fetchone() == (13,)
        assert plain.execute("SELECT text FROM drafts").fetchall() == [("Half a thou",)]
        assert plain.execute("SELECT text FROM inbox ORDER BY number").fetchall() == [
            (f"Dropped {n}.",) for n in range(3)
        ]
