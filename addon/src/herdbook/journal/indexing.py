"""Indexing what was written: SQL within the caller's transaction, and who has it done.

A save writes the entry alone. Its words are in the full-text index a moment later, or before the
next search if that comes first; from then on its vectors can be made. Changes and deletions of what
is indexed reach the index at once, by the schema's triggers.
"""

import asyncio
import logging
from functools import partial
from typing import Final

import apsw

from herdbook.errors import StorageError, VaultDamaged, VaultLocked
from herdbook.vault.database import Database

AT_ONCE: Final = 200
"""Entries a transaction, which a save may have to wait for."""
_LOOK_EVERY_S: Final = 1.0
_TRY_AGAIN_S: Final = 60.0

# These are this module's own words; what varies is bound.
_NEW: Final = "FROM entries WHERE number > (SELECT number FROM derived_indexed)"
_LAST: Final = f"SELECT max(number) FROM (SELECT number {_NEW} ORDER BY number LIMIT ?)"  # noqa: S608
_INDEX: Final = f"""
INSERT INTO words(rowid, text) SELECT number, text {_NEW} AND number <= :last ORDER BY number;
INSERT OR IGNORE INTO derived_waiting SELECT number {_NEW} AND number <= :last;
UPDATE derived_indexed SET number = :last;
"""  # noqa: S608

_LOGGER = logging.getLogger(__name__)


def behind(connection: apsw.Connection) -> int:
    """How many entries are not indexed yet."""
    return int(connection.execute(f"SELECT count(*) {_NEW}").get)


def catch_up(connection: apsw.Connection, limit: int | None = None) -> None:
    """Index the oldest entries that are not, `limit` of them at most."""
    last = connection.execute(_LAST, (-1 if limit is None else limit,)).get
    if last is not None:
        connection.execute(_INDEX, {"last": last})


class Indexing:
    """Of one open vault. Use `run` as a task of whoever holds the vault open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Index whatever is written, soon after; until cancelled or locked."""
        while True:
            try:
                await self.catch_up()
                await asyncio.sleep(_LOOK_EVERY_S)
            except VaultLocked:
                return
            except VaultDamaged as error:
                _LOGGER.warning("What is written cannot be indexed: %s", error)
                return
            except StorageError as error:
                _LOGGER.warning("Indexing what was written has to wait: %s", error)
                await asyncio.sleep(_TRY_AGAIN_S)

    async def catch_up(self) -> None:
        """Index all that is not. Raises as a database does."""
        while await self._database.read(behind):
            await self._database.write(partial(catch_up, limit=AT_ONCE))
