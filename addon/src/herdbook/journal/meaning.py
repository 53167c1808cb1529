"""Making the vectors of a journal's entries, in the background of an open vault, or dropping them.

Gentle: one piece of a text at a time, in a thread of low priority, then as long a pause; a few
entries a transaction, so that a save waits for no more than that. What was kept is kept, and what
was dropped is gone: after a lock or a crash it goes on there.
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
from herdbook.journal.fused import Meant
from herdbook.journal.indexing import Indexing
from herdbook.journal.vectors import Kept, Progress, Waiting
from herdbook.vault.database import Database

if TYPE_CHECKING:
    from herdbook.embedding.embedder import Embedder

AT_ONCE: Final = 8
"""Entries a transaction."""
DROPPED_AT_ONCE: Final = 200
"""Vectors a transaction: a few milliseconds."""
_LOOK_EVERY_S: Final = 1.0
_TRY_AGAIN_S: Final = 60.0
_PAUSE_LIMIT_S: Final = 1.0

_Made = list[tuple[Waiting, list[Kept]]]

_LOGGER = logging.getLogger(__name__)


class Meaning:
    """The vectors of one open vault. Use `run` as a task of whoever holds the vault open.

    `is_wanted` is what its person says: with False none is made, and those there are are dropped.
    """

    def __init__(self, database: Database, model: Model, *, is_wanted: bool = True) -> None:
        self.is_wanted = is_wanted
        self._database = database
        self._model = model
        self._indexing = Indexing(database)

    @property
    def is_offered(self) -> bool:
        """False where the house has switched it off, for everybody."""
        return self._model.state != "off"

    @property
    def is_on(self) -> bool:
        """Whether both the house and the person want vectors."""
        return self.is_offered and self.is_wanted

    async def run(self) -> None:
        """Make what is missing, and then of whatever is written; until cancelled or locked.

        Where none are wanted, drop what there is.
        """
        while True:
            try:
                await self._look()
                await asyncio.sleep(_LOOK_EVERY_S)
            except VaultLocked:
                return
            except VaultDamaged as error:
                _LOGGER.warning("The vectors of a journal are left as they are: %s", error)
                return
            except (ModelUnusable, StorageError) as error:
                _LOGGER.warning("The vectors of a journal have to wait: %s", error)
                await asyncio.sleep(_TRY_AGAIN_S)

    async def _look(self) -> None:
        if not self.is_on:
            await self.drop()
        elif self._model.embedder is not None:
            await self.catch_up(self._model.embedder)
        else:
            await self._drop_forgotten()

    async def catch_up(self, embedder: "Embedder") -> None:
        """Make all that is missing now, unless it is switched off meanwhile.

        Raises `ModelUnusable` and as a database does.
        """
        model = embedder.id
        if not await self._database.read(partial(vectors.is_of, model=model)):
            await self.drop()
            await self._database.write(partial(vectors.begin, model=model))
        await self._indexing.catch_up()
        while found := await self._database.read(partial(vectors.waiting, limit=AT_ONCE)):
            made = await self._make(embedder, found)
            if made is None or not await self._database.write(
                partial(_keep, made=made, model=model)
            ):
                break

    async def drop(self) -> None:
        """Drop all vectors, some at a time; once the database closes, no copy is left in its file.

        Raises as a database does.
        """
        if await self._database.read(vectors.has_model):
            await self._database.write(vectors.forget, forgets=True)
        await self._drop_forgotten()

    async def _drop_forgotten(self) -> None:
        while await self._database.read(vectors.has_forgotten):
            await self._database.write(partial(vectors.drop, limit=DROPPED_AT_ONCE))

    async def _make(self, embedder: "Embedder", found: list[Waiting]) -> _Made | None:
        """The vectors of some texts; None once it is switched off."""
        made: _Made = []
        for one in found:
            if not self.is_on:
                return None
            kept: list[Kept] = []
            for span in await embedder.pieces(one.text):
                if not self.is_on:
                    return None
                begun = time.monotonic()
                kept.append(Kept(span, *await embedder.kept(one.text[span.begin : span.end])))
                await asyncio.sleep(min(time.monotonic() - begun, _PAUSE_LIMIT_S))
            made.append((one, kept))
        return made

    async def meant(self, text: str) -> Meant | None:
        """What a text is about; None without a model."""
        embedder = self._embedder
        if embedder is None:
            return None
        vector = await self._model.vector(text)
        return None if vector is None else Meant(vector, embedder)

    @property
    def state(self) -> ModelState:
        """What there is to say of the model; “off” also where the person wants none."""
        return self._model.state if self.is_on else "off"

    async def progress(self) -> Progress | None:
        """How far it has come; None where there is no model, or not yet, or it is off."""
        return await self._ask(vectors.progress)

    async def unfinished(self) -> Progress | None:
        """The same while something is left to do; None when all is done."""
        return await self._ask(vectors.unfinished)

    async def _ask(self, how_far: Callable[..., Progress | None]) -> Progress | None:
        embedder = self._embedder
        if embedder is None:
            return None
        return await self._database.read(partial(how_far, model=embedder.id))

    @property
    def _embedder(self) -> "Embedder | None":
        return self._model.embedder if self.is_on else None


def _keep(connection: apsw.Connection, made: _Made, model: str) -> bool:
    """False, and nothing is kept, if all was forgotten while they were made."""
    if not vectors.is_of(connection, model):
        return False
    for one, kept in made:
        vectors.keep(connection, one, kept)
    return True
