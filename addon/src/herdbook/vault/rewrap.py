"""New ways into the same vault: another password, another recovery code. The DEK stays.

So whoever has the DEK, or an old copy of the header and its secret, keeps what that opens; only
`herdbook.vault.rotation` ends that. Nothing here touches the database.
"""

from dataclasses import dataclass, field
from pathlib import Path

from herdbook.crypto.recovery import new_recovery_code
from herdbook.errors import InputError
from herdbook.files import Step, no_step
from herdbook.vault.folder import (
    current_header,
    prove_header,
    replace_header,
    unlock,
    unlock_by_password,
)
from herdbook.vault.header import HeaderFile, rewrap, unlock_header


@dataclass(frozen=True, slots=True)
class NewCode:
    """A recovery code that takes effect once it has been typed back. Nothing is written yet."""

    before: HeaderFile
    header: HeaderFile
    dek: bytes = field(repr=False)
    recovery_code: str = field(repr=False)


def change_password(folder: Path, secret: str, password: str, *, step: Step = no_step) -> None:
    """Let `password` open the vault instead of the present one; `secret` is that or the code.

    Blocks for three key derivations. Raises `WrongSecret`, `VaultDamaged`, `StorageError`; then
    the old password still works.
    """
    dek = unlock(folder, secret, step=step)
    header = rewrap(current_header(folder), dek, "password", password)
    replace_header(folder, header, step=step)
    prove_header(folder, lambda file: unlock_header(file, "password", password) == dek, step=step)


def draft_code(folder: Path, password: str) -> NewCode:
    """A new recovery code, in memory only. Blocks for two key derivations.

    Raises `WrongSecret`: the present recovery code is not enough, only the password is.
    """
    dek = unlock_by_password(folder, password)
    before, code = current_header(folder), new_recovery_code()
    return NewCode(before, rewrap(before, dek, "recovery", code), dek, code)


def take_code(folder: Path, new: NewCode, *, step: Step = no_step) -> None:
    """Let the new code open the vault and the old one no longer. Blocks for one key derivation.

    Raises `InputError` when the header was changed since the draft, `VaultDamaged`, `StorageError`.
    """
    check_unchanged(folder, new.before)
    replace_header(folder, new.header, step=step)
    prove_header(
        folder,
        lambda file: unlock_header(file, "recovery", new.recovery_code) == new.dek,
        step=step,
    )


def check_unchanged(folder: Path, before: HeaderFile) -> None:
    """Raise `InputError` unless the header is still the one that a draft began with."""
    if current_header(folder) != before:
        raise InputError(
            "The vault's keys were changed elsewhere meanwhile, so nothing was done here.",
            fix="Start again.",
            reason="keys_changed",
        )
