"""The bearer token of the API. Owns the file ``api_token``, readable by its owner only."""

from pathlib import Path
from secrets import token_urlsafe

from herdbook.errors import StorageError
from herdbook.files import make_folder, replace_file


def load_or_create(folder: Path) -> str:
    """This Llama's token: 256 random bits, made once. Raises `StorageError`."""
    path = make_folder(folder) / "api_token"
    try:
        token = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        token = ""
    except (OSError, UnicodeError) as error:
        raise StorageError(
            f"Cannot read {path}: {error}.",
            fix="Let this user read it, or remove it: a new one is made then.",
        ) from error
    if not token:
        token = token_urlsafe(32)
        replace_file(path, f"{token}\n".encode())
    return token
