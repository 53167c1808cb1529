"""Numbers as others write them. Owns what counts as one, and how much is read to find it."""

import os
import stat
from pathlib import Path
from typing import Final

_MAX_BYTES: Final = 256


def number(text: str) -> float:
    """The one number a text is. Raises `ValueError` when it is anything else.

    It may be infinite or not a number: that is for the measurement to refuse.
    """
    if "_" in text or not text.isascii():
        raise ValueError("not a number")  # Python reads 1_000; a sensor does not write it
    return float(text)


def beginning_of(path: Path | str) -> bytes:
    """Up to 256 bytes of a regular file. Raises `OSError`; a pipe or a device might block."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a regular file")
        return os.read(descriptor, _MAX_BYTES)
    finally:
        os.close(descriptor)


def number_in(path: Path | str) -> float:
    """The number that a small file begins and ends with. Raises `OSError` and `ValueError`."""
    return number(beginning_of(path).decode("ascii").strip())
