"""Notices a broker that takes what a node says and lets it hear nothing.

Mosquitto grants a subscription also to who may not read the topic, and then delivers nothing on it.
A node hears what it says itself on a topic that it listens to, so from silence it can tell.
"""

import asyncio
import logging
from typing import Final

from herdbook.alpaca.outbox import Publisher
from herdbook.errors import BrokerUnavailable

_PATIENCE_S: Final = 10.0

_log = logging.getLogger(__name__)


class Hearing:
    """Tell it of each connection and of all that is heard, and use `run` as a task."""

    def __init__(self, topic: str, payload: bytes) -> None:
        """What is said, retained, to hear whether it comes back."""
        self._topic = topic
        self._payload = payload
        self._connected = asyncio.Event()
        self._heard = asyncio.Event()
        self._said = False

    def connected(self) -> None:
        """There is a new connection."""
        self._heard.clear()
        self._connected.set()

    def heard(self) -> None:
        """Something came, on whatever topic."""
        self._heard.set()

    async def run(self, publisher: Publisher) -> None:
        """Until cancelled. What is wrong is said once, and again once it was right."""
        while True:
            await self._connected.wait()
            self._connected.clear()
            hears = await self._hears(publisher)
            if hears is False and not self._said:
                _log.warning(
                    "The MQTT broker takes what this node says, and lets it hear nothing. Let this"
                    " user read “herdbook/#” and “homeassistant/status” in its access list."
                )
            if hears is not None:
                self._said = not hears

    async def _hears(self, publisher: Publisher) -> bool | None:
        """Whether something comes; None: the broker does not take what is said, either."""
        if await self._comes():
            return True
        try:
            await publisher.publish(self._topic, self._payload, retain=True)
        except BrokerUnavailable:
            return None
        return await self._comes()

    async def _comes(self) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._heard.wait()
        except TimeoutError:
            return False
        return True
