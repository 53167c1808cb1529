"""Authenticated encryption of short secrets, and the exact bytes authenticated with them."""

from typing import Final

from nacl.exceptions import CryptoError
from nacl.secret import Aead
from nacl.utils import random

from herdbook.errors import VaultDamaged

KEY_SIZE: Final = Aead.KEY_SIZE
NONCE_SIZE: Final = Aead.NONCE_SIZE
"""24 bytes: long enough to be drawn at random for every seal."""
TAG_SIZE: Final = Aead.MACBYTES


def associated_data(*fields: str) -> bytes:
    """AAD of several fields: each UTF-8, after its length as four bytes, big endian.

    The lengths make it injective: no two lists of fields give the same bytes.
    """
    return b"".join(
        len(encoded).to_bytes(4, "big") + encoded
        for encoded in (field.encode() for field in fields)
    )


def seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """XChaCha20-Poly1305 with a random nonce; returns nonce (24), ciphertext, tag (16)."""
    return bytes(Aead(key).encrypt(plaintext, aad, random(NONCE_SIZE)))


def open_sealed(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """The plaintext of `seal`. Raises `VaultDamaged` for another key, other bytes or other AAD."""
    try:
        return bytes(Aead(key).decrypt(sealed, aad))
    except (CryptoError, ValueError) as error:
        raise VaultDamaged("A sealed value does not open with this key.") from error
