"""Nothing in plain: every file that a vault's whole life opens or makes, as the kernel sees it."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.vault.traced import Traced, trace

pytestmark = pytest.mark.shipped

_HERE = Path(__file__).parent
_ID = "[0-9a-f]{32}"
_BESIDE = r"\.[0-9a-f]{8}"
_SEALED = (
    r"(journal\.db(\.next)?(-wal|-shm|-journal)?|inbox\.db(-journal)?"
    rf"|header\.json(\.previous)?|\.header\.json(\.previous)?{_BESIDE})"
)
_VAULT = re.compile(rf"vaults/\.?{_ID}(/{_SEALED})?")
# Sealed files, and what holds no secret: whose vault it is, and how to open it without Herdbook.
_EXPORTED = rf"({_SEALED}|\.?(export\.json|README\.txt|herdbook_decrypt\.py)({_BESIDE})?)"
_TEMPORARY = "[a-z0-9_]{8}"
_UPKEEP = re.compile(
    "|".join(
        (
            rf"(here|there)(/(lock|\.?people\.json({_BESIDE})?|vaults(/\.?{_ID}(/{_SEALED})?)?))?",
            rf"there/vaults/\.{_ID}/vault(/({_SEALED}|export\.json))?",
            r"export(\.tar)?",
            rf"\.export(\.tar)?\.{_TEMPORARY}(/export\.tar|/herdbook-vault(/{_EXPORTED})?)?",
            rf"salvaged|\.salvaged\.{_TEMPORARY}(/vault(/{_SEALED})?)?",
            rf"temporary/\.herdbook-{_TEMPORARY}(/herdbook-vault(/({_SEALED}|export\.json))?)?",
            rf"temporary/{_TEMPORARY}",  # Python tries whether it can write there
            r"export/journal\.db",  # the damage that is done to it
        )
    )
)


def _names(traced: Traced, place: Path) -> set[str]:
    return {name.removeprefix(f"{place}/") for name in traced.made}


def test_a_vaults_life_writes_only_sealed_files(tmp_path: Path) -> None:
    vaults = tmp_path / "vaults"
    vaults.mkdir()
    made = _names(
        trace(_HERE / "life.py", vaults, log=tmp_path / "log", contents=False, env=os.environ),
        tmp_path,
    )
    names = {Path(name).name for name in made}
    assert {"journal.db", "journal.db-wal", "inbox.db", "inbox.db-journal"} <= names
    assert [name for name in made if not _VAULT.fullmatch(name)] == []
    for file in vaults.rglob("*"):
        assert file.is_dir() or b"canary" not in file.read_bytes()


def test_a_vaults_upkeep_writes_no_word_and_no_key_anywhere(tmp_path: Path) -> None:
    place = tmp_path / "place"
    (place / "temporary").mkdir(parents=True)
    env = {**os.environ, "TMPDIR": str(place / "temporary")}
    traced = trace(_HERE / "upkeep.py", place, log=tmp_path / "log", contents=True, env=env)
    secrets = json.loads(traced.said)
    keys = [bytes.fromhex(key) for key in secrets["keys"]]
    hidden = [
        *(word.encode() for word in secrets["words"]),
        *(word.replace("-", "").encode() for word in secrets["words"]),
        *keys,
        *(key.hex().encode() for key in keys),
    ]
    assert len(hidden) == 20
    assert [path for path, data in traced.written if any(secret in data for secret in hidden)] == []
    made = _names(traced, place)
    assert {name for name in made if not _UPKEEP.fullmatch(name)} == set()
    written = {path.removeprefix(f"{place}/").rpartition("/")[2] for path, _ in traced.written}
    # It was all looked at: what is sealed, the name that is not, and the same when it is copied.
    assert {"journal.db", "journal.db-wal", "journal.db.next", "inbox.db", "export.tar"} <= written
    assert any(b'"Ada"' in data for path, data in traced.written if "people.json" in path)
    assert any(b'"Ada"' in data for path, data in traced.written if "/temporary/" in path)
    assert list((place / "temporary").iterdir()) == []
