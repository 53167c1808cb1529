"""One file on its way into the vault: what it is, and its bytes, piece by piece."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from hashlib import sha256
from typing import Final

from herdbook.errors import InputError
from herdbook.journal import attached
from herdbook.journal.file import PICTURES, SIZE_LIMIT, file_unknown, kind_of, too_large
from herdbook.journal.picture import Look, look_at
from herdbook.journal.place import check_place, without_place
from herdbook.vault.database import Database

PIECE: Final = 256 * 1024
"""Bytes of each piece of a file but the last."""
_HEAD: Final = 64
"""Bytes by which a file's kind is told."""


class Arrival:
    """A file as far as it has come: `size` bytes of a `kind`, with their `digest` (SHA-256)."""

    def __init__(self, database: Database, number: int) -> None:
        """`number` is that of a file that was begun, in the table `files`."""
        self.kind = ""
        self.size = 0
        self.digest = sha256()
        self._database = database
        self._number = number
        self._places = 0

    async def receive(self, chunks: AsyncIterator[bytes], *, keep_place: bool) -> Look | None:
        """Keep what comes; how it looks, if it is a picture that can be shown.

        Pictures are held in memory until they are whole, to be looked into; of others never more
        than a piece. Raises `FileTooLarge`, `PlaceInside`, `InputError` for nothing at all.
        """
        held = bytearray()
        came = 0
        async for chunk in chunks:
            came += len(chunk)
            if came > SIZE_LIMIT:
                raise too_large()
            held += chunk
            if not self.kind and came >= _HEAD:
                self._tell_kind(held, keep_place=keep_place)
            if self.kind and self.kind not in PICTURES:
                await self._keep_whole_pieces(held)
        if not came:
            raise InputError("This file is empty.", fix="Choose another one.")
        if not self.kind:
            self._tell_kind(held, keep_place=keep_place)
        look = None
        if self.kind in PICTURES:
            data = bytes(held)
            if not keep_place:
                data = await asyncio.to_thread(without_place, self.kind, data)
            look = await asyncio.to_thread(look_at, self.kind, data)
            held[:] = data
        await self._keep_whole_pieces(held)
        if held:
            await self._keep(bytes(held))
        return look

    def _tell_kind(self, held: bytearray, *, keep_place: bool) -> None:
        self.kind = kind_of(bytes(held[:_HEAD]))
        if not keep_place:
            check_place(self.kind)

    async def _keep_whole_pieces(self, held: bytearray) -> None:
        """All but what is less than a piece, which stays in `held`."""
        whole = len(held) - len(held) % PIECE
        for start in range(0, whole, PIECE):
            await self._keep(bytes(held[start : start + PIECE]))
        del held[:whole]

    async def _keep(self, piece: bytes) -> None:
        self.digest.update(piece)
        self.size += len(piece)
        keep = partial(attached.add_piece, number=self._number, place=self._places, piece=piece)
        if not await self._database.write(keep):
            raise file_unknown()
        self._places += 1
