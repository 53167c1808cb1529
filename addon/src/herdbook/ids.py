"""Identifiers. Owns how they look; knows nothing of what they name."""

import base64
import hashlib
import secrets
from typing import Final

NODE_ID_LENGTH: Final = 26


def random_id() -> str:
    """128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def node_id_of(public_key: bytes) -> str:
    """The node id of an Ed25519 public key: 128 bits of its BLAKE2b hash.

    Lower-case base32 without padding (26 characters of a-z and 2-7), fit for MQTT topics, Home
    Assistant unique ids and file names.
    """
    digest = hashlib.blake2b(public_key, digest_size=16, person=b"herdbook node id").digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()


def fingerprint_of(node_id: str) -> str:
    """The node id as people compare it: groups of four, ``abcd-efgh-…``."""
    return "-".join(node_id[i : i + 4] for i in range(0, len(node_id), 4))
