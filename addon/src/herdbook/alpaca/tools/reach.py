"""What a node's tools reach: its sensors, outputs and broker, as the shapes of `ports`.

What is shown of a sensor leaves out the words of its fault, which may quote a device; messages are
kept in memory only, cut, and few.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from herdbook.alpaca.outputs.outputs import Outputs
from herdbook.alpaca.tools.ports import Message, Point, Settable, Source
from herdbook.clock import Clock, iso
from herdbook.eventlog.event import ObservationPayload
from herdbook.house.rollup import Rollup

KEPT_MESSAGES: Final = 50
_MESSAGE: Final = 300
_POINTS: Final = 24


class Shown(Protocol):
    """A measurement and what it shows, as `herdbook.alpaca.knowledge.SensorNow`."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def name(self) -> str:
        """What the file calls it."""

    @property
    def unit(self) -> str | None:
        """Its unit."""

    @property
    def value(self) -> float | None:
        """What it shows; None: it is unavailable."""

    @property
    def at(self) -> str | None:
        """When it was read."""


class Past(Protocol):
    """What a sensor read in a span of time."""

    @property
    def points(self) -> Sequence[Rollup]:
        """In order of time."""


class Known(Protocol):
    """The part of `herdbook.alpaca.knowledge.Knowledge` that tools need."""

    def sensors(self) -> Sequence[Shown]:
        """What the sensors show."""

    async def history(self, sensor: str, from_ms: int, to_ms: int) -> Past:
        """What one of them read. Raises `StorageError`."""

    async def observe(self) -> Sequence[ObservationPayload]:
        """Read every sensor now."""


class KnownSources:
    """See `herdbook.alpaca.tools.ports.Sources`."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def sources(self) -> Sequence[Source]:
        """See `Sources`."""
        return [
            Source(one.id, one.name, one.unit, one.value, one.at) for one in self._known.sensors()
        ]

    async def history(self, source: str, from_ms: int, to_ms: int) -> Sequence[Point]:
        """See `Sources`. Of more points some that stand together are one."""
        points = (await self._known.history(source, from_ms, to_ms)).points
        together = -(-len(points) // _POINTS) or 1
        return [
            _point(points[place : place + together]) for place in range(0, len(points), together)
        ]

    async def observe(self) -> Sequence[str]:
        """See `Sources`."""
        return [one.sentence for one in await self._known.observe()]


class NodeOutputs:
    """See `herdbook.alpaca.tools.ports.Outputs`."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs

    def settable(self) -> Sequence[Settable]:
        """See `ports.Outputs`."""
        found = []
        for now in self._outputs.list():
            bounds = now.output.bounds
            low, high, unit = (bounds.low, bounds.high, bounds.unit) if bounds else (None,) * 3
            found.append(Settable(now.output.id, now.output.name, now.value, low, high, unit))
        return found

    async def write(self, output: str, value: bool | float) -> bool | float:
        """See `ports.Outputs`."""
        return await self._outputs.write(output, value)


class Messages:
    """See `herdbook.alpaca.tools.ports.Broker`: what was heard last, and a way to publish."""

    def __init__(self, send: Callable[[str, str], Awaitable[None]], clock: Clock) -> None:
        """`send` publishes a text on a topic, and raises `Unavailable`."""
        self._send = send
        self._clock = clock
        self._heard: deque[Message] = deque(maxlen=KEPT_MESSAGES)

    def heard(self, topic: str, payload: bytes) -> None:
        """Something came on a topic that the node listens to."""
        text = payload[: 4 * _MESSAGE].decode("utf-8", "replace")[:_MESSAGE]
        self._heard.append(Message(topic[:200], text, iso(self._clock.wall_ms())))

    def recent(self, limit: int) -> Sequence[Message]:
        """See `Broker`; the newest first."""
        return list(self._heard)[: -limit - 1 : -1]

    async def publish(self, topic: str, text: str) -> None:
        """See `Broker`."""
        await self._send(topic, text)


def _point(some: Sequence[Rollup]) -> Point:
    count = sum(one.count for one in some) or 1
    mean = sum(one.mean * one.count for one in some) / count
    return Point(
        iso(some[0].start_ms),
        min(one.least for one in some),
        round(mean, 3),
        max(one.most for one in some),
    )
