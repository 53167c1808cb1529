"""The photos and files that come with entries: looked into before, whole, and read again then.

A file is somebody else's. What it says of itself is not believed: it is read to its end, a piece at
a time, as it will be when it is brought in.
"""

from collections.abc import Iterator
from hashlib import md5, sha256
from typing import Final, Protocol

from herdbook.errors import InputError
from herdbook.journal.file import PICTURES, SIZE_LIMIT, kind_of, too_large
from herdbook.journal.place import check_place, without_place

TOTAL_LIMIT: Final = 16 * 1024**3
"""Bytes of all files that come with one file, unpacked, however small that is."""
_HEAD: Final = 64


class Carrier(Protocol):
    """What holds the bytes of files, each at a path."""

    def size(self, path: str) -> int:
        """Bytes of a file, as far as that is said. Raises `InputError` where there is none."""

    def chunks(self, path: str) -> Iterator[bytes]:
        """A file's bytes. Raises `InputError` for damage."""

    def others(self) -> list[str]:
        """The names of what nobody asked for."""


class Nothing:
    """Where texts came alone."""

    def size(self, path: str) -> int:
        """There is none: raises `InputError`."""
        raise InputError("It did not come along.", fix="Choose the whole zip.")

    def chunks(self, path: str) -> Iterator[bytes]:
        """There is none: raises `InputError`."""
        raise InputError("It did not come along.", fix="Choose the whole zip.")

    def others(self) -> list[str]:
        """There is nothing."""
        return []


class Look:
    """What a look into the files of one carrier has found.

    Without `keep_place`, what may say where it was taken, and cannot be rid of it, is refused.
    """

    def __init__(self, carrier: Carrier, *, keep_place: bool) -> None:
        self._carrier = carrier
        self._keep_place = keep_place
        self._room = TOTAL_LIMIT

    def size(self, path: str, *, digest: str) -> tuple[int, bool]:
        """How many bytes a file has, and whether they are those of a `digest`.

        That is an MD5 or SHA-256 in hexadecimal digits, or empty. Raises `InputError` for what no
        vault keeps, and for a file too many bytes large in all.
        """
        if self._carrier.size(path) > SIZE_LIMIT + 3:
            raise too_large()
        found = md5(usedforsecurity=False) if len(digest) == 32 else sha256()
        held, size, kind = bytearray(), 0, ""
        for chunk in self._carrier.chunks(path):
            found.update(chunk)
            size += len(chunk)
            self._room -= len(chunk)
            self._check_room(size)
            if not kind or kind in PICTURES:
                held += chunk
            if not kind and len(held) >= _HEAD:
                kind = self._kind(held)
        if not size:
            raise InputError("It is empty.")
        kind = kind or self._kind(held)
        if kind in PICTURES and not self._keep_place:
            without_place(kind, bytes(held))
        return size, not digest or found.hexdigest() == digest.lower()

    def _kind(self, held: bytearray) -> str:
        kind = kind_of(bytes(held[:_HEAD]))
        if not self._keep_place:
            check_place(kind)
        return kind

    def _check_room(self, size: int) -> None:
        if size > SIZE_LIMIT:
            raise too_large()
        if self._room < 0:
            raise InputError(
                f"All files together have more than {TOTAL_LIMIT // 1024**3} GiB.",
                fix="Bring it in in several parts.",
            )
