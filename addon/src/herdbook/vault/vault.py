"""A vault's folder: making it, unlocking it, and what may be done while it is locked."""

import asyncio
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from herdbook.crypto.kdf import KdfParameters
from herdbook.crypto.keys import inbox_public_key, new_dek, new_inbox_key
from herdbook.crypto.recovery import new_recovery_code, read_recovery_code
from herdbook.errors import RecoveryCodeInvalid, VaultDamaged, WrongSecret
from herdbook.files import cannot_write, make_folder, sync_folder
from herdbook.ids import random_id
from herdbook.vault.database import Database
from herdbook.vault.header import (
    HeaderFile,
    create_header,
    read_header,
    unlock_header,
    write_header,
)
from herdbook.vault.inbox import Inbox

HEADER = "header.json"
DATABASE = "journal.db"
INBOX = "inbox.db"


@dataclass(frozen=True, slots=True)
class Draft:
    """A vault that is not on disk yet: it waits for its recovery code to be typed back."""

    header: HeaderFile
    dek: bytes = field(repr=False)
    inbox_key: bytes = field(repr=False)
    recovery_code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Vault:
    """An unlocked vault. The keys live in the database's connection and in `inbox_key`."""

    vault_id: str
    database: Database
    inbox: Inbox
    inbox_key: bytes = field(repr=False)


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


def is_code_of(draft: Draft, typed: str) -> bool:
    """Whether the typed code opens the new vault. Blocks for one key derivation.

    Raises `RecoveryCodeInvalid` when the typed code has a mistake in it.
    """
    try:
        return unlock_header(draft.header, "recovery", read_recovery_code(typed)) == draft.dek
    except WrongSecret:
        return False


async def create_vault(vaults: Path, draft: Draft, schema_package: str) -> Vault:
    """Write a new vault into the folder `vaults` and leave it unlocked.

    It is made beside its place and moved there whole: a crash leaves no half vault. Raises
    `StorageError`.
    """
    vault_id = draft.header.header.vault_id
    making = make_folder(make_folder(vaults) / f".{vault_id}")

    def keep_inbox_key(connection: apsw.Connection) -> None:
        connection.execute("CREATE TABLE vault_keys(name TEXT PRIMARY KEY, value BLOB NOT NULL)")
        connection.execute("INSERT INTO vault_keys VALUES('inbox', ?)", (draft.inbox_key,))

    def put_in_place() -> None:
        write_header(making / HEADER, draft.header)
        try:
            sync_folder(making)
            making.rename(vaults / vault_id)
            sync_folder(vaults)
        except OSError as error:
            raise cannot_write(vaults / vault_id, error) from error

    try:
        database = await Database.open(making / DATABASE, draft.dek, schema_package)
        try:
            await database.write(keep_inbox_key)
        finally:
            await database.close()
        await asyncio.to_thread(put_in_place)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return await _open(vaults / vault_id, draft.dek, schema_package)


async def open_vault(folder: Path, secret: str, schema_package: str) -> Vault:
    """Unlock the vault in `folder` with its password or its recovery code.

    One key derivation, in a thread. Raises `WrongSecret`, `VaultDamaged`, `VaultUnsupported`,
    `StorageError`.
    """
    dek = await asyncio.to_thread(_unlock, folder / HEADER, secret)
    return await _open(folder, dek, schema_package)


def inbox_of(folder: Path) -> tuple[Inbox, bytes]:
    """The inbox of a locked vault and the public key that seals into it."""
    header = read_header(folder / HEADER).header
    return Inbox(folder / INBOX, header.vault_id), header.inbox_public_key


def _unlock(header: Path, secret: str) -> bytes:
    file = read_header(header)
    try:
        code = read_recovery_code(secret)
    except RecoveryCodeInvalid:
        return unlock_header(file, "password", secret)
    return unlock_header(file, "recovery", code)


async def _open(folder: Path, dek: bytes, schema_package: str) -> Vault:
    header = read_header(folder / HEADER).header
    database = await Database.open(folder / DATABASE, dek, schema_package)
    try:
        row = await database.read(
            lambda connection: connection.execute(
                "SELECT value FROM vault_keys WHERE name = 'inbox'"
            ).fetchone()
        )
        if row is None or inbox_public_key(row[0]) != header.inbox_public_key:
            raise VaultDamaged(
                "The vault's header and database do not belong together.",
                fix="Restore both from the same backup.",
            )
    except BaseException:
        await database.close()
        raise
    return Vault(header.vault_id, database, Inbox(folder / INBOX, header.vault_id), row[0])
