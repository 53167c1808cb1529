"""A vault's folder: making it, unlocking it, and what may be done while it is locked."""

import asyncio
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import apsw

from herdbook.crypto.aead import KEY_SIZE
from herdbook.crypto.kdf import KdfParameters
from herdbook.crypto.keys import inbox_public_key, new_dek, new_inbox_key
from herdbook.crypto.recovery import new_recovery_code, read_recovery_code
from herdbook.errors import VaultDamaged, WrongSecret
from herdbook.files import Step, cannot_write, make_folder, no_step, sync_folder, writing
from herdbook.ids import random_id
from herdbook.vault.database import Database
from herdbook.vault.folder import DATABASE, INBOX, current_header, unlock
from herdbook.vault.folder import HEADER as HEADER
from herdbook.vault.header import Header, HeaderFile, create_header, unlock_header, write_header
from herdbook.vault.inbox import Inbox
from herdbook.vault.memory import forget

_HALF_MADE: Final = re.compile(r"\.[0-9a-f]{32}")


class Waiting(Protocol):
    """Keys whose recovery code is still to be typed back."""

    @property
    def header(self) -> HeaderFile:
        """The header that the code will open."""

    @property
    def dek(self) -> bytes:
        """The key it wraps."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A vault that is not on disk yet: it waits for its recovery code to be typed back."""

    header: HeaderFile
    dek: bytes = field(repr=False)
    inbox_key: bytes = field(repr=False)
    recovery_code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Vault:
    """An unlocked vault. The keys live in the database's connection and in `inbox_keys`.

    The first of `inbox_keys` is the present secret key; after a rotation those before follow.
    """

    vault_id: str
    database: Database
    inbox: Inbox
    inbox_keys: tuple[bytes, ...] = field(repr=False)


def draft_vault(password: str, parameters: KdfParameters) -> Draft:
    """Keys and header of a new vault, nothing written. Blocks for three key derivations.

    The third one opens the password's wrap again: a vault is not handed out before a way in has
    been walked. The recovery code's way is walked by `is_code_of`.
    """
    dek, inbox_key, code = new_dek(), new_inbox_key(), new_recovery_code()
    header = create_header(
        vault_id=random_id(),
        key_id=random_id(),
        dek=dek,
        secrets={"password": password, "recovery": code},
        inbox_public_key=inbox_public_key(inbox_key),
        parameters=parameters,
    )
    if unlock_header(header, "password", password) != dek:
        raise VaultDamaged("The new vault does not open with its own password.")
    return Draft(header, dek, inbox_key, code)


def is_code_of(waiting: Waiting, typed: str) -> bool:
    """Whether the typed code is the new one and opens. Blocks for one key derivation.

    Raises `RecoveryCodeInvalid` when the typed code has a mistake in it.
    """
    try:
        return unlock_header(waiting.header, "recovery", read_recovery_code(typed)) == waiting.dek
    except WrongSecret:
        return False


async def create_vault(
    vaults: Path, draft: Draft, schema_package: str, *, step: Step = no_step
) -> Vault:
    """Write a new vault into the folder `vaults` and leave it unlocked.

    It is made beside its place and moved there whole: a crash leaves no half vault, but perhaps
    what `remove_half_made` finds. Raises `StorageError`.
    """
    vault_id = draft.header.header.vault_id
    making = make_folder(make_folder(vaults) / f".{vault_id}")

    def keep_inbox_key(connection: apsw.Connection) -> None:
        connection.execute("CREATE TABLE vault_keys(name TEXT PRIMARY KEY, value BLOB NOT NULL)")
        connection.execute("INSERT INTO vault_keys VALUES('inbox', ?)", (draft.inbox_key,))

    def put_in_place() -> None:
        write_header(making / HEADER, draft.header, step=step)
        step("the header is written")
        try:
            sync_folder(making)
            making.rename(vaults / vault_id)
            step("the vault is in place")
            sync_folder(vaults)
        except OSError as error:
            raise cannot_write(vaults / vault_id, error) from error

    try:
        step("the folder is made")
        database = await Database.create(making / DATABASE, draft.dek, schema_package)
        try:
            step("the database is made")
            await database.write(keep_inbox_key)
            step("the inbox key is kept")
        finally:
            await database.close()
        step("the database is closed")
        await asyncio.to_thread(put_in_place)
        step("the vault is durably in place")
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    # A copy, as that one is overwritten and the draft may be looked at again.
    return await open_unlocked(vaults / vault_id, bytes(bytearray(draft.dek)), schema_package)


def discard(folder: Path) -> None:
    """Take back a closed vault that was just made and that nobody was told of.

    A crash meanwhile leaves it, or what `remove_half_made` finds. Raises `StorageError`.
    """
    taken = folder.with_name(f".{folder.name}")
    with writing(folder):
        folder.rename(taken)
        shutil.rmtree(taken)


def remove_half_made(vaults: Path) -> None:
    """Remove what crashes amid `create_vault` left. Nobody may be making a vault meanwhile.

    Raises `StorageError`.
    """
    for folder in vaults.iterdir():
        if _HALF_MADE.fullmatch(folder.name):
            try:
                shutil.rmtree(folder)
            except OSError as error:
                raise cannot_write(folder, error) from error


async def open_vault(folder: Path, secret: str, schema_package: str) -> Vault:
    """Unlock the vault in `folder` with its password or its recovery code.

    One key derivation, in a thread. Raises `WrongSecret`, `VaultDamaged`, `VaultUnsupported`,
    `StorageError`.
    """
    dek = await asyncio.to_thread(unlock, folder, secret)
    return await open_unlocked(folder, dek, schema_package)


async def open_unlocked(folder: Path, dek: bytes, schema_package: str) -> Vault:
    """Open the database of a vault whose DEK `unlock` gave, and overwrite that DEK.

    Raises as `open_vault`.
    """
    try:
        header = current_header(folder).header
        database = await Database.open(folder / DATABASE, dek, schema_package)
    finally:
        forget(dek)
    try:
        keys = await database.read(lambda connection: inbox_keys(connection, header))
    except BaseException:
        await database.close()
        raise
    inbox = Inbox(folder / INBOX, header.vault_id)
    return Vault(header.vault_id, database, inbox, keys)


def inbox_keys(connection: apsw.Connection, header: Header) -> tuple[bytes, ...]:
    """The secret keys of the inbox in a vault's database, the present one first.

    Raises `VaultDamaged` when that is not the one of the header.
    """
    rows = dict(connection.execute("SELECT name, value FROM vault_keys"))
    keys = b"".join(rows.get(name, b"") for name in ("inbox", "inbox_before"))
    if "inbox" not in rows or inbox_public_key(rows["inbox"]) != header.inbox_public_key:
        raise VaultDamaged(
            "The vault's header and database do not belong together.",
            fix="Restore both from the same backup.",
        )
    return tuple(keys[at : at + KEY_SIZE] for at in range(0, len(keys), KEY_SIZE))


def inbox_of(folder: Path) -> tuple[Inbox, bytes]:
    """The inbox of a locked vault and the public key that seals into it.

    Amid a rotation the old one: both states of the database have the secret key for that.
    """
    header = current_header(folder).header
    return Inbox(folder / INBOX, header.vault_id), header.inbox_public_key
