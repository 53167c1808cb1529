"""Sealing pages by hand, as docs/format.md says, with a nonce of one's choosing."""

import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.poly1305 import Poly1305


def chacha20(key: bytes, counter: int, nonce: bytes, data: bytes) -> bytes:
    """Block by block: the counter starts with 32 bits and then carries into the nonce."""
    first = counter % 2**32 | struct.unpack("<I", nonce[:4])[0] << 32
    out = b""
    for i in range(0, len(data), 64):
        initial = struct.pack("<Q", (first + i // 64) % 2**64) + nonce[4:]
        out += Cipher(algorithms.ChaCha20(key, initial), None).encryptor().update(data[i : i + 64])
    return out


def page_keys(dek: bytes, number: int, nonce: bytes) -> tuple[bytes, int]:
    counter = struct.unpack("<I", nonce[12:])[0] ^ number
    return chacha20(dek, counter, nonce[:12], bytes(64)), counter + 1


def open_page(dek: bytes, number: int, page: bytes) -> bytes:
    keys, counter = page_keys(dek, number, page[4064:4080])
    start = 24 if number == 1 else 0
    return page[:start] + chacha20(keys[32:], counter, page[4064:4076], page[start:4064])


def seal_page(dek: bytes, number: int, plain: bytes, nonce: bytes) -> bytes:
    keys, counter = page_keys(dek, number, nonce)
    start = 24 if number == 1 else 0
    body = plain[:start] + chacha20(keys[32:], counter, nonce[:12], plain[start:4064]) + nonce
    return body + Poly1305.generate_tag(keys[:32], body)
