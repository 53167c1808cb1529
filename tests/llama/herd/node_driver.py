"""The least a node can be: an event log, a broker connection, and sync between the two."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from herdbook.broker import Broker, BrokerSettings, Will
from herdbook.clock import SystemClock
from herdbook.errors import BrokerUnavailable
from herdbook.eventlog import topics
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.messages import Hello, seal_hello
from herdbook.eventlog.protocol import NodeSync
from tests.eventlog.test_protocol import MemoryPin


class NodeDriver:
    """Sends one log. It never closes it: the test does."""

    def __init__(self, log: EventLog, settings: BrokerSettings, name: str = "Hallway") -> None:
        self.sync = NodeSync(log, MemoryPin())
        self.wake = asyncio.Event()
        self._log = log
        self._name = name
        self._clock = SystemClock()
        self._broker = Broker(
            settings,
            client_id=f"node-{log.node_id}",
            subscriptions=[topics.have(log.node_id)],
            on_connect=self._on_connect,
            on_message=self._on_message,
            will=Will(topics.availability(log.node_id), topics.OFFLINE),
        )

    @property
    def connected(self) -> bool:
        return self._broker.connected

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["NodeDriver"]:
        tasks = [asyncio.create_task(self._broker.run()), asyncio.create_task(self._send())]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError) for one in results), results

    def appended(self) -> None:
        self._log.seal()
        self.wake.set()

    async def _on_connect(self, broker: Broker) -> None:
        self.sync.on_connected(self._clock.monotonic_ms())
        await broker.publish(topics.availability(self._log.node_id), topics.ONLINE, retain=True)
        await self._say_hello()

    async def _say_hello(self) -> None:
        node_id, seq = self._log.node_id, self._log.head().sealed_seq
        hello = Hello(self._name, "0.1.0", seq, self.sync.nonce)
        wire = seal_hello(self._log.identity, hello)
        await self._broker.publish(topics.hello(node_id), wire, retain=True)

    async def _on_message(self, _topic: str, payload: bytes, _retained: bool) -> None:
        self.sync.on_have(payload, self._clock.monotonic_ms())
        self.wake.set()

    async def _send(self) -> None:
        while True:
            due = self.sync.due
            wait = None if due is None else max(0, due - self._clock.monotonic_ms()) / 1000
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self.wake.wait()
            self.wake.clear()
            with contextlib.suppress(BrokerUnavailable):
                if self.sync.asks(self._clock.monotonic_ms()):
                    await self._say_hello()
                for wire in self.sync.take(self._clock.monotonic_ms()):
                    await self._broker.publish(topics.log(self._log.node_id), wire)
