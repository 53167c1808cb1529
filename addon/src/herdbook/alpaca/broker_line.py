"""A node's line by a broker: its log to the Llama, its states and itself to Home Assistant."""

import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from herdbook.alpaca.announcer import Announcer
from herdbook.alpaca.discovery import BIRTH_TOPIC, WAITING, sensor_availability_topic
from herdbook.alpaca.hearing import Hearing
from herdbook.alpaca.herald import Herald
from herdbook.alpaca.outbox import Outbox
from herdbook.alpaca.outputs.part import output_availability_topic, output_state_topic
from herdbook.alpaca.part import Part, observation_event, observation_topic, sensor_state_topic
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.alpaca.uplink import Uplink
from herdbook.broker import Broker, BrokerSettings, Will
from herdbook.clock import Clock
from herdbook.errors import BrokerRefused
from herdbook.eventlog import topics
from herdbook.eventlog.event import ObservationPayload
from herdbook.log import PacedLog

_PUT_RIGHT_MS: Final = 5_000  # whoever goes on saying the wrong thing is not answered faster

_log = logging.getLogger(__name__)

type Command = Callable[[bytes, bool], Awaitable[None]]
"""Takes a payload, and whether it was retained."""


class BrokerLine:
    """See `herdbook.alpaca.line.Line`."""

    def __init__(
        self,
        settings: BrokerSettings,
        folder: Path,
        node_id: str,
        name: str,
        parts: Sequence[Part],
        commands: Mapping[str, Command],
        uplink: Uplink,
        on_neighbours: Callable[[bytes], Awaitable[None]],
        clock: Clock,
        rng: random.Random,
    ) -> None:
        """`folder` is where it remembers what it announced; `commands` are by their topics."""
        self._id = node_id
        self._uplink = uplink
        self._on_neighbours = on_neighbours
        self._clock = clock
        self._available: dict[str, bool] = {}
        self._paced = PacedLog(_log, clock)
        self._put_right_ms = clock.monotonic_ms() - _PUT_RIGHT_MS
        self._commands = commands
        self._outbox = Outbox()
        self._herald = Herald(observation_topic(node_id))
        self._hearing = Hearing(topics.availability(node_id), topics.ONLINE)
        self._announcer = Announcer(folder, node_id, name, parts, rng)
        self._broker = Broker(
            settings,
            client_id=f"herdbook-{node_id}",
            subscriptions=[
                topics.have(node_id),
                topics.neighbours(node_id),
                topics.availability(node_id),
                BIRTH_TOPIC,
                *commands,
            ],
            on_connect=self._connected,
            on_message=self._heard,
            will=Will(topics.availability(node_id), topics.OFFLINE),
            rng=rng,
        )

    @property
    def connected(self) -> bool:
        """See `herdbook.alpaca.uplink.Way`."""
        return self._broker.connected

    @property
    def trouble(self) -> str | None:
        """See `Line`."""
        return self._broker.trouble

    async def run(self) -> None:
        """See `Line`."""
        await self._broker.run()

    def helpers(self) -> Sequence[Coroutine[Any, Any, None]]:
        """See `Line`."""
        return (
            self._outbox.run(self._broker),
            self._announcer.run(self._broker),
            self._herald.run(self._broker),
            self._hearing.run(self._broker),
        )

    async def hello(self, wire: bytes) -> None:
        """See `herdbook.alpaca.uplink.Way`: retained, so it goes when there is a connection."""
        self._outbox.put(topics.hello(self._id), wire)

    async def batch(self, wire: bytes) -> None:
        """See `herdbook.alpaca.uplink.Way`."""
        await self._broker.publish(topics.log(self._id), wire)

    async def ask(self, wire: bytes) -> None:
        """See `herdbook.alpaca.neighbours.AskWay`."""
        await self._broker.publish(topics.ask(self._id), wire)

    def state(self, measurement: Measurement, value: float | None) -> None:
        """See `Line`."""
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

    def waiting(self, events: int) -> None:
        """See `Line`."""
        self._outbox.put(sensor_state_topic(self._id, WAITING.id), str(events).encode())

    def diagnostic(self, part_id: str, state: str) -> None:
        """See `Line`."""
        self._outbox.put(sensor_state_topic(self._id, part_id), state.encode())

    def output(self, output_id: str, state: str | None) -> None:
        """See `Line`."""
        if state is not None:
            self._outbox.put(output_state_topic(self._id, output_id), state.encode())
        self._outbox.put(
            output_availability_topic(self._id, output_id),
            topics.OFFLINE if state is None else topics.ONLINE,
        )

    def observed(self, observation: ObservationPayload) -> None:
        """See `Line`."""
        self._herald.tell(observation_event(observation))

    async def send(self, topic: str, payload: str) -> None:
        """See `Line`."""
        await self._broker.publish(topic, payload)

    async def _connected(self, broker: Broker) -> None:
        self._hearing.connected()
        await self._uplink.connected()
        self._outbox.put(topics.availability(self._id), topics.ONLINE)
        self._outbox.resend()
        with suppress(BrokerRefused):  # it was said, and the log goes its own way
            await self._announcer.announce(broker)
        await self._uplink.say_hello(self)

    async def _heard(self, topic: str, payload: bytes, retained: bool) -> None:
        self._hearing.heard()
        if topic == topics.have(self._id):
            if payload:  # else it was cleaned away: this node is being erased there
                await self._uplink.heard(payload)
        elif topic == topics.neighbours(self._id):
            await self._on_neighbours(payload)
        elif topic == topics.availability(self._id):
            if payload != topics.ONLINE:
                self._put_right()
        elif (command := self._commands.get(topic)) is not None:
            await command(payload, retained)
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
