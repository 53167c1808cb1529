"""The token that opens a node's page. Owns the file ``page_token``, readable by its owner only.

A browser that gave it keeps a pass made from it: the token itself is in no cookie, and another
token makes every pass void.
"""

import secrets
from hashlib import blake2b
from pathlib import Path
from typing import Final

from herdbook.errors import StorageError
from herdbook.files import make_folder, read_secret, replace_file

_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that could be taken for another."""
_LENGTH: Final = 20  # 99 bits
_GROUP: Final = 4


def load_or_create(folder: Path) -> str:
    """The token in a data folder, as it is to be typed; made once. Raises `StorageError`."""
    path = make_folder(folder) / "page_token"
    token = read_secret(path)
    if token and len(plain(token)) < _LENGTH:
        raise StorageError(f"{path} holds half a token.", fix="Remove it: a new one is made.")
    if not token:
        letters = [secrets.choice(_LETTERS) for _ in range(_LENGTH)]
        groups = (letters[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))
        token = "-".join("".join(group) for group in groups)
        replace_file(path, f"{token}\n".encode())
    return token


def plain(typed: str) -> str:
    """A token however it was typed: its letters and digits alone."""
    return "".join(
        letter for letter in typed[:100].lower() if letter.isascii() and letter.isalnum()
    )


def is_token(typed: str, token: str) -> bool:
    """Whether this is the token; it takes the same time for every wrong one."""
    return secrets.compare_digest(plain(typed).encode(), plain(token).encode())


def pass_of(token: str) -> str:
    """What a browser shows from then on."""
    return blake2b(plain(token).encode(), digest_size=32, person=b"herdbook page").hexdigest()


def is_pass(shown: str, token: str) -> bool:
    """Whether a browser's pass was made from this token."""
    return secrets.compare_digest(shown.encode("utf-8", "replace"), pass_of(token).encode())
