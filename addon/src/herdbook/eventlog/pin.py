"""Which Llama a node belongs to: the first that approved it. Owns the file that remembers."""

from pathlib import Path
from typing import Protocol

from herdbook.errors import StorageError
from herdbook.eventlog.identity import KEY_SIZE
from herdbook.files import replace_file


class Pin(Protocol):
    """The public key of the node's Llama; None before one approved the node."""

    @property
    def key(self) -> bytes | None:
        """The pinned key."""

    def keep(self, key: bytes) -> None:
        """Remember a key for good."""


class FilePin:
    """A pin that survives restarts: 64 hexadecimal digits in a file."""

    def __init__(self, path: Path) -> None:
        """Raises `StorageError` when the file exists and does not hold a key."""
        self.path = path
        self._key = _read(path)

    @property
    def key(self) -> bytes | None:
        """See `Pin`."""
        return self._key

    def keep(self, key: bytes) -> None:
        """See `Pin`. Raises `StorageError`; nothing is remembered then."""
        replace_file(self.path, key.hex().encode() + b"\n")
        self._key = key


def _read(path: Path) -> bytes | None:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(
            f"Cannot read {path}: {error.strerror}.", fix="Let this user read the file."
        ) from error
    except ValueError as error:
        raise _no_key(path) from error
    if len(key) != KEY_SIZE:
        raise _no_key(path)
    return key


def _no_key(path: Path) -> StorageError:
    return StorageError(
        f"{path} does not hold a Llama's key.",
        fix="Remove it; the next Llama that approves this node is then believed.",
    )
