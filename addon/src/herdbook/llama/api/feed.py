"""Who wants to know what happens. Owns the bounded queue of each listener."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

QUEUE_LIMIT: Final = 256


class Subscription:
    """What one listener has not read yet; once it overflows it takes nothing more."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_LIMIT)
        self.overflowed = asyncio.Event()

    async def answer(self, message: bytes) -> None:
        """Queue a message once there is room: who asks without reading has to wait."""
        await self.queue.put(message)

    def put(self, message: bytes) -> None:
        """Queue a message that waits for nobody, or mark the listener as too slow."""
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.overflowed.set()


class Feed:
    """Gives every message to every subscription, without waiting for any."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    def publish(self, message: bytes) -> None:
        """Queue an encoded event for everyone."""
        for subscription in self._subscriptions:
            subscription.put(message)

    @contextmanager
    def subscribed(self, subscription: Subscription) -> Iterator[None]:
        """Let a subscription receive for as long as the context lasts."""
        self._subscriptions.add(subscription)
        try:
            yield
        finally:
            self._subscriptions.discard(subscription)
