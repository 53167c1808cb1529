"""Recall: what the house book knows of something, by words and, with a model, by what it is about.

Owns the tasks that make what is stored ready to be found, in the background: words soon after they
are stored, vectors one at a time with as long a rest after each as it took. Killed at any moment,
they go on where they stopped. What is asked for is never behind by more than what is on its way.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import tzinfo
from functools import partial
from typing import Final, Protocol

from herdbook.embedding.model import Model
from herdbook.errors import ModelUnusable, StorageError
from herdbook.house import found, gists, passages
from herdbook.house.asked import Asked, Question
from herdbook.house.found import MOST, Recalled
from herdbook.house.ranking import Meant

_LOOK_EVERY_S: Final = 1.0
_TRY_AGAIN_S: Final = 60.0
_PAUSE_LIMIT_S: Final = 1.0
_REST_AFTER_S: Final = 300.0

_LOGGER = logging.getLogger(__name__)


class Access(Protocol):
    """How to run something on the thread of the house book; both raise `StorageError`."""

    def __call__[T](self, work: Callable[[sqlite3.Connection], T], /) -> Awaitable[T]:
        """What it gives."""


class Recall:
    """What one house book recalls. Get it from `HouseBook.recall`; use `run` as a task."""

    def __init__(self, read: Access, write: Access, zone: tzinfo, model: Model) -> None:
        self._read = read
        self._write = write
        self._zone = zone
        self._model = model
        self._awake_s: float | None = None
        self._written = asyncio.Event()

    async def ask(self, asked: Asked, limit: int = MOST) -> Recalled:
        """What is known of something, `limit` of each kind at most, the best first.

        What asks for nothing finds nothing. Raises `StorageError`.
        """
        if await self._read(passages.waiting):
            await self._write(passages.index)
        question = await self._read(partial(Question, asked=asked, zone=self._zone))
        meant = None
        if question.meaning and (vector := await self._model.vector(question.meaning)) is not None:
            self._awake_s = time.monotonic()
            embedder = self._model.embedder
            meant = None if embedder is None else Meant(vector, embedder)
        return await self._read(
            partial(found.find, question=question, asked=asked, meant=meant, limit=limit)
        )

    def written(self) -> None:
        """Something was stored: `run` need not wait to look for it."""
        self._written.set()

    async def run(self, idle: Callable[[], bool], *, every_s: float | None = None) -> None:
        """Make ready what is stored, as it comes, until cancelled.

        It looks every second, or as seldom as `every_s` where `written` is called. The model is let
        go of some minutes after it was last needed here, if it is `idle` elsewhere.
        """
        while True:
            try:
                await self.catch_up()
                await self._rest(idle)
                await self._wait(every_s or _LOOK_EVERY_S)
            except (ModelUnusable, StorageError) as error:
                _LOGGER.warning("Making the house book searchable has to wait: %s", error)
                await asyncio.sleep(_TRY_AGAIN_S)

    async def catch_up(self) -> None:
        """Make ready all that is stored now. Raises `ModelUnusable` and `StorageError`."""
        await self._index()
        if self._model.state == "off" and await self._read(gists.are_there):
            await self._write(gists.drop)
        embedder = self._model.embedder
        if embedder is None:
            return
        if not await self._read(partial(gists.is_of, model=embedder.id)):
            await self._write(partial(gists.begin, model=embedder.id))
        while (one := await self._read(gists.next_waiting)) is not None:
            begun = time.monotonic()
            _, half = await embedder.kept(one.text)
            await self._write(partial(gists.keep, of=one, half=half))
            self._awake_s = time.monotonic()
            await asyncio.sleep(min(self._awake_s - begun, _PAUSE_LIMIT_S))
            await self._index()

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._written.wait()
        self._written.clear()

    async def _index(self) -> None:
        while await self._read(passages.waiting):
            await self._write(passages.index)
            await asyncio.sleep(0.02)  # what else waits for the book's thread, or the card, goes on

    async def _rest(self, idle: Callable[[], bool]) -> None:
        if self._awake_s is None or time.monotonic() - self._awake_s < _REST_AFTER_S:
            return
        self._awake_s = None
        if idle():
            await self._model.rest()
