"""Sealed files read by docs/format.md alone, without the engine: what a thief with the key sees."""

import struct
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.poly1305 import Poly1305

PAGE = 4096
_SEALED = PAGE - 32


def plain_page(dek: bytes, number: int, page: bytes) -> bytes:
    """One page, its tag checked."""
    nonce = page[_SEALED : _SEALED + 16]
    counter = int.from_bytes(nonce[12:], "little") ^ number
    block = _chacha(dek, counter, nonce[:12], bytes(64))
    Poly1305.verify_tag(block[:32], page[: _SEALED + 16], page[_SEALED + 16 :])
    start = 24 if number == 1 else 0
    return page[:start] + _chacha(block[32:], counter + 1, nonce[:12], page[start:_SEALED])


def plain_pages(dek: bytes, database: Path) -> Iterator[bytes]:
    """Every page of a database, and every page of its write-ahead log, old frames included."""
    data = database.read_bytes()
    assert data, "an empty database proves nothing"
    for offset in range(0, len(data), PAGE):
        yield plain_page(dek, offset // PAGE + 1, data[offset : offset + PAGE])
    log = database.with_name(f"{database.name}-wal")
    frames = log.read_bytes()[32:] if log.exists() else b""
    for offset in range(0, len(frames) - PAGE - 23, PAGE + 24):
        number, *_ = struct.unpack_from(">I", frames, offset)
        yield plain_page(dek, number, frames[offset + 24 : offset + 24 + PAGE])


def _chacha(key: bytes, counter: int, nonce: bytes, data: bytes) -> bytes:
    full = (counter % 2**32).to_bytes(4, "little") + nonce
    return Cipher(ChaCha20(key, full), mode=None).encryptor().update(data)
