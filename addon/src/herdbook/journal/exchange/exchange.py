"""Taking an unlocked vault's journal out, and bringing files in."""

from datetime import date
from functools import partial
from typing import Final

from herdbook.clock import Clock
from herdbook.ids import random_id
from herdbook.journal.exchange import arrivals, contents
from herdbook.journal.exchange.arrivals import Import, Known
from herdbook.journal.exchange.passed import Leaving, Passed
from herdbook.vault.database import Database

STEP: Final = 200
"""Entries that are brought in or taken back in one transaction: a save waits for no more."""


class Exchange:
    """SQL on one open vault.

    Every method may raise `VaultLocked`, `VaultDamaged` or `StorageError`.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def days(self) -> list[tuple[date, list[int]]]:
        """Every written day, the first one first, and the numbers of its entries in their order."""
        return await self._database.read(contents.days)

    async def of_day(self, day: date, numbers: list[int]) -> list[Leaving]:
        """Those entries as they are now, on that day; those gone meanwhile are left out."""
        return await self._database.read(partial(contents.of_day, day=day, numbers=numbers))

    async def known(self, entries: list[Passed]) -> Known:
        """Which of these entries are here already."""
        return await self._database.read(partial(arrivals.known, entries=entries))

    async def begin(self, kind: str) -> str:
        """Note that a file of some kind is being brought in; returns the import's id."""
        import_id, now = random_id(), self._clock.wall_ms()
        await self._database.write(partial(arrivals.begin, import_id=import_id, kind=kind, now=now))
        return import_id

    async def take_in(
        self, import_id: str, entries: list[Passed], composition: str | None = None
    ) -> int:
        """Add those of at most `STEP` entries that are not here yet; returns how many.

        A single one with files comes as the `composition` to which these came before.
        """
        change = partial(
            arrivals.take_in, import_id=import_id, entries=entries, composition=composition
        )
        return await self._database.write(change)

    async def imports(self) -> list[Import]:
        """The files that were brought in and of which entries are here, the last first."""
        return await self._database.read(arrivals.listed)

    async def take_back(self, import_id: str) -> int:
        """Take out at most `STEP` entries of a file; returns how many, 0 once none is left.

        What was changed since it came stays. Their files are deleted by `Files.sweep`. An unknown
        import is no error.
        """
        change = partial(arrivals.take_back, import_id=import_id, limit=STEP)
        return await self._database.write(change, forgets=True)

    async def forget_import(self, import_id: str) -> int:
        """Let what is left of a file be entries like any other; returns how many that are."""
        return await self._database.write(partial(arrivals.forget, import_id=import_id))
