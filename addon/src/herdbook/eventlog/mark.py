"""How far a log may have left its node: a small file beside `log.db`, to outlive it.

No batch is sent before the mark says so. Whatever becomes of `log.db`, numbers up to the mark are
never signed again, and the chain goes on from its hash.
"""

import hashlib
from pathlib import Path
from struct import Struct as Layout
from typing import Final

from herdbook.errors import StorageError
from herdbook.eventlog.piece import NOTHING, Mark
from herdbook.files import replace_file

NAME: Final = "sealed.mark"
_MAGIC: Final = b"HBM\x01"
_LAYOUT: Final = Layout(">4sQQ32s")
_CHECK: Final = 16


def read_mark(folder: Path) -> Mark | None:
    """The mark in a node's folder: `NOTHING` when there is no file, None when it is damaged.

    Raises `StorageError` when the file cannot be read.
    """
    try:
        data = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return NOTHING
    except OSError as error:
        raise StorageError(f"Cannot read {folder / NAME}: {error.strerror}.") from error
    if len(data) != _LAYOUT.size + _CHECK or data[_LAYOUT.size :] != _check(data[: _LAYOUT.size]):
        return None
    _, seq, lamport, hash_ = _LAYOUT.unpack_from(data)
    return Mark(seq, lamport, hash_)


def write_mark(folder: Path, mark: Mark) -> None:
    """Set the mark; durable when this returns. Raises `StorageError`; the old one then stands."""
    data = _LAYOUT.pack(_MAGIC, mark.seq, mark.lamport, mark.hash)
    replace_file(folder / NAME, data + _check(data))


def _check(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_CHECK).digest()
