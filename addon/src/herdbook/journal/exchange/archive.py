"""A zip that somebody sent: read where it lies, whatever it claims to be."""

import io
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from herdbook.errors import InputError

FILES_LIMIT: Final = 50_000
UNPACKED_LIMIT: Final = 128 * 1024**2
"""Bytes of all texts together, however small the zip is."""
_LIST_LIMIT: Final = 8 * 1024**2
"""Bytes of a zip's list of files, which is read at once."""
_CHUNK: Final = 64 * 1024
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED: Final = 1
_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError)


class Archive:
    """The files of a zip, without its folders; `names` are theirs, in order.

    A path is a name as somebody else writes it: accents may be composed or not.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Raises `InputError` for what is no zip, or one of too many files."""
        with _damaged():
            # It asks for no more of the file than a few bytes and this list.
            self._zip = zipfile.ZipFile(_Sparing(file))
        if len(self._zip.infolist()) > FILES_LIMIT:
            raise InputError(f"The zip has more than {FILES_LIMIT:,} files.")
        self._infos = {
            info.filename: info
            for info in self._zip.infolist()
            # What a Mac adds of its own.
            if not info.is_dir() and not info.filename.startswith("__MACOSX/")
        }
        self._by_path = {_composed(name): name for name in self._infos}
        self._wanted: set[str] = set()
        self.names = sorted(self._infos)
        self._room = UNPACKED_LIMIT

    def read(self, name: str) -> bytes:
        """A text's content.

        Raises `InputError` when it is damaged or encrypted, or all that was read is too much.
        """
        body = bytearray()
        self._wanted.add(name)
        for chunk in self._chunks(name):
            body += chunk
            self._room -= len(chunk)
            if self._room < 0:
                raise InputError(
                    f"Unpacked, the zip has more than {UNPACKED_LIMIT // 1024**2} MiB of text.",
                    fix="Bring it in in several parts.",
                )
        return bytes(body)

    def size(self, path: str) -> int:
        """Bytes of a file, as the zip says. Raises `InputError` when there is none."""
        name = self._by_path.get(_composed(path))
        if name is None:
            raise InputError("It is not in the zip.")
        self._wanted.add(name)
        return self._infos[name].file_size

    def chunks(self, path: str) -> Iterator[bytes]:
        """A file's content. Raises `InputError` when there is none, or it is damaged."""
        self.size(path)
        return self._chunks(self._by_path[_composed(path)])

    def others(self) -> list[str]:
        """The names of what nobody asked for."""
        return [name for name in self.names if name not in self._wanted]

    def _chunks(self, name: str) -> Iterator[bytes]:
        info = self._infos[name]
        if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
            raise InputError("The zip is encrypted, or packed in an unusual way.", fix="Unpack it.")
        with _damaged(), self._zip.open(info) as file:
            # To its end, not to what it says of its size: a few bytes can unpack to anything.
            while chunk := file.read(_CHUNK):
                yield chunk


class _Sparing(io.RawIOBase):
    """A file that gives no more at once than a sound zip asks for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int | None = -1) -> bytes:
        wanted = _LIST_LIMIT + 1 if size is None or size < 0 else min(size, _LIST_LIMIT + 1)
        data = self._file.read(wanted)
        if len(data) > _LIST_LIMIT:
            raise InputError("The zip's list of files is too long.", fix="Make several of it.")
        return data


@contextmanager
def _damaged() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise InputError("The zip is damaged.", fix="Make it anew.") from error


def _composed(path: str) -> str:
    return unicodedata.normalize("NFC", path)
