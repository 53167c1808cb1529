"""Every vector through both readers: the package with its engine, and the independent decryptor."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from herdbook.crypto.recovery import read_recovery_code
from herdbook.errors import VaultError
from herdbook.journal.checks import problems
from herdbook.journal.journal import SCHEMA
from herdbook.vault.decryptor import herdbook_decrypt as decryptor
from herdbook.vault.folder import open_header
from herdbook.vault.pages import open_pages
from herdbook.vault.vault import open_vault
from herdbook.vault.verify import verify, verify_with
from tests.vectors.cases import FOLDER, make_folder, read_cases
from tests.vectors.generate import generate, text_of
from tests.vectors.vaults import load

CASES = read_cases()
VAULTS = load()
_OUTCOMES = {
    "wrong_secret": "wrong_secret",
    "recovery_code_invalid": "recovery_code_invalid",
    "vault_unsupported": "unsupported",
    "vault_damaged": "damaged",
}
_TEXTS = "SELECT text FROM entries ORDER BY number"


@pytest.fixture
def folder(case: dict[str, Any], tmp_path: Path) -> Path:
    (tmp_path / "vault").mkdir()
    make_folder(case, VAULTS, tmp_path / "vault")
    return tmp_path / "vault"


def _check_text(case: dict[str, Any], texts: list[str]) -> None:
    wanted = case.get("text", "")
    assert (wanted.removeprefix("-") in texts) != wanted.startswith("-") or not wanted


def _typed(case: dict[str, Any]) -> str:
    secret: str = case["secret"]
    return read_recovery_code(secret) if case["way"] == "recovery" else secret


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_package_says_what_the_vector_says(case: dict[str, Any], folder: Path) -> None:
    outcome, texts = "opens", []
    report = None
    try:
        opened = open_header(folder, case["way"], _typed(case))
        dek = opened.dek
        report = verify_with(folder, opened.file.header, dek, problems)
        if report.whole:
            with open_pages(folder, dek) as pages:
                texts = [str(row[0]) for row in pages.connection.execute(_TEXTS)]
        else:
            outcome = "damaged"
    except VaultError as error:
        outcome = _OUTCOMES[error.code]
    assert outcome == case["outcome"], report
    if report is not None and outcome == "opens":
        assert [report.drops, report.refused_drops] == case["drops"]
        _check_text(case, texts)
    if report is not None and "damaged_pages" in case:
        assert report.damaged_pages == case["damaged_pages"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_decryptor_says_what_the_vector_says(case: dict[str, Any], folder: Path) -> None:
    out = folder.parent / "out.sqlite"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    if case["outcome"] != "opens":
        with pytest.raises(decryptor.Refused) as refused:
            decryptor.decrypt(folder, case["way"], case["secret"], out)
        assert refused.value.outcome == case["outcome"]
        assert not out.exists()
        for number in case.get("damaged_pages", []):
            assert f"Page {number} " in str(refused.value)
    else:
        decryptor.decrypt(folder, case["way"], case["secret"], out)
        with closing(sqlite3.connect(out)) as plain:
            _check_text(case, [row[0] for row in plain.execute(_TEXTS)])
            drops = _drops(plain)
        assert drops == case["drops"]
    assert {path.name for path in folder.parent.iterdir()} <= {"vault", "out.sqlite"}
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case["topic"] == "changes"],
    ids=lambda case: case["name"],
)
async def test_unlocking_ends_a_change_of_keys_or_touches_nothing(
    case: dict[str, Any], folder: Path
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    try:
        vault = await open_vault(folder, case["secret"], SCHEMA)
    except VaultError as error:
        outcome = _OUTCOMES[error.code]
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    else:
        outcome = "opens"
        await vault.database.close()
        assert {path.name for path in folder.iterdir()} <= {"header.json", "journal.db", "inbox.db"}
        assert verify(folder, case["secret"], problems).whole
    assert outcome == case["outcome"]


def _drops(plain: sqlite3.Connection) -> list[int]:
    if not plain.execute("SELECT 1 FROM sqlite_master WHERE name = 'inbox'").fetchone():
        return [0, 0]
    row = plain.execute("SELECT sum(refused IS NULL), sum(refused IS NOT NULL) FROM inbox")
    return list(row.fetchone())


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case["outcome"] == "opens" and case["vault"] == "log"],
    ids=lambda case: case["name"],
)
def test_both_read_the_very_same_rows(case: dict[str, Any], folder: Path) -> None:
    out = folder.parent / "out.sqlite"
    decryptor.decrypt(folder, case["way"], case["secret"], out)
    dek = open_header(folder, "password", case["secret"]).dek
    with closing(sqlite3.connect(out)) as plain, open_pages(folder, dek) as pages:
        tables = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name != 'inbox'"
        names = plain.execute(tables).fetchall()
        assert names == pages.connection.execute(tables).fetchall()
        for name, _ in names:
            query = f"SELECT * FROM {name}"
            assert plain.execute(query).fetchall() == pages.connection.execute(query).fetchall()


def test_the_vectors_are_what_the_generator_makes() -> None:
    for topic, cases in generate().items():
        assert (FOLDER / f"{topic}.json").read_text() == text_of(cases), (
            f"{topic}.json is not current: python -m tests.vectors.generate"
        )


def test_there_are_enough_and_most_of_them_fail() -> None:
    outcomes = Counter(case["outcome"] for case in CASES)
    assert sum(outcomes.values()) >= 200
    assert outcomes["opens"] < sum(outcomes.values()) / 2
    assert set(outcomes) == {"opens", *_OUTCOMES.values()}
    names = Counter(case["name"] for case in CASES)
    assert [name for name, count in names.items() if count > 1] == []
    assert len({json.dumps({**case, "name": ""}) for case in CASES}) == len(CASES)


def test_the_engine_is_what_the_vectors_were_made_for() -> None:
    assert "SQLite3 Multiple Ciphers" in apsw.mc_version
