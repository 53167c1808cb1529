"""A disk that fills up in the middle of anything: it is said, nothing is lost, and it works later.

Saving is test_database.py's; the Llama's own files are tests/llama/test_full_disk.py's.
"""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from herdbook.files import Step, no_step
from herdbook.journal.checks import problems
from herdbook.journal.journal import SCHEMA
from herdbook.vault.backup import export_vault, unpack, unpacked
from herdbook.vault.rewrap import change_password, take_code
from herdbook.vault.rotation import rotate
from herdbook.vault.salvage import salvage
from herdbook.vault.vault import create_vault
from herdbook.vault.verify import verify
from tests.disk import Disk, attempt
from tests.vault.locked import FILES, PASSWORD, WAITING, WRITTEN, Locked, absorb, drop, opens

NEW_PASSWORD = "three other words"
PAGE = 4096
LONG = "snow" * PAGE

# What changes a vault, whose folder is on the disk

type Change = Callable[[Locked, Path, Step], None]

CHANGES: dict[str, Change] = {
    "password": lambda _, folder, step: change_password(folder, PASSWORD, NEW_PASSWORD, step=step),
    "code": lambda locked, folder, step: take_code(folder, locked.code, step=step),
    "rotation": lambda locked, folder, step: rotate(folder, locked.rotation, step=step),
}


def _secrets(locked: Locked, change: str) -> tuple[str, str]:
    """What opens the vault only before a change, and only after it."""
    return {
        "password": (PASSWORD, NEW_PASSWORD),
        "code": (locked.draft.recovery_code, locked.code.recovery_code),
        "rotation": (locked.draft.recovery_code, locked.rotation.recovery_code),
    }[change]


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_of_keys_fails_whole_until_there_is_room(
    disk: Disk, locked: Locked, change: str
) -> None:
    folder, failures = disk.path / "vault", 0
    old, new = _secrets(locked, change)
    for room in (*range(0, 4 * PAGE, PAGE), *range(4 * PAGE, 100 * PAGE, 5 * PAGE)):
        shutil.copytree(locked.folder, folder)
        disk.leave(room)
        with attempt() as tried:
            CHANGES[change](locked, folder, no_step)
        if tried.refusal is None:
            break
        failures += 1
        disk.make_room()
        assert await opens(folder, old)
        assert not await opens(folder, new)
        CHANGES[change](locked, folder, no_step)
        assert await opens(folder, new)
        shutil.rmtree(folder)
    disk.make_room()
    assert failures >= 1
    assert not await opens(folder, old)
    assert await opens(folder, new)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_disk_full_from_any_step_on_leaves_one_way_in(
    disk: Disk, locked: Locked, change: str
) -> None:
    folder = disk.path / "vault"
    shutil.copytree(locked.folder, folder)
    steps: list[str] = []
    CHANGES[change](locked, folder, steps.append)
    ways: list[tuple[bool, bool]] = []
    for number in range(len(steps)):
        shutil.rmtree(folder)
        shutil.copytree(locked.folder, folder)
        failed = _fails(disk, CHANGES[change], locked, folder, number)
        disk.make_room()
        old, new = [await opens(folder, secret) for secret in _secrets(locked, change)]
        assert old != new
        ways.append((failed, new))
    assert {(True, False), (False, True)} <= set(ways)
    assert (False, False) not in ways
    # Once the header names both keys the new one may count: the database decides.
    turn = steps.index("header.json is written beside") if change == "rotation" else None
    assert (True, True) not in ways[:turn]


def _fails(disk: Disk, change: Change, locked: Locked, folder: Path, number: int) -> bool:
    """Whether a change fails on a disk that is full from a step on."""
    left = number

    def fill(_name: str) -> None:
        nonlocal left
        if left == 0:
            disk.leave(0)
        left -= 1

    with attempt() as tried:
        change(locked, folder, fill)
    return tried.refusal is not None


async def test_a_drop_that_found_no_room_leaves_the_others(disk: Disk, locked: Locked) -> None:
    folder, failures = Path(shutil.copytree(locked.folder, disk.path / "vault")), 0
    for room in range(0, 20 * PAGE, PAGE):
        disk.leave(room)
        with attempt() as tried:
            drop(folder, LONG)
        if tried.refusal is None:
            break
        failures += 1
        assert {path.name for path in folder.iterdir()} == FILES
    assert failures >= 2
    disk.make_room()
    assert await opens(folder, PASSWORD, LONG)


async def test_what_could_not_be_absorbed_is_absorbed_once_later(
    disk: Disk, locked: Locked
) -> None:
    folder, failures = disk.path / "vault", 0
    for room in range(0, 100 * PAGE, PAGE):
        shutil.copytree(locked.folder, folder)
        disk.leave(room)
        with attempt() as tried:
            await absorb(folder)
        if tried.refusal is None:
            break
        failures += 1
        disk.make_room()
        assert await opens(folder, PASSWORD)
        shutil.rmtree(folder)
    assert failures >= 2
    disk.make_room()
    assert await opens(folder, PASSWORD)


# What makes something new on the disk, of a vault that is elsewhere

type Maker = Callable[[Locked, Path, Path], Awaitable[None]]


async def _create(locked: Locked, _source: Path, to: Path) -> None:
    vault = await create_vault(to.parent, locked.draft, SCHEMA)
    await vault.database.close()


async def _export(_locked: Locked, source: Path, to: Path) -> None:
    export_vault(source, to, person="Ada", made="now")


async def _export_tar(_locked: Locked, source: Path, to: Path) -> None:
    export_vault(source, to.with_suffix(".tar"), person="Ada", made="now")


async def _salvage(_locked: Locked, source: Path, to: Path) -> None:
    assert salvage(source, PASSWORD, to, SCHEMA).saved["entries"] == len(WRITTEN)


async def _verify(_locked: Locked, source: Path, to: Path) -> None:
    with unpacked(source, to.parent) as copy:
        assert verify(copy, PASSWORD, problems).problems == []


MAKERS = [_create, _export, _export_tar, _salvage, _verify]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
async def test_what_finds_no_room_to_be_made_leaves_nothing(
    disk: Disk, locked: Locked, tmp_path: Path, make: Maker
) -> None:
    source = Path(shutil.copytree(locked.folder, tmp_path / "source"))
    failures = 0
    for room in range(0, 200 * PAGE, PAGE):
        disk.leave(room)
        with attempt() as tried:
            await make(locked, source, disk.path / "new")
        if tried.refusal is None:
            break
        # It names the place that is full, not the one that it reads.
        assert str(source) not in tried.refusal.message
        failures += 1
        assert disk.content() == []
    assert failures >= 2
    disk.make_room()
    assert {path.name for path in source.iterdir()} == FILES
    assert await opens(source, PASSWORD)


async def test_a_vault_on_a_full_disk_is_exported_to_another(
    disk: Disk, locked: Locked, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(locked.folder, disk.path / "vault"))
    if disk.mounted:  # else the other disk would be as full
        disk.leave(0)
    export_vault(folder, tmp_path / "saved.tar", person="Ada", made="now")
    assert {path.name for path in folder.iterdir()} == FILES
    disk.make_room()
    unpack(tmp_path / "saved.tar", tmp_path / "unpacked")
    assert await absorb(tmp_path / "unpacked") == sorted((*WRITTEN, WAITING))
