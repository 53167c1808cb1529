"""Files that come to be brought into vaults: sealed on disk meanwhile, and whose each is.

Owns their spools until somebody lets go of them. A vault that locks takes its own along.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterable
from typing import Final

from herdbook.errors import InputError, StorageError
from herdbook.journal.exchange.reading import FILE_LIMIT
from herdbook.llama.people import Person
from herdbook.llama.vaults import Vaults
from herdbook.vault.spool import Spool, remove_spools

_STALL_S: Final = 60.0
"""Without a byte, after which a file is given up."""

_LOGGER = logging.getLogger(__name__)


class Spools:
    """See the module. Made once, before any file comes: what a crash left is removed then."""

    def __init__(self, vaults: Vaults) -> None:
        self._vaults = vaults
        self._spools: defaultdict[str, set[Spool]] = defaultdict(set)
        self._arriving: set[str] = set()
        vaults.on_lock.append(self.end)
        for person in vaults.people.all():
            try:
                remove_spools(vaults.folder_of(person))
            except StorageError as error:
                _LOGGER.warning("A file that did not come in is not removed yet: %s", error)

    async def receive(self, person: Person, pieces: AsyncIterable[bytes]) -> Spool:
        """Keep a file as it comes; to be let go of.

        Raises `InputError` for one that is too large or does not come, and while another one of
        this person's comes, `StorageError`, `VaultLocked`.
        """
        if person.id in self._arriving:
            raise InputError("Another file of yours is coming in.", fix="Wait until it is here.")
        self._arriving.add(person.id)
        try:
            spool = await asyncio.to_thread(Spool, self._vaults.folder_of(person))
            self._spools[person.id].add(spool)
            try:
                await _fill(spool, pieces)
            except BaseException:
                self.let_go(person.id, spool)
                raise
        finally:
            self._arriving.discard(person.id)
        return spool

    def let_go(self, person_id: str, spool: Spool) -> None:
        """Close a spool and forget it. Safe to repeat."""
        self._spools[person_id].discard(spool)
        try:
            spool.close()
        except StorageError as error:
            # Its key is gone; the next start removes it.
            _LOGGER.warning("A file that came in is not removed yet: %s", error)

    def end(self, person_id: str) -> None:
        """Let go of all that a person has."""
        for spool in list(self._spools.pop(person_id, ())):
            self.let_go(person_id, spool)

    def end_all(self) -> None:
        """Let go of everything."""
        for person_id in list(self._spools):
            self.end(person_id)


async def _fill(spool: Spool, pieces: AsyncIterable[bytes]) -> None:
    coming = aiter(pieces)
    try:
        while True:
            async with asyncio.timeout(_STALL_S):
                piece = await anext(coming, b"")
            if not piece:
                return
            await asyncio.to_thread(spool.write, piece)
            if spool.size > FILE_LIMIT:
                raise InputError(
                    f"The file is larger than {FILE_LIMIT // 1024**3} GiB.",
                    fix="Bring it in in several parts.",
                )
    except TimeoutError as error:
        raise InputError("The file came too slowly.", fix="Try again on a better line.") from error
