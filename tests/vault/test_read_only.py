"""A folder that cannot be written: it is said, nothing in it changes, and it works later."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from herdbook.errors import StorageError
from herdbook.journal.checks import problems
from herdbook.journal.journal import SCHEMA
from herdbook.vault.backup import export_vault, unpack, unpacked
from herdbook.vault.rewrap import change_password, take_code
from herdbook.vault.rotation import rotate
from herdbook.vault.salvage import salvage
from herdbook.vault.vault import create_vault
from herdbook.vault.verify import verify
from tests.disk import Disk
from tests.vault.locked import PASSWORD, Locked, absorb, drop, opens

type Route = Callable[[Locked, Path], Awaitable[object]]


async def _password(_locked: Locked, folder: Path) -> None:
    change_password(folder, PASSWORD, "three other words")


async def _code(locked: Locked, folder: Path) -> None:
    take_code(folder, locked.code)


async def _rotation(locked: Locked, folder: Path) -> None:
    rotate(folder, locked.rotation)


async def _drop(_locked: Locked, folder: Path) -> None:
    drop(folder, "A drop.")


async def _unlock(_locked: Locked, folder: Path) -> None:
    await absorb(folder)


@pytest.mark.parametrize(
    "change", [_unlock, _password, _code, _rotation, _drop], ids=lambda change: change.__name__
)
async def test_a_vault_that_cannot_be_written_stays_as_it_is(
    disk: Disk, locked: Locked, change: Route
) -> None:
    folder = Path(shutil.copytree(locked.folder, disk.path / "vault"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    disk.protect(folder)
    with pytest.raises(StorageError, match="make the folder writable"):
        await change(locked, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    disk.release(folder)
    assert await opens(folder, PASSWORD)
    await change(locked, folder)


async def _export(_locked: Locked, source: Path) -> None:
    export_vault(source, source.parent.parent / "export", person="Ada", made="now")


async def _verify(_locked: Locked, source: Path) -> None:
    with unpacked(source, source.parent.parent) as copy:
        assert verify(copy, PASSWORD, problems).problems == []


@pytest.mark.parametrize("read", [_export, _verify], ids=lambda read: read.__name__)
async def test_a_vault_whose_locks_cannot_be_taken_is_not_copied(
    disk: Disk, locked: Locked, tmp_path: Path, read: Route
) -> None:
    """Another process may write where this one cannot: a copy without locks could be torn."""
    folder = Path(shutil.copytree(locked.folder, disk.path / "vault"))
    there = {path.name for path in tmp_path.iterdir()}
    disk.protect(folder)
    with pytest.raises(StorageError, match=r"locks.*(name that copy|as the user)"):
        await read(locked, folder)
    assert {path.name for path in tmp_path.iterdir()} == there
    disk.release(folder)
    await read(locked, folder)


def test_an_export_that_cannot_be_written_is_read(
    disk: Disk, locked: Locked, tmp_path: Path
) -> None:
    export_vault(locked.folder, disk.path / "export", person="Ada", made="now")
    disk.protect(disk.path / "export")
    with unpacked(disk.path / "export", tmp_path) as copy:
        assert verify(copy, PASSWORD, problems).problems == []
        assert salvage(copy, PASSWORD, tmp_path / "salvaged", SCHEMA).damaged_pages == []


async def _create(locked: Locked, place: Path) -> None:
    vault = await create_vault(place, locked.draft, SCHEMA)
    await vault.database.close()


async def _export_to(locked: Locked, place: Path) -> None:
    export_vault(locked.folder, place / "export.tar", person="Ada", made="now")


async def _unpack_to(locked: Locked, place: Path) -> None:
    unpack(locked.folder, place / "vault")


async def _copy_to(locked: Locked, place: Path) -> None:
    with unpacked(locked.folder, place):
        pass


async def _salvage_to(locked: Locked, place: Path) -> None:
    salvage(locked.folder, PASSWORD, place / "new", SCHEMA)


@pytest.mark.parametrize(
    "make",
    [_create, _export_to, _unpack_to, _copy_to, _salvage_to],
    ids=lambda make: make.__name__,
)
async def test_nothing_new_is_made_where_nothing_can_be_written(
    disk: Disk, locked: Locked, make: Route
) -> None:
    place = disk.path / "place"
    place.mkdir()
    disk.protect(place)
    with pytest.raises(StorageError, match="writable"):
        await make(locked, place)
    assert list(place.iterdir()) == []
    disk.release(place)
    await make(locked, place)
