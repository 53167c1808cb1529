"""Into the house book with what nodes say, whichever way it came. Owns who is told of it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from itertools import batched
from typing import Final, Protocol

from herdbook.clock import Clock
from herdbook.errors import BatchRefused, HerdError, MessageRefused
from herdbook.eventlog.batch import VerifiedBatch
from herdbook.house.book import HouseBook, Today
from herdbook.house.ingest import Stored, Taken
from herdbook.house.node import Greeting, NodeRow
from herdbook.house.observation import Observation
from herdbook.log import PacedLog

_AT_ONCE: Final = 64
"""Observations told before listeners get their turn; far fewer than what is queued for one."""

_LOGGER = logging.getLogger(__name__)


class Listener(Protocol):
    """Who is told what happens in the herd. Called from the event loop; must not block or raise."""

    def on_observation(self, observation: Observation) -> None:
        """It is durable in the house book; said once."""

    def on_today(self, today: Today) -> None:
        """The day's counts, or the day, changed; at most once a second."""

    def on_node(self, node: NodeRow) -> None:
        """A node said hello first, was approved, came, went, or has a new name or version."""

    def on_node_gone(self, node_id: str) -> None:
        """A node was taken out of the herd."""


class Intake:
    """Takes in hellos and batches that were opened, and counts what was refused.

    `on_changed` hears of each node that is new, or has a new name or version.
    """

    def __init__(
        self,
        book: HouseBook,
        listener: Listener,
        clock: Clock,
        *,
        on_changed: Callable[[NodeRow], object],
        on_counts: Callable[[], None],
    ) -> None:
        """`on_counts` is called when the day's counts may be others."""
        self._book = book
        self._listener = listener
        self._on_changed = on_changed
        self._on_counts = on_counts
        self._log = PacedLog(_LOGGER, clock)

    async def hellos(self, greetings: Sequence[Greeting]) -> list[str]:
        """Note what nodes say of themselves, in one transaction; the ids of those that are listed.

        The others are too many to wait for approval. Raises `StorageError`.
        """
        if not greetings:
            return []
        listed: list[str] = []
        for greeted in await self._book.hellos(greetings):
            if isinstance(greeted, HerdError):
                self._log.warning("hello_crowded", str(greeted))
                continue
            listed.append(greeted.node.node_id)
            if greeted.is_news:
                self._on_changed(greeted.node)
        return listed

    async def batches(self, batches: Sequence[VerifiedBatch]) -> list[Taken]:
        """Store them in one transaction: it is durable as fast as one batch is.

        Gives of each what came of it, or why it was refused, which is not counted yet. Raises
        `StorageError`.
        """
        taken = await self._book.store_many(batches)
        for stored in taken:
            if isinstance(stored, Stored):
                await self._tell(stored)
        return taken

    async def refuse_hello(self, node_id: str, wire: bytes, error: MessageRefused) -> None:
        """Count a hello that is none, and keep it to be looked at. Raises `StorageError`."""
        await self._book.refuse(node_id, f"hello_{error.reason}", wire)
        self._log.warning(f"hello_{error.reason}", f"Refused a hello of node {node_id}: {error}")

    async def refuse_ask(self, node_id: str, wire: bytes, error: MessageRefused) -> None:
        """The same with an ask."""
        await self._book.refuse(node_id, f"ask_{error.reason}", wire)
        self._log.warning(f"ask_{error.reason}", f"Refused an ask of node {node_id}: {error}")

    async def refuse_batch(self, node_id: str, wire: bytes, error: BatchRefused) -> bool:
        """The same with a batch; True where an honest node has to be told what is held."""
        await self._book.refuse(node_id, error.reason, wire)
        if error.reason in {"gap", "unapproved"}:
            # Everyday life after a cut; and anybody at a broker can make as many as they like.
            _LOGGER.debug("Asked node %s again: %s", node_id, error)
            return True
        self._log.warning(error.reason, f"Refused a batch of node {node_id}: {error}")
        return False

    async def _tell(self, stored: Stored) -> None:
        for chunk in batched(stored.observations, _AT_ONCE, strict=False):
            for observation in chunk:
                self._listener.on_observation(observation)
            # Whoever listens and reads gets them out of the way before more come.
            await asyncio.sleep(0)
        if stored.observations or stored.readings:
            self._on_counts()
