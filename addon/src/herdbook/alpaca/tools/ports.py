"""What the tools need of the node. Owns the shapes; all of it is given to the model as data."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class Source(Struct, frozen=True):
    """What is measured, and what it shows; None: it is unavailable. `at` is ISO 8601."""

    id: str
    name: str
    unit: str | None
    value: float | None
    at: str | None


class Point(Struct, frozen=True):
    """A stretch of time in which something was read: its least, mean and most."""

    at: str
    least: float
    mean: float
    most: float


class Settable(Struct, frozen=True):
    """An output: a switch, or a number from `low` to `high`. The value None: it does not work."""

    id: str
    name: str
    value: bool | float | None
    low: float | None = None
    high: float | None = None
    unit: str | None = None


class Message(Struct, frozen=True):
    """What somebody published, cut where it is long."""

    topic: str
    text: str
    at: str


class Sources(Protocol):
    """What the node measures."""

    def sources(self) -> Sequence[Source]:
        """All of it, as it is now. No text in it comes from a sensor."""

    async def history(self, source: str, from_ms: int, to_ms: int) -> Sequence[Point]:
        """What one of them read, in at most some dozens of points. Raises `StorageError`."""

    async def observe(self) -> Sequence[str]:
        """Read everything now; the sentences of what is noted then. Raises `StorageError`."""


class Outputs(Protocol):
    """What can be set, if anything can."""

    def settable(self) -> Sequence[Settable]:
        """All of it, as it is now."""

    async def write(self, output: str, value: bool | float) -> bool | float:
        """Set one; what it is then. Raises `InputError` and `Unavailable`."""


class Broker(Protocol):
    """The MQTT broker, where there is one."""

    def recent(self, limit: int) -> Sequence[Message]:
        """What came last on the topics that the node listens to."""

    async def publish(self, topic: str, text: str) -> None:
        """Publish a text. Raises `Unavailable`."""
