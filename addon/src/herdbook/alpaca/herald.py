"""Tells of something as it happens: QoS 1, not retained, and never late.

A message of an hour ago that arrives now would set off what is meant for now. Who has to miss
nothing reads the log.
"""

import asyncio
import logging
from typing import Final

from herdbook.alpaca.outbox import Publisher
from herdbook.errors import BrokerUnavailable

_MOST_WAITING: Final = 32

_log = logging.getLogger(__name__)


class Herald:
    """Tells on one topic, in the background."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._news: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)

    def tell(self, payload: bytes) -> None:
        """Tell this now, or never."""
        if self._news.full():
            self._news.get_nowait()
        self._news.put_nowait(payload)

    async def run(self, publisher: Publisher) -> None:
        """Until cancelled."""
        while True:
            payload = await self._news.get()
            try:
                await publisher.publish(self._topic, payload)
            except BrokerUnavailable as error:
                _log.debug("Not told on %s: %s", self._topic, error)
