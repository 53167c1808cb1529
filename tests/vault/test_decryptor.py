"""The independent decryptor as a program, and what it gives of a damaged vault."""

import ast
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from herdbook.vault.decryptor import herdbook_decrypt as decryptor
from tests.vectors.vaults import PASSWORD, load

VAULTS = load()


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    for name, data in VAULTS["first"]["files"].items():
        (folder / name).write_bytes(data)
    return folder


def _run(vault: Path, secret: str, *options: str) -> subprocess.CompletedProcess[str]:
    (vault.parent / "secret").write_text(secret + "\n")
    program = [sys.executable, "-I", decryptor.__file__, str(vault), str(vault.parent / "out")]
    return subprocess.run(
        [*program, "--secret-file", str(vault.parent / "secret"), *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("secret", [PASSWORD, VAULTS["first"]["recovery_code"].lower()])
def test_either_secret_opens_it(vault: Path, secret: str) -> None:
    result = _run(vault, secret)
    assert result.returncode == 0, result.stderr
    assert "2 drops" in result.stdout
    with closing(sqlite3.connect(vault.parent / "out")) as plain:
        assert plain.execute("SELECT text FROM entries").fetchall() == [("The first thing.",)]


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "said"),
    [
        ("header.json", b'"format": 1', b'"format": 3', 5, "unsupported: This vault has format 3"),
        ("header.json", b'"time": 2', b'"time": 99', 5, "unsupported: header.json: time is 99"),
        ("header.json", b'"mac"', b'"Mac"', 6, "damaged: header.json"),
        ("inbox.db", b"SQLite", b"sqlite", 6, "damaged: inbox.db is not readable"),
    ],
)
def test_a_refusal_has_its_word_and_its_code(
    vault: Path, file: str, old: bytes, new: bytes, code: int, said: str
) -> None:
    data = (vault / file).read_bytes()
    assert old in data
    (vault / file).write_bytes(data.replace(old, new))
    result = _run(vault, PASSWORD)
    assert result.returncode == code
    assert result.stderr.startswith(said)
    assert not (vault.parent / "out").exists()


def test_a_wrong_password_and_a_taken_place(vault: Path) -> None:
    assert _run(vault, "wrong").returncode == 3
    (vault.parent / "out").write_text("mine")
    assert _run(vault, PASSWORD).returncode == 2
    assert (vault.parent / "out").read_text() == "mine"


def test_what_opens_of_a_damaged_vault_is_given_on_demand(vault: Path) -> None:
    _flip(vault / "journal.db", 4 * 4096 + 100)
    refused = _run(vault, PASSWORD)
    assert refused.returncode == 6
    assert "Page 5 fails its tag" in refused.stderr
    assert "--salvage" in refused.stderr
    given = _run(vault, PASSWORD, "--salvage")
    assert given.returncode == 6
    assert "Page 5 fails its tag" in given.stdout
    with closing(sqlite3.connect(vault.parent / "out")) as plain:
        assert plain.execute("SELECT text FROM entries").fetchall() == [("The first thing.",)]
    pages = (vault.parent / "out").read_bytes()
    assert pages[4 * 4096 : 5 * 4096] == bytes(4096)
    with closing(sqlite3.connect(vault.parent / "out.inbox.sqlite")) as drops:
        assert drops.execute("SELECT count(*) FROM inbox").fetchone() == (2,)


def test_an_endless_query_in_an_inbox_ends(vault: Path, tmp_path: Path) -> None:
    """Whoever can write the folder can make `drops` a view."""
    with closing(sqlite3.connect(vault / "inbox.db")) as inbox:
        inbox.execute("DROP TABLE drops")
        inbox.execute(
            "CREATE VIEW drops AS WITH RECURSIVE n(id, sealed) AS "
            "(SELECT 1, x'00' UNION ALL SELECT id + 1, sealed FROM n WHERE id < 0 OR sealed) "
            "SELECT * FROM n"
        )
        inbox.commit()
    result = _run(vault, PASSWORD)
    assert result.returncode == 6
    assert "no table of drops" in result.stderr


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12"])
def test_it_is_written_in_the_python_of_old(version: str) -> None:
    """Parsed by the grammar of the versions it promises; run on 3.13 and 3.14 by the rest."""
    minor = int(version.split(".")[1])
    source = Path(decryptor.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, minor))
    assert not any(isinstance(node, ast.Match) for node in ast.walk(tree))
