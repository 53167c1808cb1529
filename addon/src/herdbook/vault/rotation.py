"""Another DEK: every page sealed anew, so that the old DEK opens nothing any more.

The states on disk, in order; a crash leaves one of them, and `herdbook.vault.folder.unlock` ends
it by what the database opens with:

    header old                 journal.db old
    header old                 journal.db old, journal.db.next new      → old
    header old + successor     journal.db old, journal.db.next new      → old
    header old + successor     journal.db new                           → new
    header new                 journal.db new

The inbox has a new key pair too. The old secret keys move along as `inbox_before`: drops sealed
before, or meanwhile, are still to be opened, however often keys are changed until then.
"""

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import apsw
import msgspec

from herdbook.crypto.kdf import KdfParameters
from herdbook.crypto.keys import inbox_public_key, new_dek, new_inbox_key
from herdbook.crypto.recovery import new_recovery_code
from herdbook.errors import StorageError, VaultDamaged
from herdbook.files import Step, cannot_write, no_step, sync_folder
from herdbook.ids import random_id
from herdbook.vault.engine import open_keyed, translated
from herdbook.vault.folder import (
    DATABASE,
    NEXT_DATABASE,
    clear,
    current_header,
    prove_header,
    replace_header,
    unlock_by_password,
)
from herdbook.vault.header import HeaderFile, SignedHeader, create_header, unlock_header
from herdbook.vault.rewrap import check_unchanged
from herdbook.vault.vault import inbox_keys

_PAGES_AT_ONCE: Final = 256
_NEW: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE


@dataclass(frozen=True, slots=True)
class Rotation:
    """Keys that take effect once the new recovery code has been typed back; nothing is written."""

    before: HeaderFile
    header: HeaderFile
    dek: bytes = field(repr=False)
    former_dek: bytes = field(repr=False)
    inbox_key: bytes = field(repr=False)
    recovery_code: str = field(repr=False)


def draft_rotation(
    folder: Path, password: str, parameters: KdfParameters | None = None
) -> Rotation:
    """New keys for a vault, in memory only. Blocks for four key derivations.

    `parameters` are those of the new wraps, else they stay. Raises `WrongSecret`: the recovery
    code is not enough, for the password's wrap is made anew.
    """
    former_dek = unlock_by_password(folder, password)
    before = current_header(folder)
    dek, inbox_key, code = new_dek(), new_inbox_key(), new_recovery_code()
    header = create_header(
        vault_id=before.header.vault_id,
        key_id=random_id(),
        dek=dek,
        secrets={"password": password, "recovery": code},
        inbox_public_key=inbox_public_key(inbox_key),
        parameters=parameters or before.header.kdf.parameters(),
    )
    if unlock_header(header, "password", password) != dek:
        raise VaultDamaged("The new keys do not open with the password.")
    return Rotation(before, header, dek, former_dek, inbox_key, code)


def rotate(
    folder: Path,
    new: Rotation,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    step: Step = no_step,
) -> None:
    """Seal the database of a closed vault with the new DEK and let the old one go.

    Blocks for as long as all pages take; derives no key. `progress` gets pages done and pages in
    all. Needs as much free space as the database has. Raises `InputError` when the header
    was changed since the draft, `StorageError`, `VaultDamaged`; then the old keys still open it, or
    both generations stand in the header and the next unlock decides.
    """
    check_unchanged(folder, new.before)
    clear(folder, step=step)
    try:
        with translated():
            _reseal(folder, new, progress, step)
            _verify(folder, new)
        _make_durable(folder / NEXT_DATABASE)
        step("the new database is durable")
    except BaseException:
        clear(folder)
        raise
    both = msgspec.structs.replace(
        new.before, successor=SignedHeader(new.header.header, new.header.mac)
    )
    replace_header(folder, both, step=step)
    try:
        (folder / NEXT_DATABASE).rename(folder / DATABASE)
        step("the new database is in place")
        sync_folder(folder)
    except OSError as error:
        raise cannot_write(folder / DATABASE, error) from error
    step("the new database is durably in place")
    replace_header(folder, new.header, step=step)
    # Both of its wraps have been opened before: the password's by the draft, the code's typed back.
    prove_header(folder, lambda file: file == new.header, step=step)


def _reseal(folder: Path, new: Rotation, progress: Callable[[int, int], None], step: Step) -> None:
    """Copy page by page: no statement runs over the tables, so nothing in them can change."""
    source = open_keyed(folder / DATABASE, new.former_dek, apsw.SQLITE_OPEN_READWRITE)
    with closing(source):
        source.pragma("wal_checkpoint(truncate)")
        step("the old log is emptied")
        copy = open_keyed(folder / NEXT_DATABASE, new.dek, _NEW)
        with closing(copy):
            # Without a journal and unsynchronised: a half copy is thrown away, a whole one synced.
            copy.pragma("journal_mode", "off")
            copy.pragma("synchronous", "off")
            with copy.backup("main", source, "main") as backup:
                while not backup.done:
                    backup.step(_PAGES_AT_ONCE)
                    progress(backup.page_count - backup.remaining, backup.page_count)
                    step("some pages are copied")
        step("all pages are copied")
    # A log of the old database must not be taken for one of the new.
    if (folder / f"{DATABASE}-wal").exists():
        raise StorageError(
            "Another program has the vault's database open.",
            fix="Stop it, then try again.",
        )
    step("the old database is closed")


def _verify(folder: Path, new: Rotation) -> None:
    """Read every page of the copy with its new key, and give it its new inbox key."""
    with closing(open_keyed(folder / NEXT_DATABASE, new.dek, apsw.SQLITE_OPEN_READWRITE)) as copy:
        found = copy.execute("PRAGMA integrity_check").fetchone()
        if found is None or found[0] != "ok":
            raise VaultDamaged(
                "The vault's database has damage, so its key was not changed.",
                fix="Run “herdbook vault verify”, and restore it from a backup.",
            )
        copy.pragma("secure_delete", "on")
        with copy:
            keys = inbox_keys(copy, new.before.header)
            rows = (("inbox", new.inbox_key), ("inbox_before", b"".join(keys)))
            copy.executemany("INSERT OR REPLACE INTO vault_keys(name, value) VALUES(?, ?)", rows)


def _make_durable(path: Path) -> None:
    try:
        with path.open("rb") as file:
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
