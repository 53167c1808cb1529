"""The vault's header: everything that must be readable while the vault is locked.

A JSON file of `HeaderFile`. Bytes are base64. The MAC covers the header object's canonical form:
keys sorted, no white space, ASCII. It is checked as soon as the DEK is known, so no field can be
changed without the vault refusing to open.
"""

from pathlib import Path
from typing import Final, Literal

import msgspec

from herdbook.crypto.aead import associated_data
from herdbook.crypto.kdf import KdfParameters, derive_key, new_salt
from herdbook.crypto.keys import header_mac, is_header_mac, unwrap, wrap
from herdbook.errors import VaultDamaged, VaultError, VaultUnsupported, WrongSecret
from herdbook.files import replace_file

FORMAT: Final = 1
SUITE: Final = "argon2id-xchacha20poly1305-sqlite3mc.chacha20-x25519"
_SIZE_LIMIT: Final = 64 * 1024

Purpose = Literal["password", "recovery"]


class Kdf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Argon2id, version 0x13, and its cost."""

    memory_kib: int
    time: int
    lanes: int

    def parameters(self) -> KdfParameters:
        """Raises `VaultUnsupported` outside the accepted range."""
        return KdfParameters(self.memory_kib, self.time, self.lanes)


class Wrap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The DEK under one KEK: the KEK's salt (16 bytes), then nonce, ciphertext and tag (72)."""

    purpose: Purpose
    salt: bytes
    sealed: bytes


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the header says. `key_id` names the DEK; it changes when the DEK is rotated."""

    format: int
    suite: str
    vault_id: str
    key_id: str
    kdf: Kdf
    wraps: tuple[Wrap, ...]
    inbox_public_key: bytes

    def canonical(self) -> bytes:
        """The bytes that the MAC covers."""
        return msgspec.json.encode(self, order="sorted")


class HeaderFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: the header and its MAC under the DEK."""

    header: Header
    mac: bytes


class _Version(msgspec.Struct):
    format: int
    suite: str


class _VersionFile(msgspec.Struct):
    header: _Version


def create_header(
    *,
    vault_id: str,
    key_id: str,
    dek: bytes,
    secrets: dict[Purpose, str],
    inbox_public_key: bytes,
    parameters: KdfParameters,
) -> HeaderFile:
    """A header that wraps `dek` once for each secret. Blocks for one key derivation each."""
    wraps = []
    for purpose, secret in secrets.items():
        salt = new_salt()
        kek = derive_key(secret, salt, parameters)
        wraps.append(Wrap(purpose, salt, wrap(kek, dek, _aad(vault_id, purpose, key_id))))
    header = Header(
        format=FORMAT,
        suite=SUITE,
        vault_id=vault_id,
        key_id=key_id,
        kdf=Kdf(parameters.memory_kib, parameters.time, parameters.lanes),
        wraps=tuple(wraps),
        inbox_public_key=inbox_public_key,
    )
    return HeaderFile(header, header_mac(dek, header.canonical()))


def unlock_header(file: HeaderFile, purpose: Purpose, secret: str) -> bytes:
    """The DEK, once the secret has opened its wrap and the MAC has been checked.

    Blocks for one key derivation. Raises `WrongSecret`, or `VaultDamaged` when the secret is right
    but the header is not the one that was written.
    """
    header = file.header
    found = next((wrap for wrap in header.wraps if wrap.purpose == purpose), None)
    if found is None:
        raise VaultDamaged(
            f"The vault's header has no {purpose} wrap.", fix="Restore header.json from a backup."
        )
    kek = derive_key(secret, found.salt, header.kdf.parameters())
    try:
        dek = unwrap(kek, found.sealed, _aad(header.vault_id, purpose, header.key_id))
    except VaultDamaged as error:
        # A wrong secret and a changed wrap cannot be told apart: both fail the same tag.
        raise wrong_secret() from error
    if not is_header_mac(dek, header.canonical(), file.mac):
        raise VaultDamaged(
            "The vault's header was changed after it was written.",
            fix="Restore header.json from a backup.",
        )
    return dek


def wrong_secret() -> WrongSecret:
    """One wording for every reason: it must not tell who has a vault here."""
    return WrongSecret(
        "That name and password do not open a vault here.",
        fix="Check both; your recovery code works in place of the password.",
    )


def read_header(path: Path) -> HeaderFile:
    """The header at `path`. Raises `VaultUnsupported` or `VaultDamaged`; checks no key."""
    try:
        with path.open("rb") as file:
            data = file.read(_SIZE_LIMIT + 1)
    except OSError as error:
        raise VaultDamaged(
            f"Cannot read the vault's header: {error.strerror}.",
            fix="Restore header.json from a backup.",
        ) from error
    return parse_header(data)


def parse_header(data: bytes) -> HeaderFile:
    """The header in `data`. Raises `VaultUnsupported` (another format) or `VaultDamaged`."""
    if len(data) > _SIZE_LIMIT:
        raise _damaged()
    try:
        # The version is looked at first, so that a newer format is named and not called damage.
        version = msgspec.json.decode(data, type=_VersionFile).header
        if (version.format, version.suite) != (FORMAT, SUITE):
            raise VaultUnsupported(
                f"This vault has format {version.format}, suite {version.suite[:80]!r}; this "
                f"version of Herdbook opens format {FORMAT}, suite {SUITE!r}.",
                fix="Install the release that wrote it, or a newer one.",
            )
        file = msgspec.json.decode(data, type=HeaderFile)
        file.header.kdf.parameters()
    except VaultError:
        raise
    # Recursion: a header of ten thousand brackets.
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _damaged() from error
    return file


def write_header(path: Path, file: HeaderFile) -> None:
    """Replace the header durably; a crash leaves the old or the new one. Raises `StorageError`."""
    replace_file(path, msgspec.json.format(msgspec.json.encode(file)) + b"\n")


def _aad(vault_id: str, purpose: Purpose, key_id: str) -> bytes:
    return associated_data(vault_id, purpose, key_id, SUITE, str(FORMAT))


def _damaged() -> VaultDamaged:
    return VaultDamaged(
        "The vault's header is not readable.", fix="Restore header.json from a backup."
    )
