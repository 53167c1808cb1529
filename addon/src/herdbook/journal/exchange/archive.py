"""A zip that somebody sent: read in memory, whatever it claims to be."""

import io
import zipfile
import zlib
from typing import Final

from herdbook.errors import InputError

FILES_LIMIT: Final = 50_000
UNPACKED_LIMIT: Final = 128 * 1024**2
"""Bytes of all files together, however small the zip is."""
_ENTRY: Final = b"PK\x01\x02"
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED: Final = 1


class Archive:
    """The files of a zip, without its folders; `names` are theirs, in order."""

    def __init__(self, body: bytes) -> None:
        """Raises `InputError` for what is no zip, or one of too many files."""
        if body.count(_ENTRY) > FILES_LIMIT:
            raise InputError(f"The zip has more than {FILES_LIMIT:,} files.")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(body))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise InputError("The zip is damaged.", fix="Make it anew.") from error
        self._infos = {
            info.filename: info
            for info in self._zip.infolist()
            # What a Mac adds of its own.
            if not info.is_dir() and not info.filename.startswith("__MACOSX/")
        }
        self.names = sorted(self._infos)
        self._room = UNPACKED_LIMIT

    def read(self, name: str) -> bytes:
        """A file's content.

        Raises `InputError` when it is damaged or encrypted, or all that was read is too much.
        """
        info = self._infos[name]
        if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
            raise InputError("The zip is encrypted, or packed in an unusual way.", fix="Unpack it.")
        try:
            with self._zip.open(info) as file:
                # Not what it says of its size: a few bytes can unpack to anything.
                body = file.read(self._room + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
            raise InputError("The zip is damaged.", fix="Make it anew.") from error
        self._room -= len(body)
        if self._room < 0:
            raise InputError(
                f"Unpacked, the zip has more than {UNPACKED_LIMIT // 1024**2} MiB.",
                fix="Bring it in in several parts.",
            )
        return body
