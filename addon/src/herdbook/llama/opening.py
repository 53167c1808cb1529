"""Who may read a vault that is open: whoever unlocked it, for as long as they use it.

A vault that is open is not open to everybody of its person's: a browser that was left behind when
the vault locked does not read again because another one unlocked it.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final, Self

from herdbook.clock import Clock
from herdbook.embedding.model import Model
from herdbook.errors import StorageError, VaultDamaged, VaultLocked
from herdbook.journal import settings
from herdbook.journal.journal import Journal
from herdbook.journal.settings import Settings
from herdbook.llama.people import Person
from herdbook.vault.vault import Vault

_MINUTE_MS: Final = 60_000

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """What one unlock gives. It opens nothing any more once the vault has locked."""

    person: Person


@dataclass(slots=True)
class OpenVault:
    """An unlocked vault, and when each of its openings was last used, in monotonic ms.

    Without use for as long as the person's settings say an opening ends, and with the last one
    the vault locks. `tending` is what goes on in it in the background.
    """

    vault: Vault
    journal: Journal
    settings: Settings
    tending: asyncio.Task[None]
    used_ms: dict[Opening, int] = field(default_factory=dict)

    @classmethod
    async def of(cls, vault: Vault, clock: Clock, model: Model) -> Self:
        """A vault that was just unlocked; it is closed again if that fails. `close` ends it."""
        try:
            chosen = await vault.database.read(settings.read)
        except BaseException:
            await vault.database.close()
            raise
        journal = Journal(vault, clock, model, ai=chosen.ai)
        opened = cls(vault, journal, chosen, asyncio.create_task(journal.tend()))
        try:
            # After a crash something may wait for it.
            await opened.forget_deleted()
        except BaseException:
            await opened.close()
            raise
        return opened

    async def close(self) -> None:
        """End what goes on in it and close it; what was being saved is saved first."""
        self.tending.cancel()
        await asyncio.wait([self.tending])
        await self._drop_unwanted()
        await self.vault.database.close()

    def end_idle(self, now: int) -> bool:
        """End the openings that nobody uses; whether none is left."""
        limit = self.settings.lock_after_min * _MINUTE_MS
        for opening in [one for one, used in self.used_ms.items() if now - used >= limit]:
            del self.used_ms[opening]
        return not self.used_ms

    async def absorb(self) -> None:
        """Take in what waits in the inbox; if that fails, it goes on waiting there.

        A full disk or a damaged inbox must not keep anybody from reading, and a drop that is
        durable must not be reported as failed, or it is sent again.
        """
        try:
            await self.journal.absorb()
        except VaultLocked:
            _LOGGER.debug("A vault locked while a drop came; it is absorbed at the next unlock")
        except (StorageError, VaultDamaged) as error:
            _LOGGER.warning("What waits in an inbox stays there until the next unlock: %s", error)

    async def forget_deleted(self) -> None:
        """Forget what was deleted; if that fails, the next time. A vault locks in any case."""
        try:
            await self.journal.forget_deleted()
        except (StorageError, VaultDamaged) as error:
            _LOGGER.warning("What was deleted is not forgotten yet: %s", error)

    async def _drop_unwanted(self) -> None:
        """End dropping the vectors that nobody wants; if that fails, after the next unlock."""
        try:
            if not self.journal.meaning.is_on:
                await self.journal.meaning.drop()
        except (StorageError, VaultDamaged) as error:
            _LOGGER.warning("What a model made is not dropped yet: %s", error)

    async def change_settings(self, chosen: Settings) -> None:
        """Keep what the person wants, and go by it at once. Raises `StorageError`."""
        await self.journal.keep_settings(chosen)
        self.settings = chosen
