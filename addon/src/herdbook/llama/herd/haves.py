"""Telling nodes what the Llama has of them. Owns their count, and when a “have” is published."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec.structs import replace

from herdbook import __version__
from herdbook.errors import BrokerUnavailable, StorageError
from herdbook.eventlog import topics
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.messages import seal_have
from herdbook.house.book import HouseBook

_RETRY_S: Final = 5.0
_AT_ONCE: Final = 64
"""So many are on their way to the broker together: with one after the other a large herd waits."""

_LOGGER = logging.getLogger(__name__)

type Publish = Callable[[str, bytes], Awaitable[None]]


class Haves:
    """Signs what nodes are told; `run` publishes the “have” of every marked node.

    That once for however many marks came meanwhile.
    """

    def __init__(self, book: HouseBook, identity: Identity, publish: Publish) -> None:
        self._book = book
        self._identity = identity
        self._publish = publish
        self._marked: set[str] = set()
        self._everyone = False
        self._count = 0
        self._wake = asyncio.Event()

    def mark(self, node_id: str) -> None:
        """What a node must be told may have changed, or it asked."""
        self._marked.add(node_id)
        self._wake.set()

    def mark_everyone(self) -> None:
        """Every node must be told: the broker may have forgotten."""
        self._everyone = True
        self._wake.set()

    async def answer(self, node_id: str) -> bytes | None:
        """The “have” of a node now; None when it has not said hello. Raises `StorageError`."""
        return dict(await self._answers([node_id])).get(node_id)

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._publish_marked()
            except BrokerUnavailable:
                # The next connection marks everyone.
                self._marked.clear()
            except StorageError as error:
                _LOGGER.warning("Nodes are not told what the house book has: %s", error)
                await asyncio.sleep(_RETRY_S)
                self.mark_everyone()

    async def _publish_marked(self) -> None:
        if self._everyone:
            self._everyone = False
            self._marked = {node.node_id for node in await self._book.nodes()}
        while self._marked:
            some = [self._marked.pop() for _ in range(min(_AT_ONCE, len(self._marked)))]
            # Nobody else's topics are written to, whoever asks.
            answers = await self._answers(some)
            publishing = [self._publish(topics.have(node_id), have) for node_id, have in answers]
            said = await asyncio.gather(*publishing, return_exceptions=True)
            for failure in filter(None, said):
                raise failure

    async def _answers(self, node_ids: Sequence[str]) -> list[tuple[str, bytes]]:
        # Counted before they are looked up: a higher count never tells of less.
        first = self._count + 1
        self._count += len(node_ids)
        return [
            (
                have.node_id,
                seal_have(self._identity, replace(have, count=count, version=__version__)),
            )
            for count, have in enumerate(await self._book.haves(node_ids), start=first)
        ]
