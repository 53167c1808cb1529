"""Vaults that are made or brought in where the disk fills up: whole, or not at all."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, date
from pathlib import Path

import msgspec
import pytest

from herdbook.clock import SystemClock
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.errors import StorageError
from herdbook.llama import backup as importing
from herdbook.llama import creations as module
from herdbook.llama.backup import export_person, import_vault
from herdbook.llama.people import Person
from herdbook.llama.vaults import Vaults
from herdbook.vault import backup
from herdbook.vault.vault import Draft, Vault, create_vault
from tests.disk import Disk, attempt
from tests.fakes.clock import ManualClock

FAST = KdfParameters(MEMORY_FLOOR_KIB, 2, 1)
PASSWORD = "three unrelated words"
DAY = date(2026, 11, 20)
PAGE = 4096


@pytest.fixture
async def vaults(disk: Disk) -> AsyncIterator[Vaults]:
    vaults = Vaults(disk.path, ManualClock(), UTC, FAST)
    yield vaults
    await vaults.close()


@pytest.fixture(params=["export", "export.tar"])
async def export(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Of a vault of Ada's with an entry, made by another Llama."""
    vaults = Vaults(tmp_path / "there", SystemClock(), UTC, FAST)
    creation = await vaults.creations.begin("Ada", PASSWORD)
    opening = await vaults.finish_creation(creation.token, creation.recovery_code)
    await vaults.journal(opening).add(DAY, "The canary sang.")
    await vaults.close()
    to = tmp_path / str(request.param)
    export_person(tmp_path / "there", "Ada", to, SystemClock())
    return to


async def test_a_vault_that_cannot_be_noted_is_taken_back(
    disk: Disk, vaults: Vaults, monkeypatch: pytest.MonkeyPatch
) -> None:
    creation = await vaults.creations.begin("Ada", PASSWORD)

    async def fill(folder: Path, draft: Draft, schema_package: str) -> Vault:
        vault = await create_vault(folder, draft, schema_package)
        disk.leave(0)
        return vault

    with monkeypatch.context() as patch:
        patch.setattr(module, "create_vault", fill)
        for _ in range(2):
            with pytest.raises(StorageError, match=r"people\.json.*Free some space"):
                await vaults.finish_creation(creation.token, creation.recovery_code)
            disk.make_room()
            assert list((disk.path / "vaults").iterdir()) == []
    opening = await vaults.finish_creation(creation.token, creation.recovery_code)
    await vaults.journal(opening).add(DAY, "The canary sang.")
    assert [person.name for person in Vaults(disk.path, ManualClock(), UTC).people.all()] == ["Ada"]


async def test_a_vault_made_on_a_disk_that_fills_is_there_whole_or_not(
    disk: Disk, vaults: Vaults
) -> None:
    creation, failures = await vaults.creations.begin("Ada", PASSWORD), 0
    for room in range(0, 500 * PAGE, 4 * PAGE):
        disk.leave(room)
        with attempt() as tried:
            await vaults.finish_creation(creation.token, creation.recovery_code)
        if tried.refusal is None:
            break
        failures += 1
        assert list((disk.path / "vaults").iterdir()) == []
    disk.make_room()
    assert failures >= 2
    assert vaults.unowned == []
    await vaults.unlock("Ada", PASSWORD)


async def test_an_import_that_finds_no_room_leaves_nothing(disk: Disk, export: Path) -> None:
    failures: set[str] = set()
    data = disk.path / "data"
    data.mkdir()
    # So many that their file needs more room than what an import frees before.
    others = [Person(f"{n:032x}", f"Person {n}", None, f"{n:032x}") for n in range(100)]
    people = msgspec.json.encode({"version": 1, "people": others})
    (data / "people.json").write_bytes(people)
    for room in range(0, 100 * PAGE, PAGE):
        disk.leave(room)
        with attempt() as tried:
            await import_vault(data, export, None)
        if tried.refusal is None:
            break
        message = tried.refusal.message
        assert str(export) not in message
        failures.add(message.partition(":")[0].rpartition("/")[2])
        assert list((data / "vaults").iterdir()) == []
        assert (data / "people.json").read_bytes() == people
    disk.make_room()
    assert failures >= (
        {"journal.db", "header.json", "people.json"} if disk.mounted else {"journal.db"}
    )
    vaults = Vaults(data, SystemClock(), UTC, FAST)
    opening = await vaults.unlock("Ada", PASSWORD)
    assert [entry.text for entry in await vaults.journal(opening).on_day(DAY)] == [
        "The canary sang."
    ]
    await vaults.close()


async def test_an_import_into_a_folder_that_cannot_be_written_is_said(
    disk: Disk, export: Path
) -> None:
    data = disk.path / "data"
    (data / "vaults").mkdir(parents=True)
    disk.protect(data)
    with pytest.raises(StorageError, match="make the folder writable"):
        await import_vault(data, export, None)
    disk.release(data)
    assert (await import_vault(data, export, None)).name == "Ada"


async def test_what_a_killed_import_leaves_is_cleared_away(
    tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unpack(source: Path, into: Path) -> None:
        backup.unpack(source, into)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(importing, "unpack", unpack)
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            await import_vault(tmp_path / "data", export, None)
    assert list((tmp_path / "data" / "vaults").glob("*/vault/journal.db"))
    Vaults(tmp_path / "data", ManualClock(), UTC, FAST)
    assert list((tmp_path / "data" / "vaults").iterdir()) == []
