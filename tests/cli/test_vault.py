"""``herdbook vault``, run as people run it: as a process, beside a Llama that is running."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path

import pytest

from herdbook.clock import SystemClock
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.files import FolderLock
from herdbook.llama.people import People
from herdbook.llama.vaults import Vaults
from tests.disk import Disk

PASSWORD = "three unrelated words"
DAY = date(2026, 11, 20)
FAST = KdfParameters(MEMORY_FLOOR_KIB, 2, 1)


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "herdbook.cli.main", "vault", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def _vaults(folder: Path) -> Vaults:
    return Vaults(folder, SystemClock(), UTC, FAST)


def _llama(folder: Path) -> Path:
    folder.mkdir()
    (folder / "llama.toml").write_text('data = "data"\n')
    return folder / "llama.toml"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A Llama's configuration, with a vault of Ada's that holds an entry and a drop."""
    config = _llama(tmp_path / "here")

    async def make() -> None:
        vaults = _vaults(tmp_path / "here" / "data")
        creation = await vaults.creations.begin("Ada", PASSWORD)
        opening = await vaults.finish_creation(creation.token, creation.recovery_code)
        ada = opening.person
        await vaults.journal(opening).add(DAY, "The canary sang.")
        await vaults.lock(ada.id)
        await vaults.drop(ada, "The porch is warm.", day=DAY, source="porch")
        await vaults.close()

    asyncio.run(make())
    return config


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Another Llama, on what might be another machine, with nobody in it."""
    return _llama(tmp_path / "there")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text(PASSWORD + "\n")
    return tmp_path / "secret"


@pytest.fixture
def export(request: pytest.FixtureRequest, here: Path, tmp_path: Path) -> Path:
    to = tmp_path / getattr(request, "param", "export.tar")
    result = _run("export", "--config", here, "--person", "ada", "--to", to)
    assert result.returncode == 0, result.stderr
    return to


both = pytest.mark.parametrize("export", ["export", "export.tar"], indirect=True)


def _texts(config: Path, name: str, secret: str = PASSWORD) -> list[str]:
    async def read() -> list[str]:
        vaults = _vaults(config.parent / "data")
        opening = await vaults.unlock(name, secret)
        texts = sorted(entry.text for entry in await vaults.journal(opening).on_day(DAY))
        await vaults.close()
        return texts

    return asyncio.run(read())


@both
def test_what_is_exported_opens_on_another_machine(export: Path, there: Path) -> None:
    result = _run("import", "--config", there, export)
    assert result.returncode == 0, result.stderr
    assert "“Ada”" in result.stdout
    assert _texts(there, "Ada") == ["The canary sang.", "The porch is warm."]


def test_an_import_overwrites_nothing(export: Path, here: Path, there: Path) -> None:
    people = (here.parent / "data" / "people.json").read_bytes()
    result = _run("import", "--config", here, export)
    assert result.returncode == 2
    assert "never overwrites" in result.stderr
    assert (here.parent / "data" / "people.json").read_bytes() == people
    assert _run("import", "--config", there, export).returncode == 0
    assert _run("import", "--config", there, export).returncode == 2
    assert len(People(there.parent / "data" / "people.json").all()) == 1


def test_a_name_that_is_taken_is_numbered_and_one_that_is_given_is_kept(
    export: Path, there: Path
) -> None:
    async def make() -> None:
        vaults = _vaults(there.parent / "data")
        creation = await vaults.creations.begin("ADA", PASSWORD)
        await vaults.finish_creation(creation.token, creation.recovery_code)
        await vaults.close()

    asyncio.run(make())
    refused = _run("import", "--config", there, "--name", "Ada", export)
    assert refused.returncode == 2
    assert "taken" in refused.stderr
    assert "“Ada (2)”" in _run("import", "--config", there, export).stdout
    assert _texts(there, "Ada (2)") == ["The canary sang.", "The porch is warm."]


def test_a_vault_whose_folder_is_gone_comes_back_to_its_person(export: Path, here: Path) -> None:
    data = here.parent / "data"
    (person,) = People(data / "people.json").all()
    (data / "vaults" / person.vault_id).rename(data / "lost")
    assert _run("import", "--config", here, export).returncode == 0
    assert People(data / "people.json").all() == [person]
    assert _texts(here, "Ada") == ["The canary sang.", "The porch is warm."]


@pytest.fixture
def running(there: Path) -> Iterator[None]:
    lock = FolderLock(there.parent / "data")
    (there.parent / "data").mkdir()
    lock.acquire()
    yield
    lock.release()


@pytest.mark.usefixtures("running")
def test_an_import_wants_the_llama_stopped(export: Path, there: Path) -> None:
    result = _run("import", "--config", there, export)
    assert result.returncode == 2
    assert "Stop the Llama" in result.stderr
    assert not (there.parent / "data" / "people.json").exists()


def test_a_copied_folder_needs_a_name(here: Path, there: Path) -> None:
    (folder,) = (here.parent / "data" / "vaults").iterdir()
    assert "--name" in _run("import", "--config", there, folder).stderr
    assert _run("import", "--config", there, "--name", "Eve", folder).returncode == 0
    assert _texts(there, "Eve") == ["The canary sang.", "The porch is warm."]


@both
def test_a_damaged_export_leaves_nothing_behind(export: Path, there: Path) -> None:
    if export.is_dir():
        (export / "journal.db").unlink()
    else:
        export.write_bytes(export.read_bytes()[:9_000])
    result = _run("import", "--config", there, export)
    assert result.returncode == 2
    assert "not a whole export" in result.stderr
    assert list((there.parent / "data" / "vaults").iterdir()) == []
    assert not (there.parent / "data" / "people.json").exists()


def test_a_whole_vault_verifies(export: Path, here: Path, secret: Path) -> None:
    for source in ((export,), ("--config", here, "--person", "Ada")):
        result = _run("verify", *source, "--password-file", secret)
        assert result.returncode == 0, result.stdout + result.stderr
        assert "1 drops in the inbox" in result.stdout


def test_a_damaged_vault_is_named_and_salvaged(
    here: Path, there: Path, secret: Path, tmp_path: Path
) -> None:
    (folder,) = (here.parent / "data" / "vaults").iterdir()
    data = bytearray((folder / "journal.db").read_bytes())
    data[3 * 4096 + 5] ^= 1
    (folder / "journal.db").write_bytes(data)
    result = _run("verify", folder, "--password-file", secret)
    assert result.returncode == 1
    assert "fail their tags: 4." in result.stdout
    assert (folder / "journal.db").read_bytes() == data
    result = _run("salvage", folder, "--to", tmp_path / "new", "--password-file", secret)
    assert result.returncode == 1
    assert "entries: 1 rows saved" in result.stdout
    assert "canary" not in result.stdout
    assert _run("verify", tmp_path / "new", "--password-file", secret).returncode == 0
    assert _run("import", "--config", there, "--name", "Ada", tmp_path / "new").returncode == 0
    assert _texts(there, "Ada") == ["The canary sang.", "The porch is warm."]


def test_a_damaged_index_is_told_to_cost_no_entry(here: Path, secret: Path, tmp_path: Path) -> None:
    async def damage() -> None:
        vaults = _vaults(here.parent / "data")
        opening = await vaults.unlock("Ada", PASSWORD)
        database = vaults.journal(opening)._vault.database
        change = "UPDATE words_data SET block = zeroblob(50) WHERE id > 10"
        await database.alone(lambda connection: connection.execute(change).fetchall())
        await vaults.close()

    asyncio.run(damage())
    (folder,) = (here.parent / "data" / "vaults").iterdir()
    result = _run("verify", folder, "--password-file", secret)
    assert result.returncode == 1
    assert "No entry is damaged" in result.stdout
    assert "Restore a backup" not in result.stdout
    result = _run("salvage", folder, "--to", tmp_path / "new", "--password-file", secret)
    assert "made anew, out of the entries" in result.stdout
    assert "Nothing that was written is lost." in result.stdout
    assert _run("verify", tmp_path / "new", "--password-file", secret).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify"], "Which vault?"),
        (["verify", "x", "--person", "Ada"], "Which vault?"),
        (["verify", "nothing", "--password-file", "nothing"], "Cannot read nothing"),
        (["salvage", "--to", "x", "--person", "Ada"], "Which vault?"),
    ],
)
def test_what_is_not_said_is_asked_for(arguments: list[str], said: str) -> None:
    result = _run(*arguments)
    assert result.returncode == 2
    assert said in result.stderr


def test_a_wrong_password_is_not_damage(export: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("something else")
    result = _run("verify", export, "--password-file", tmp_path / "wrong")
    assert result.returncode == 2
    assert "Damaged" not in result.stdout + result.stderr


def test_no_room_for_the_copy_is_not_damage(
    export: Path, secret: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(disk.path))
    disk.leave(8 * 4096)
    result = _run("verify", export, "--password-file", secret)
    assert result.returncode == 2
    assert str(disk.path) in result.stderr
    assert "Free some space" in result.stderr
    assert "Damaged" not in result.stdout + result.stderr
    disk.make_room()
    assert disk.content() == []
    assert _run("verify", export, "--password-file", secret).returncode == 0


def test_an_unknown_person_is_said(here: Path, tmp_path: Path) -> None:
    result = _run("export", "--config", here, "--person", "Bo", "--to", tmp_path / "x")
    assert result.returncode == 2
    assert "Nobody called “Bo”" in result.stderr
    assert json.loads((here.parent / "data" / "people.json").read_bytes())["version"] == 1
