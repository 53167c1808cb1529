"""The vault's header: everything that must be readable while the vault is locked.

A JSON file of `HeaderFile`. Bytes are base64. The MAC covers the header object's canonical form:
keys sorted, no white space, ASCII. It is checked as soon as the DEK is known, so no field can be
changed without the vault refusing to open. Which file is the header is `herdbook.vault.folder`'s.
"""

from pathlib import Path
from secrets import token_bytes
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta

from herdbook.crypto.aead import KEY_SIZE, associated_data
from herdbook.crypto.kdf import SALT_SIZE, KdfParameters, derive_key, new_salt
from herdbook.crypto.keys import (
    MAC_SIZE,
    WRAP_SIZE,
    header_mac,
    is_header_mac,
    unwrap,
    wrap,
)
from herdbook.crypto.recovery import read_recovery_code
from herdbook.errors import (
    InputError,
    RecoveryCodeInvalid,
    VaultDamaged,
    VaultError,
    VaultUnsupported,
    WrongSecret,
)
from herdbook.files import Step, no_step, replace_file
from herdbook.ids import random_id

FORMAT: Final = 1
SUITE: Final = "argon2id-xchacha20poly1305-sqlite3mc.chacha20-x25519"
_SIZE_LIMIT: Final = 64 * 1024

Purpose = Literal["password", "recovery"]
# Names a folder, too: nothing but digits may come out of a header.
_Id = Annotated[str, Meta(pattern="^[0-9a-f]{32}\\Z")]
_Salt = Annotated[bytes, Meta(min_length=SALT_SIZE, max_length=SALT_SIZE)]
_Sealed = Annotated[bytes, Meta(min_length=WRAP_SIZE, max_length=WRAP_SIZE)]
_Key = Annotated[bytes, Meta(min_length=KEY_SIZE, max_length=KEY_SIZE)]
_Mac = Annotated[bytes, Meta(min_length=MAC_SIZE, max_length=MAC_SIZE)]


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
    salt: _Salt
    sealed: _Sealed


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the header says. `key_id` names the DEK; it changes when the DEK is rotated."""

    format: int
    suite: str
    vault_id: _Id
    key_id: _Id
    kdf: Kdf
    wraps: tuple[Wrap, ...]
    inbox_public_key: _Key

    def canonical(self) -> bytes:
        """The bytes that the MAC covers."""
        return msgspec.json.encode(self, order="sorted")


class SignedHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A header and its MAC under the DEK that it wraps."""

    header: Header
    mac: _Mac


class HeaderFile(SignedHeader, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The file. `successor` is there while the DEK is being changed and is complete in itself.

    The database is sealed by the DEK of one of the two.
    """

    successor: SignedHeader | None = None

    def generations(self) -> tuple[SignedHeader, ...]:
        """The header and, amid a rotation, its successor."""
        return (self,) if self.successor is None else (self, self.successor)


class _Version(msgspec.Struct):
    format: int
    suite: str


class _VersionFile(msgspec.Struct):
    header: _Version
    successor: msgspec.Raw = msgspec.Raw(b"null")


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
    bare = Header(
        format=FORMAT,
        suite=SUITE,
        vault_id=vault_id,
        key_id=key_id,
        kdf=Kdf(parameters.memory_kib, parameters.time, parameters.lanes),
        wraps=(),
        inbox_public_key=inbox_public_key,
    )
    wraps = tuple(_new_wrap(bare, dek, purpose, secret) for purpose, secret in secrets.items())
    return _signed(msgspec.structs.replace(bare, wraps=wraps), dek)


def rewrap(file: SignedHeader, dek: bytes, purpose: Purpose, secret: str) -> HeaderFile:
    """The same header with a new secret for one purpose. Blocks for one key derivation."""
    header = file.header
    wraps = tuple(
        _new_wrap(header, dek, purpose, secret) if wrap.purpose == purpose else wrap
        for wrap in header.wraps
    )
    return _signed(msgspec.structs.replace(header, wraps=wraps), dek)


def decoy_header(parameters: KdfParameters) -> HeaderFile:
    """A header that no secret opens, for walking the way of a vault that is not there."""
    wraps = tuple(
        Wrap(purpose, new_salt(), token_bytes(WRAP_SIZE)) for purpose in get_args(Purpose)
    )
    kdf = Kdf(parameters.memory_kib, parameters.time, parameters.lanes)
    header = Header(FORMAT, SUITE, random_id(), random_id(), kdf, wraps, token_bytes(KEY_SIZE))
    return HeaderFile(header, token_bytes(MAC_SIZE))


def unlock_with(file: SignedHeader, secret: str) -> bytes:
    """`unlock_header` by the `way_in` of `secret`."""
    return unlock_header(file, *way_in(secret))


def way_in(secret: str) -> tuple[Purpose, str]:
    """What a typed secret is, and its canonical form: a recovery code if it reads as one."""
    try:
        return "recovery", read_recovery_code(secret)
    except RecoveryCodeInvalid:
        return "password", secret


def unlock_header(file: SignedHeader, purpose: Purpose, secret: str) -> bytes:
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
    try:
        kek = derive_key(secret, found.salt, header.kdf.parameters())
        dek = unwrap(kek, found.sealed, _aad(header, purpose))
    except (InputError, VaultDamaged) as error:
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
        data.decode()  # msgspec passes over what stands in members that it does not know
        # The version is looked at first, so that a newer format is named and not called damage.
        versions = msgspec.json.decode(data, type=_VersionFile)
        _check_version(versions.header)
        successor = msgspec.json.decode(versions.successor, type=_VersionFile | None)
        if successor is not None:
            _check_version(successor.header)
        file = msgspec.json.decode(data, type=HeaderFile)
        for generation in file.generations():
            generation.header.kdf.parameters()
        if file.successor is not None:
            _check_generations(file.header, file.successor.header)
    except VaultError:
        raise
    # Recursion: a header of ten thousand brackets.
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _damaged() from error
    return file


def write_header(path: Path, file: HeaderFile, *, step: Step = no_step) -> None:
    """Replace the header durably; a crash leaves the old or the new one. Raises `StorageError`."""
    replace_file(path, msgspec.json.format(msgspec.json.encode(file)) + b"\n", step=step)


def _signed(header: Header, dek: bytes) -> HeaderFile:
    return HeaderFile(header, header_mac(dek, header.canonical()))


def _new_wrap(header: Header, dek: bytes, purpose: Purpose, secret: str) -> Wrap:
    salt = new_salt()
    kek = derive_key(secret, salt, header.kdf.parameters())
    return Wrap(purpose, salt, wrap(kek, dek, _aad(header, purpose)))


def _aad(header: Header, purpose: Purpose) -> bytes:
    return associated_data(header.vault_id, purpose, header.key_id, SUITE, str(FORMAT))


def _check_generations(header: Header, successor: Header) -> None:
    if header.vault_id != successor.vault_id or header.key_id == successor.key_id:
        raise _damaged()


def _check_version(version: _Version) -> None:
    if (version.format, version.suite) != (FORMAT, SUITE):
        raise VaultUnsupported(
            f"This vault has format {version.format}, suite {version.suite[:80]!r}; this "
            f"version of Herdbook opens format {FORMAT}, suite {SUITE!r}.",
            fix="Install the release that wrote it, or a newer one.",
        )


def _damaged() -> VaultDamaged:
    return VaultDamaged(
        "The vault's header is not readable.", fix="Restore header.json from a backup."
    )
