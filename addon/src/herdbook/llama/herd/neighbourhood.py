"""Telling nodes what they asked to know of the others. Owns the count of these answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from herdbook.clock import Clock
from herdbook.errors import BrokerUnavailable, StorageError
from herdbook.eventlog import topics
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.neighbours import Ask, Neighbours, seal_neighbours
from herdbook.house.book import HouseBook
from herdbook.log import PacedLog

_LOGGER: Final = logging.getLogger(__name__)

type Publish = Callable[[str, bytes], Awaitable[None]]


class Neighbourhood:
    """Signs what nodes are told of each other; `run` publishes the answer to each latest ask."""

    def __init__(self, book: HouseBook, identity: Identity, clock: Clock, publish: Publish) -> None:
        self._book = book
        self._identity = identity
        self._clock = clock
        self._publish = publish
        self._asked: dict[str, Ask] = {}
        self._count = 0
        self._wake = asyncio.Event()
        self._log = PacedLog(_LOGGER, clock)

    async def answer(self, node_id: str, ask: Ask) -> bytes | None:
        """What an approved node is told; None for any other. Raises `StorageError`."""
        self._count += 1
        count = self._count
        told = await self._book.neighbours(node_id, ask.observations, ask.memories, ask.reviewed)
        if told is None:
            return None
        now = self._clock.wall_ms()
        return seal_neighbours(self._identity, Neighbours(node_id, ask.nonce, count, now, *told))

    def mark(self, node_id: str, ask: Ask) -> None:
        """A node asked; it has one answer, to what it asked last. To be called for known nodes."""
        self._asked[node_id] = ask
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled. What fails is not tried again: the node asks again."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._asked:
                node_id = next(iter(self._asked))
                ask = self._asked.pop(node_id)
                try:
                    answer = await self.answer(node_id, ask)
                    if answer is not None:
                        await self._publish(topics.neighbours(node_id), answer)
                except (BrokerUnavailable, StorageError) as error:
                    self._log.warning(error.code, f"A node is not told of its neighbours: {error}")
