"""Taking an unlocked vault's journal out."""

from datetime import date
from functools import partial

from herdbook.journal.exchange import contents
from herdbook.journal.exchange.passed import Passed
from herdbook.vault.database import Database


class Exchange:
    """SQL on one open vault.

    Every method may raise `VaultLocked`, `VaultDamaged` or `StorageError`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def days(self) -> list[tuple[date, list[int]]]:
        """Every written day, the first one first, and the numbers of its entries in their order."""
        return await self._database.read(contents.days)

    async def of_day(self, day: date, numbers: list[int]) -> list[Passed]:
        """Those entries as they are now, on that day; those gone meanwhile are left out."""
        return await self._database.read(partial(contents.of_day, day=day, numbers=numbers))
