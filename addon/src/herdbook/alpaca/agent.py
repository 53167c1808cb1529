"""The Alpaca: its sensors, its log and its broker, put together and kept going.

Owns the order of starting and stopping. No part waits for another: with no broker it samples,
notices and logs; with a full disk it still shows its states; with a broken sensor the others go on.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from msgspec import Struct

from herdbook.alpaca.announcer import Announcer
from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.discovery import (
    BIRTH_TOPIC,
    WAITING,
    components_of,
    sensor_availability_topic,
    sensor_state_topic,
)
from herdbook.alpaca.outbox import Outbox
from herdbook.alpaca.record import Record
from herdbook.alpaca.sampler import Sampler
from herdbook.alpaca.sensors import open_sensors
from herdbook.alpaca.sensors.measurement import Measurement, Sensor
from herdbook.alpaca.timekeeping import keep_time
from herdbook.alpaca.uplink import Uplink
from herdbook.broker import Broker, Will
from herdbook.clock import Clock, SystemClock
from herdbook.eventlog import topics
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.pin import FilePin
from herdbook.log import PacedLog

_LAST_SYNC_S: Final = 2.0
_PUT_RIGHT_MS: Final = 5_000  # whoever goes on saying the wrong thing is not answered faster

_log = logging.getLogger(__name__)


def node_id(config: AlpacaConfig) -> str:
    """The id this node has, or will have from its first start on. Raises `StorageError`."""
    return Identity.load_or_create(config.data / "identity.key").node_id


async def run(
    config: AlpacaConfig,
    *,
    on_ready: Callable[[str], None],
    clock: Clock | None = None,
    rng: random.Random | None = None,
) -> None:
    """Be this node until cancelled; then write down what is in memory and say goodbye.

    `on_ready` is called once with the node id, when everything has been started, broker or not.
    Raises `ConfigError` for sensors that cannot be, `LogInUse` when this node runs already, and
    `StorageError` when its data folder cannot be used.
    """
    clock = clock or SystemClock()
    rng = rng or random.Random()
    sensors = open_sensors(config, clock)
    record = await Record.open(config.data, clock)
    try:
        node = _Node(config, sensors, record, clock, rng)
        await node.run(on_ready)
    finally:
        await record.close()


class _Node:
    """One running node."""

    def __init__(
        self,
        config: AlpacaConfig,
        sensors: Sequence[Sensor],
        record: Record,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._id = record.identity.node_id
        self._record = record
        self._available: dict[str, bool] = {}
        self._paced = PacedLog(_log, clock)
        self._clock = clock
        self._put_right_ms = clock.monotonic_ms() - _PUT_RIGHT_MS
        self._outbox = Outbox()
        self._samplers = [Sampler(sensor, self, clock) for sensor in sensors]
        self._announcer = Announcer(config.data, self._id, config.name, components_of(sensors), rng)
        self._uplink = Uplink(
            record,
            config.name,
            FilePin(config.data / "llama.key"),
            clock,
            config.log,
            on_waiting=self._waiting,
            on_hello=partial(self._outbox.put, topics.hello(self._id)),
        )
        self._broker = Broker(
            config.broker,
            client_id=f"herdbook-{self._id}",
            subscriptions=[topics.have(self._id), topics.availability(self._id), BIRTH_TOPIC],
            on_connect=self._connected,
            on_message=self._heard,
            will=Will(topics.availability(self._id), topics.OFFLINE),
            rng=rng,
        )

    async def run(self, on_ready: Callable[[str], None]) -> None:
        """Until cancelled. What depends on another is stopped before it."""
        async with (
            _running(self._broker.run()),
            _running(
                self._outbox.run(self._broker),
                self._announcer.run(self._broker),
                self._uplink.run(self._broker),
            ),
        ):
            try:
                async with asyncio.TaskGroup() as sampling:
                    sampling.create_task(keep_time(self._clock, self.event))
                    for sampler in self._samplers:
                        sampling.create_task(sampler.run())
                    on_ready(self._id)
            finally:
                for sampler in self._samplers:
                    await sampler.flush()
                await self._uplink.drain(_LAST_SYNC_S)

    def state(self, measurement: Measurement, value: float | None) -> None:
        """See `herdbook.alpaca.sampler.Listener`."""
        if value is not None:
            # Said again even when it is the same: Home Assistant's expiry counts from the last.
            topic = sensor_state_topic(self._id, measurement.id)
            self._outbox.put(topic, measurement.state(value).encode())
        available = value is not None
        if self._available.get(measurement.id) != available:
            self._available[measurement.id] = available
            self._outbox.put(
                sensor_availability_topic(self._id, measurement.id),
                topics.ONLINE if available else topics.OFFLINE,
            )

    async def event(self, kind: str, payload: Struct) -> None:
        """See `herdbook.alpaca.sampler.Listener`."""
        if await self._record.append(kind, payload):
            self._uplink.appended()

    def _waiting(self, events: int) -> None:
        self._outbox.put(sensor_state_topic(self._id, WAITING.id), str(events).encode())

    async def _connected(self, broker: Broker) -> None:
        await self._uplink.connected()
        self._outbox.put(topics.availability(self._id), topics.ONLINE)
        self._outbox.resend()
        await self._announcer.announce(broker)
        await self._uplink.say_hello()

    async def _heard(self, topic: str, payload: bytes, retained: bool) -> None:
        if topic == topics.have(self._id):
            await self._uplink.heard(payload)
        elif topic == topics.availability(self._id):
            if payload != topics.ONLINE:
                self._put_right()
        elif payload == topics.ONLINE:
            self._announcer.born()
        elif payload != topics.OFFLINE:
            self._paced.warning(
                "birth", f"{topic} says {payload[:40]!r}, which is neither online nor offline."
            )

    def _put_right(self) -> None:
        """Somebody, or a will of an earlier connection that came late, says this node is gone."""
        now = self._clock.monotonic_ms()
        if now - self._put_right_ms >= _PUT_RIGHT_MS:
            self._put_right_ms = now
            self._outbox.put(topics.availability(self._id), topics.ONLINE)


@asynccontextmanager
async def _running(*coroutines: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run these beside the body; a fault in one ends the body, the end of the body ends them."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine) for coroutine in coroutines]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
