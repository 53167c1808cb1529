"""From what a person knows to a key: Argon2id, with a floor and a cap on its cost.

The floor keeps a tampered header from making guesses cheap; the cap keeps it from exhausting a
small machine's memory before any key was checked.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final

from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw
from nacl.utils import random

from herdbook.crypto.aead import KEY_SIZE
from herdbook.errors import InputError, VaultUnsupported

SALT_SIZE: Final = 16
MEMORY_FLOOR_KIB: Final = 19 * 1024
MEMORY_CAP_KIB: Final = 512 * 1024
TIME_FLOOR: Final = 2
TIME_CAP: Final = 16
LANES_CAP: Final = 4


@dataclass(frozen=True, slots=True)
class KdfParameters:
    """The cost of one guess: `memory_kib` KiB of memory, `time` passes, `lanes` of parallelism.

    The default takes 0.14 s on a desktop core and about half a second on a Raspberry Pi 4.
    Raises `VaultUnsupported` outside the floor and the cap.
    """

    memory_kib: int = 128 * 1024
    time: int = 3
    lanes: int = 1

    def __post_init__(self) -> None:
        if not MEMORY_FLOOR_KIB <= self.memory_kib <= MEMORY_CAP_KIB:
            raise VaultUnsupported(
                f"The vault's header asks for {self.memory_kib} KiB of key derivation memory; "
                f"{MEMORY_FLOOR_KIB} to {MEMORY_CAP_KIB} are accepted.",
                fix="Restore header.json from a backup.",
            )
        if not (TIME_FLOOR <= self.time <= TIME_CAP and 1 <= self.lanes <= LANES_CAP):
            raise VaultUnsupported(
                f"The vault's header asks for {self.time} passes over {self.lanes} lanes; "
                f"{TIME_FLOOR} to {TIME_CAP} over 1 to {LANES_CAP} are accepted.",
                fix="Restore header.json from a backup.",
            )


def new_salt() -> bytes:
    """A random salt."""
    return random(SALT_SIZE)


def derive_key(secret: str, salt: bytes, parameters: KdfParameters) -> bytes:
    """A 256-bit KEK from a password or a recovery code's text. Blocks for the time of one guess.

    The text is normalised to NFC first: keyboards differ in how they compose “é”. Raises
    `InputError` for half a character (a lone surrogate), which has no UTF-8.
    """
    try:
        encoded = unicodedata.normalize("NFC", secret).encode()
    except UnicodeEncodeError as error:
        raise InputError(
            "There is a character in this secret that is not whole.",
            fix="Type it again, or use other characters.",
        ) from error
    return hash_secret_raw(
        secret=encoded,
        salt=salt,
        time_cost=parameters.time,
        memory_cost=parameters.memory_kib,
        parallelism=parameters.lanes,
        hash_len=KEY_SIZE,
        type=Type.ID,
        version=ARGON2_VERSION,
    )
