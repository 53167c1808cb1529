"""The topics of other devices that a node's sensors listen to, all by one connection of their own.

Apart from the connection by which the node speaks: what arrives here may come fast, and must keep
nothing of that waiting.
"""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

from herdbook.broker import Broker, BrokerSettings

type OnPayload = Callable[[bytes], None]
type OnMessage = Callable[[str, bytes], None]


class Subscriptions:
    """Who listens to what. Everybody is added before anybody runs."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._settings = settings
        self._listeners: defaultdict[str, list[OnPayload]] = defaultdict(list)
        self._on_connect: list[Callable[[], None]] = []
        self._on_message: OnMessage | None = None
        self._broker: Broker | None = None
        self._connection: asyncio.Task[None] | None = None
        self._running = 0

    @property
    def connected(self) -> bool:
        """Whether something would be heard now."""
        return self._broker is not None and self._broker.connected

    def add(self, topic: str, on_payload: OnPayload, on_connect: Callable[[], None]) -> None:
        """Call this with whatever is published on a topic, and that at each connection."""
        self._listeners[topic].append(on_payload)
        self._on_connect.append(on_connect)

    def overhear(self, on_message: OnMessage) -> None:
        """Call this, too, with each topic and what is published on it."""
        self._on_message = on_message

    async def run(self) -> None:
        """Be connected until cancelled. Of several who run this, the last one ends it."""
        self._running += 1
        if self._connection is None:
            self._connection = asyncio.create_task(self._connect())
        connection = self._connection
        try:
            await asyncio.shield(connection)
        finally:
            self._running -= 1
            if self._running == 0:
                self._connection = None
                connection.cancel()
                with suppress(asyncio.CancelledError):
                    await connection

    async def _connect(self) -> None:
        self._broker = Broker(
            self._settings,
            client_id=f"herdbook-ears-{secrets.token_hex(6)}",
            subscriptions=list(self._listeners),
            on_connect=self._connected,
            on_message=self._heard,
            aside=True,
        )
        await self._broker.run()

    async def _heard(self, topic: str, payload: bytes, _retained: bool) -> None:
        if self._on_message is not None:
            self._on_message(topic, payload)
        for listener in self._listeners.get(topic, ()):
            listener(payload)

    async def _connected(self, _broker: Broker) -> None:
        for on_connect in self._on_connect:
            on_connect()
