"""The bearer token of the API. Owns the file ``api_token``, readable by its owner only."""

from pathlib import Path
from secrets import token_urlsafe
from typing import Final

from herdbook.errors import StorageError
from herdbook.files import make_folder, read_secret, replace_file

_BYTES: Final = 32
_LENGTH: Final = 43  # of as many bytes in base64 without padding


def load_or_create(folder: Path) -> str:
    """This Llama's token: 256 random bits, made once. Raises `StorageError`."""
    path = make_folder(folder) / "api_token"
    token = read_secret(path)
    if 0 < len(token) < _LENGTH:
        raise StorageError(
            f"{path} holds half a token.",
            fix="Remove it: a new one is made, and Home Assistant asks for it.",
        )
    if not token:
        token = token_urlsafe(_BYTES)
        replace_file(path, f"{token}\n".encode())
    return token
