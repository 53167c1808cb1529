"""What a node knows right now and has known, for whoever asks it: one protocol to read by.

The local page, the control socket and the tools of a model see the node through this alone. Owns
the shapes, which docs/node-api.md restates; times in them are ISO 8601 in UTC.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

from herdbook.alpaca.history.history import Span
from herdbook.clock import Quality
from herdbook.eventlog.event import ObservationPayload
from herdbook.eventlog.protocol import State
from herdbook.llm.language_model import ModelState


class Status(Struct, frozen=True):
    """How a node is.

    `way` is what it reports by and `connected` whether that answers; `llama` is how it stands with
    its Llama, see `NodeSync`. `waiting` is how many events the Llama does not have, None while
    nobody has told. `trouble` is why there is no connection, in a sentence. Sizes are bytes, of the
    disk that the data folder is on.
    """

    node_id: str
    fingerprint: str
    name: str
    version: str
    now: str
    started: str
    clock: Quality
    way: Literal["broker", "llama"]
    connected: bool
    trouble: str | None
    llama: State
    waiting: int | None
    disk_size: int
    disk_free: int
    log_size: int
    sensors: int
    unavailable: int
    model: ModelState


class SensorNow(Struct, frozen=True):
    """A measurement, and what it shows: a `value`, or the `fault` that keeps it from having one.

    `form` is ``number``, ``binary`` (1 is on) or ``moment`` (seconds since 1970). `at` is when it
    was read, None before it ever was.
    """

    id: str
    name: str
    form: Literal["number", "binary", "moment"]
    unit: str | None
    value: float | None
    fault: str | None
    at: str | None


class Noticed(Struct, frozen=True):
    """Something the node noticed. Where `known` is False, nobody knew the time: `at` is “about”."""

    at: str
    known: bool
    kind: str
    sensor: str
    sensor_name: str
    sentence: str
    value: float | None
    unit: str | None
    usual: tuple[float, float] | None
    confidence: float


class Remembered(Struct, frozen=True):
    """A fact that stays true until another takes its place, and what a person thinks of it."""

    at: str
    sentence: str
    review: Literal["proposed", "kept", "wrong", "later"]
    confidence: float


class Recollection(Struct, frozen=True):
    """What is known of something, of either the best first."""

    memories: Sequence[Remembered]
    observations: Sequence[Noticed]


class Thought(Struct, frozen=True):
    """A step of a model on the node: what it did, what it said to that end, and what came of it.

    `tainted`: it had read what others may have written.
    """

    at: str
    conversation: str
    tool: str
    said: str
    came: str
    tainted: bool


class Memories(Protocol):
    """What a node remembers."""

    async def memories(self, limit: int) -> Sequence[Remembered]:
        """The newest facts, newest first. Raises `StorageError`."""

    async def recall(self, words: str) -> Recollection:
        """What fits some words. Raises `InputError`, `StorageError`."""


class Thoughts(Protocol):
    """What a model on the node did."""

    async def thoughts(self, limit: int) -> Sequence[Thought]:
        """Its last steps, newest first. Raises `StorageError`."""


class Knowledge(Protocol):
    """What may be asked of a running node."""

    @property
    def memories(self) -> Memories:
        """What it remembers."""

    @property
    def thoughts(self) -> Thoughts | None:
        """What its model did; None where it has none."""

    async def status(self) -> Status:
        """How it is."""

    def sensors(self) -> list[SensorNow]:
        """What its sensors show, in the order of its file."""

    async def observations(self, limit: int) -> list[Noticed]:
        """The last so many things it noticed, newest first. Raises `StorageError`."""

    async def history(self, sensor: str, from_ms: int, to_ms: int) -> Span:
        """What a sensor read from one moment to before another. Raises `StorageError`."""

    async def observe(self) -> list[ObservationPayload]:
        """Read every sensor now, and say in one sentence what is seen."""
