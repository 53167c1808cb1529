"""Backups of one Llama's vaults: taking, putting back, verifying. What the command line calls.

Runs in a process of its own, never in the Llama's (see `herdbook.vault.snapshot`).
"""

import shutil
from pathlib import Path

from herdbook.clock import Clock, iso
from herdbook.errors import InputError, LogInUse, StorageError
from herdbook.files import FolderLock, make_folder, sync_folder, writing
from herdbook.ids import random_id
from herdbook.journal.checks import problems
from herdbook.journal.journal import SCHEMA
from herdbook.llama.people import NAME_LIMIT, People, Person
from herdbook.vault.backup import export_vault, unpack, unpacked
from herdbook.vault.folder import current_header
from herdbook.vault.salvage import Salvaged, salvage
from herdbook.vault.verify import Report, verify


def folder_of(data: Path, name: str) -> Path:
    """The vault's folder of the person called `name`. Raises `PersonUnknown`."""
    return data / "vaults" / People(data / "people.json").find(name=name).vault_id


def export_person(data: Path, name: str, to: Path, clock: Clock) -> None:
    """Write an export of a person's vault to `to`. Raises `PersonUnknown` and what it raises."""
    person = People(data / "people.json").find(name=name)
    export_vault(folder_of(data, name), to, person=person.name, made=iso(clock.wall_ms()))


async def import_vault(data: Path, source: Path, name: str | None) -> Person:
    """Put the vault of an export, or of a vault's folder, into the Llama that keeps `data`.

    The person is called `name`, else as the export says, else numbered when that name is taken.
    Somebody who is registered with this very vault, but whose folder is gone, gets it back.
    Raises `LogInUse` while the Llama runs, `InputError` when the vault is there already or has no
    name, `VaultDamaged`, `VaultUnsupported`, `StorageError`.
    """
    lock = FolderLock(make_folder(data))
    try:
        lock.acquire()
    except LogInUse as error:
        error.fix = "Stop the Llama for the time of the import."
        raise
    try:
        return await _import(data, source, name)
    finally:
        lock.release()


async def _import(data: Path, source: Path, name: str | None) -> Person:
    people = People(data / "people.json")
    vaults = make_folder(data / "vaults")
    # Named so that the Llama clears it away at its next start if this is killed.
    making = make_folder(vaults / f".{random_id()}")
    try:
        into = making / "vault"
        about = unpack(source, into)
        vault_id = current_header(into).header.vault_id
        if (vaults / vault_id).exists():
            raise InputError(
                "This vault is here already; an import never overwrites.",
                fix=f"To replace it, move {vaults / vault_id} away first.",
            )
        known = next((one for one in people.all() if one.vault_id == vault_id), None)
        person = known or Person(
            random_id(),
            _free_name(people, name, None if about is None else about.person),
            None,
            vault_id,
        )
        with writing(vaults / vault_id):
            into.rename(vaults / vault_id)
            sync_folder(vaults)
        if known is None:
            try:
                await people.add(person)
            except StorageError:
                # Without its person nobody would find it, and a second try would refuse it.
                (vaults / vault_id).rename(into)
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return person


def _free_name(people: People, wanted: str | None, exported: str | None) -> str:
    """`wanted` as it is or refused; without it the export's name, numbered if it is taken."""
    if wanted is not None:
        return people.check_free(wanted)
    if exported is None:
        raise InputError("This vault does not say whose it is.", fix="Name the person with --name.")
    for number in range(1, 1_000):
        suffix = "" if number == 1 else f" ({number})"
        try:
            return people.check_free(exported[: NAME_LIMIT - len(suffix)] + suffix)
        except InputError:
            if number == 1 and not exported.isprintable():
                break
    raise InputError("The name in the export cannot be used.", fix="Name the person with --name.")


def verify_vault(source: Path, secret: str) -> Report:
    """Verify a vault's folder, which may be in use, or an export. Raises as `verify` says."""
    with unpacked(source) as copy:
        return verify(copy, secret, problems)


def salvage_vault(source: Path, secret: str, to: Path) -> Salvaged:
    """Make a new vault in the folder `to` of what is readable in `source`. Raises as `salvage`."""
    with unpacked(source) as copy:
        return salvage(copy, secret, to, SCHEMA)
