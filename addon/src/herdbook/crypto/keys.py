"""The keys of a vault: DEK, its wraps, the header's MAC, the inbox key pair.

The DEK (data encryption key, 256 random bits) seals the database's pages as it is. It is never
stored, only wrapped by a KEK that comes from the password or the recovery code.
"""

import hmac
from typing import Final

from nacl.encoding import RawEncoder
from nacl.exceptions import CryptoError
from nacl.hash import blake2b
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.utils import random

from herdbook.crypto.aead import KEY_SIZE, NONCE_SIZE, TAG_SIZE, open_sealed, seal
from herdbook.errors import VaultDamaged

MAC_SIZE: Final = 32
WRAP_SIZE: Final = NONCE_SIZE + KEY_SIZE + TAG_SIZE
# BLAKE2b's personalisation (at most 16 bytes) separates this use of the DEK from every other.
_MAC_PERSON: Final = b"hb header mac v1"


def new_dek() -> bytes:
    """A fresh data encryption key."""
    return random(KEY_SIZE)


def wrap(kek: bytes, dek: bytes, aad: bytes) -> bytes:
    """The DEK sealed under a KEK, `WRAP_SIZE` bytes."""
    return seal(kek, dek, aad)


def unwrap(kek: bytes, wrapped: bytes, aad: bytes) -> bytes:
    """The DEK out of a wrap. Raises `VaultDamaged` for the wrong KEK, bytes or AAD."""
    dek = open_sealed(kek, wrapped, aad)
    if len(dek) != KEY_SIZE:
        raise VaultDamaged("The wrapped key has the wrong length.")
    return dek


def header_mac(dek: bytes, header: bytes) -> bytes:
    """Keyed BLAKE2b-256 of the header's canonical bytes under the DEK."""
    return blake2b(header, MAC_SIZE, key=dek, person=_MAC_PERSON, encoder=RawEncoder)


def is_header_mac(dek: bytes, header: bytes, mac: bytes) -> bool:
    """Whether `mac` is the header's, in constant time."""
    return hmac.compare_digest(header_mac(dek, header), mac)


def new_inbox_key() -> bytes:
    """A fresh X25519 secret key for the sealed inbox."""
    return bytes(PrivateKey.generate())


def inbox_public_key(secret_key: bytes) -> bytes:
    """The public key of an inbox secret key."""
    return bytes(PrivateKey(secret_key).public_key)


def seal_drop(public_key: bytes, plaintext: bytes) -> bytes:
    """A libsodium sealed box: only the inbox secret key opens it; its writer cannot."""
    return bytes(SealedBox(PublicKey(public_key)).encrypt(plaintext))


def open_drop(secret_key: bytes, sealed: bytes) -> bytes:
    """The plaintext of `seal_drop`. Raises `VaultDamaged` for another vault's or a changed drop."""
    try:
        return bytes(SealedBox(PrivateKey(secret_key)).decrypt(sealed))
    except (CryptoError, ValueError, TypeError) as error:
        raise VaultDamaged("A drop in the inbox does not open with this vault's key.") from error
