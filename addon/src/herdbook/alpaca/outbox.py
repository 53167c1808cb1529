"""What the broker should hold, retained, on this node's behalf: the last payload of each topic.

Owns getting it there, in the background and again after each connection, for a broker may forget
everything. A payload replaced before it was sent is never sent: that bounds the work and the memory
whatever the broker does. Knows nothing of what the payloads mean.
"""

import asyncio
from typing import Final, Protocol

from herdbook.errors import BrokerRefused, BrokerUnavailable

_AT_ONCE: Final = 16
_RETRY_S: Final = 1.0


class Publisher(Protocol):
    """The part of `herdbook.broker.Broker` that is used here."""

    @property
    def connected(self) -> bool:
        """Whether a message published now has somewhere to go."""

    async def publish(
        self, topic: str, payload: bytes | str, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Send one message; raises `BrokerUnavailable`."""


class Outbox:
    """Put payloads in at any time; `run` sends them whenever there is a broker."""

    def __init__(self) -> None:
        self._latest: dict[str, bytes] = {}
        self._unsent: dict[str, None] = {}  # in the order of their first change
        self._changed = asyncio.Event()

    def put(self, topic: str, payload: bytes) -> None:
        """Make this the retained payload of the topic. An empty one clears the topic, for good."""
        self._latest[topic] = payload
        self._unsent[topic] = None
        self._changed.set()

    def resend(self) -> None:
        """A connection was made: everything is to be sent again."""
        self._unsent = dict.fromkeys(self._latest)
        self._changed.set()

    async def run(self, publisher: Publisher) -> None:
        """Send until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._unsent and publisher.connected:
                if not await self._send_some(publisher):
                    await asyncio.sleep(_RETRY_S)

    async def _send_some(self, publisher: Publisher) -> bool:
        topics = list(self._unsent)[:_AT_ONCE]
        for topic in topics:
            del self._unsent[topic]
        results = await asyncio.gather(
            *(self._send(publisher, topic, self._latest[topic]) for topic in topics)
        )
        return all(results)

    async def _send(self, publisher: Publisher, topic: str, payload: bytes) -> bool:
        try:
            await publisher.publish(topic, payload, retain=True)
        except BrokerRefused:
            return True  # it would be refused again; the next change or connection tries it
        except BrokerUnavailable:
            self._unsent[topic] = None  # the connection says in the log that it is gone
            return False
        if not payload and self._latest[topic] == payload:
            del self._latest[topic]
        return True
