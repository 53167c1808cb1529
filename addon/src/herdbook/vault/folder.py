"""A vault's folder at rest: which of its files count, and how its header is replaced.

Every change goes through states in which some secret opens the vault with all that was in it.
`unlock` finds out which of them a crash left, ends it, and clears the rest away. Must be used by
one thread of one process at a time; opens no database but to ask whether a key fits.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import apsw

from herdbook.crypto.recovery import read_recovery_code
from herdbook.errors import RecoveryCodeInvalid, VaultDamaged, WrongSecret
from herdbook.files import (
    Step,
    no_step,
    remove_file,
    remove_temporary_files,
)
from herdbook.vault.engine import open_keyed, translated
from herdbook.vault.header import (
    HeaderFile,
    SignedHeader,
    read_header,
    unlock_with,
    write_header,
    wrong_secret,
)

HEADER: Final = "header.json"
PREVIOUS_HEADER: Final = "header.json.previous"
"""The header before the present one, until that has opened. Counts only if that is damaged."""
DATABASE: Final = "journal.db"
NEXT_DATABASE: Final = "journal.db.next"
"""The database sealed by another DEK, amid a rotation. Never counts before it is renamed."""
INBOX: Final = "inbox.db"


def current_header(folder: Path) -> HeaderFile:
    """The header that counts, no key checked. Raises `VaultDamaged`, `VaultUnsupported`."""
    try:
        return read_header(folder / HEADER)
    except VaultDamaged:
        if not (folder / PREVIOUS_HEADER).exists():
            raise
        return read_header(folder / PREVIOUS_HEADER)


def unlock(folder: Path, secret: str, *, step: Step = no_step) -> bytes:
    """The DEK, by the password or the recovery code; ends what a crash interrupted.

    Blocks for one key derivation, two amid a rotation. Raises `WrongSecret`, `VaultDamaged`,
    `VaultUnsupported`, `StorageError`.
    """
    try:
        file = read_header(folder / HEADER)
        opened, dek = _open_either(folder, file, secret)
    except VaultDamaged:
        if not (folder / PREVIOUS_HEADER).exists():
            raise
        file = None
        opened, dek = _open_either(folder, read_header(folder / PREVIOUS_HEADER), secret)
    final = HeaderFile(opened.header, opened.mac)
    if file != final:
        write_header(folder / HEADER, final, step=step)
        step("the header is settled")
    clear(folder, step=step)
    return dek


def unlock_by_password(folder: Path, password: str, *, step: Step = no_step) -> bytes:
    """`unlock`, but a recovery code is not enough: it is a wrong secret here."""
    try:
        read_recovery_code(password)
    except RecoveryCodeInvalid:
        return unlock(folder, password, step=step)
    raise wrong_secret()


def replace_header(folder: Path, file: HeaderFile, *, step: Step = no_step) -> None:
    """Write a new header and keep the old one as the previous. Raises `StorageError`."""
    write_header(folder / PREVIOUS_HEADER, current_header(folder), step=step)
    step("the previous header is kept")
    write_header(folder / HEADER, file, step=step)
    step("the header is replaced")


def prove_header(
    folder: Path, opens: Callable[[HeaderFile], bool], *, step: Step = no_step
) -> None:
    """Read the header just written and see that it `opens`, then forget the previous one.

    Puts the previous one back and raises `VaultDamaged` when the disk did not keep what was
    written.
    """
    try:
        proven = opens(read_header(folder / HEADER))
    except (VaultDamaged, WrongSecret):
        proven = False
    if not proven:
        write_header(folder / HEADER, read_header(folder / PREVIOUS_HEADER))
        raise VaultDamaged(
            "The vault's new header did not open, so the one before was put back.",
            fix="Check the Llama's disk, then try again.",
        )
    step("the new header has opened")
    clear(folder, step=step)


def clear(folder: Path, *, step: Step = no_step) -> None:
    """Remove what a finished or interrupted change left, the previous header last."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        remove_file(folder / f"{NEXT_DATABASE}{suffix}")
        step(f"{NEXT_DATABASE}{suffix} is gone")
    for name in (HEADER, PREVIOUS_HEADER):
        remove_temporary_files(folder / name)
        step(f"what was written beside {name} is gone")
    remove_file(folder / PREVIOUS_HEADER)
    step("the previous header is gone")


def sealed_connection(path: Path, dek: bytes, *, writable: bool) -> apsw.Connection:
    """A connection of its own to a sealed database, outside any `Database`; close it yourself.

    One that is not writable reads the main file alone and leaves the log beside it untouched.
    """
    if writable:
        return open_keyed(path, dek, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
    address = f"{path.absolute().as_uri()}?immutable=1"
    return open_keyed(address, dek, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)


def _open_either(folder: Path, file: HeaderFile, secret: str) -> tuple[SignedHeader, bytes]:
    """The generation whose DEK seals the database, and that DEK."""
    if file.successor is None:
        return file, unlock_with(file, secret)
    fits_none = True
    for generation in file.generations():
        try:
            dek = unlock_with(generation, secret)
        except WrongSecret:
            # The recovery code of the other generation.
            fits_none = False
            continue
        if _is_key_of(folder / DATABASE, dek):
            return generation, dek
    if fits_none:
        raise VaultDamaged(
            "The vault's header and database do not belong together.",
            fix="Restore both from the same backup.",
        )
    raise wrong_secret()


def _is_key_of(database: Path, dek: bytes) -> bool:
    with translated():
        connection = sealed_connection(database, dek, writable=False)
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        except apsw.NotADBError:
            return False
        finally:
            connection.close()
    return True
