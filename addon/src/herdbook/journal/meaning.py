"""Making the vectors of a journal's entries, in the background of an open vault.

Gentle: one piece of a text at a time, in a thread of low priority, then as long a pause; a few
entries a transaction, so that a save waits for no more than that. What was kept is kept: after a
lock or a crash it goes on there.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

import apsw

from herdbook.embedding.model import Model, ModelState
from herdbook.errors import ModelUnusable, StorageError, VaultDamaged, VaultLocked
from herdbook.journal import vectors
from herdbook.journal.indexing import Indexing
from herdbook.journal.vectors import Kept, Progress, Waiting
from herdbook.vault.database import Database

if TYPE_CHECKING:
    from herdbook.embedding.embedder import Embedder

AT_ONCE: Final = 8
"""Entries a transaction."""
_LOOK_EVERY_S: Final = 1.0
_TRY_AGAIN_S: Final = 60.0
_PAUSE_LIMIT_S: Final = 1.0

_LOGGER = logging.getLogger(__name__)


class Meaning:
    """The vectors of one open vault. Use `run` as a task of whoever holds the vault open."""

    def __init__(self, database: Database, model: Model) -> None:
        self._database = database
        self._model = model
        self._indexing = Indexing(database)

    async def run(self) -> None:
        """Make what is missing, and then of whatever is written; until cancelled or locked."""
        embedder = await self._model.settled()
        if embedder is None:
            return
        while True:
            try:
                await self.catch_up(embedder)
                await asyncio.sleep(_LOOK_EVERY_S)
            except VaultLocked:
                return
            except VaultDamaged as error:
                _LOGGER.warning("A journal cannot be made searchable by meaning: %s", error)
                return
            except (ModelUnusable, StorageError) as error:
                _LOGGER.warning("Making a journal searchable by meaning has to wait: %s", error)
                await asyncio.sleep(_TRY_AGAIN_S)

    async def catch_up(self, embedder: "Embedder") -> None:
        """Make all that is missing now. Raises `ModelUnusable` and as a database does."""
        if not await self._database.read(partial(vectors.is_of, model=embedder.id)):
            await self._database.write(partial(vectors.begin, model=embedder.id))
        await self._indexing.catch_up()
        while found := await self._database.read(partial(vectors.waiting, limit=AT_ONCE)):
            made = [(one, await _vectors(embedder, one.text)) for one in found]
            await self._database.write(partial(_keep, made=made))

    @property
    def state(self) -> ModelState:
        """What there is to say of the model."""
        return self._model.state

    async def progress(self) -> Progress | None:
        """How far it has come; None where there is no model, or not yet."""
        return await self._ask(vectors.progress)

    async def unfinished(self) -> Progress | None:
        """The same while something is left to do; None when all is done."""
        return await self._ask(vectors.unfinished)

    async def _ask(self, how_far: Callable[..., Progress | None]) -> Progress | None:
        embedder = self._model.embedder
        if embedder is None:
            return None
        return await self._database.read(partial(how_far, model=embedder.id))


async def _vectors(embedder: "Embedder", text: str) -> list[Kept]:
    made = []
    for span in await embedder.pieces(text):
        begun = time.monotonic()
        made.append(Kept(span, *await embedder.kept(text[span.begin : span.end])))
        await asyncio.sleep(min(time.monotonic() - begun, _PAUSE_LIMIT_S))
    return made


def _keep(connection: apsw.Connection, made: list[tuple[Waiting, list[Kept]]]) -> None:
    for one, kept in made:
        vectors.keep(connection, one, kept)
