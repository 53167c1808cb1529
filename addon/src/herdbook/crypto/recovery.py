"""The recovery code: 128 random bits that a person can copy by hand.

32 characters in eight groups of four, Crockford's base32 (no I, L, O, U;
https://www.crockford.com/base32.html): 16 random bytes and 4 bytes of checksum, the start of their
BLAKE2b hash, so that a slip of the pen is told from a wrong code before any key is derived.
"""

import hmac
from hashlib import blake2b
from typing import Final

from nacl.utils import random

from herdbook.errors import RecoveryCodeInvalid

RANDOM_SIZE: Final = 16
_CHECK_SIZE: Final = 4
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = (RANDOM_SIZE + _CHECK_SIZE) * 8 // 5
# What people write for a digit, and what they put between the groups.
_FORGIVEN: Final = str.maketrans("OILoil", "011011", " \t\r\n-–—_.·")


def new_recovery_code() -> str:
    """A fresh code in its canonical form, ``XXXX-XXXX-…``."""
    return _format(random(RANDOM_SIZE))


def read_recovery_code(typed: str) -> str:
    """The canonical form of a typed code, forgiving case, spaces, dashes, O for 0 and I or L for 1.

    Raises `RecoveryCodeInvalid`, without repeating what was typed.
    """
    symbols = typed.translate(_FORGIVEN).upper()
    if len(symbols) != _LENGTH or any(symbol not in _ALPHABET for symbol in symbols):
        raise RecoveryCodeInvalid(
            f"A recovery code has {_LENGTH} letters and digits.",
            fix="Compare it group by group with what you wrote down.",
        )
    number = 0
    for symbol in symbols:
        number = number << 5 | _ALPHABET.index(symbol)
    data = number.to_bytes(RANDOM_SIZE + _CHECK_SIZE, "big")
    if not hmac.compare_digest(_checksum(data[:RANDOM_SIZE]), data[RANDOM_SIZE:]):
        raise RecoveryCodeInvalid(
            "There is a mistake in the recovery code.",
            fix="Compare it group by group with what you wrote down.",
        )
    return _format(data[:RANDOM_SIZE])


def _checksum(data: bytes) -> bytes:
    return blake2b(data, digest_size=_CHECK_SIZE, person=b"hb recovery code").digest()


def _format(data: bytes) -> str:
    number = int.from_bytes(data + _checksum(data), "big")
    symbols = "".join(_ALPHABET[number >> shift & 31] for shift in range((_LENGTH - 1) * 5, -1, -5))
    return "-".join(symbols[i : i + 4] for i in range(0, _LENGTH, 4))
