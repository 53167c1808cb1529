"""What a log is made of. Owns the shape and the bounds of an event and of an observation in it.

Payloads are MessagePack maps. A member that a reader does not know is ignored, a kind that it does
not know is kept and forwarded, so that a newer node can talk to an older Llama.
"""

from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Raw, Struct

from herdbook.clock import LAST_MS, Quality
from herdbook.errors import InputError

MAX_INT: Final = 2**53 - 1
MAX_WALL_MS: Final = LAST_MS
MAX_EVENT: Final = 64 * 1024
MAX_HEAD: Final = 512
"""More than the members of an event beside its payload ever take."""
MAX_KIND: Final = 64
MAX_RUNS: Final = 64

OBSERVATION: Final = "observation"
READINGS: Final = "readings"
LOSS: Final = "loss"
WORDING: Final = "wording"
THOUGHT: Final = "thought"
CLOCK: Final = "clock"
OUTPUT: Final = "output"

type Count = Annotated[int, Meta(ge=0, le=MAX_INT)]
type WallMs = Annotated[int, Meta(ge=0, le=MAX_WALL_MS)]
type Label = Annotated[str, Meta(min_length=1, max_length=64)]
type Finite = Annotated[float, Meta(ge=-1.7e308, le=1.7e308)]  # neither infinite nor a NaN
type WhySafe = Literal["connection_lost", "too_long"]
type Unit = Annotated[str, Meta(max_length=32)] | None


# Held by the ten thousand, and in no cycle: `gc=False` spares the collector looking for one.
class Event(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, gc=False):
    """One entry of one node's log; times in milliseconds, see `herdbook.clock`."""

    seq: Annotated[int, Meta(ge=1, le=MAX_INT)]
    lamport: Annotated[int, Meta(ge=1, le=MAX_INT)]
    boot_id: Annotated[str, Meta(max_length=36)]
    monotonic_ms: Count
    wall_ms: WallMs
    clock_quality: Quality
    kind: Label
    payload: Raw


class ObservationPayload(Struct, frozen=True, omit_defaults=True):
    """A dated statement with its evidence; what an event of kind ``observation`` carries.

    `seconds` is how long it has lasted, or the time that was looked at; `values` are the readings
    that it rests on, oldest first; `before` is what a change began from; `known_days` is how many
    days had been learned.
    """

    sensor: Label
    sensor_name: Annotated[str, Meta(min_length=1, max_length=100)]
    kind: Label
    sentence: Annotated[str, Meta(min_length=1, max_length=1000)]
    value: Finite | None
    unit: Unit
    usual: tuple[Finite, Finite] | None
    confidence: Annotated[float, Meta(ge=0, le=1)]
    seconds: Annotated[float, Meta(ge=0, le=MAX_INT)] = 0
    values: Annotated[tuple[Finite, ...], Meta(max_length=64)] = ()
    before: Finite | None = None
    known_days: Annotated[float, Meta(ge=0, le=36_525)] = 0


class WordingPayload(Struct, frozen=True):
    """How a model puts an observation of this log; what an event of kind ``wording`` carries.

    `seq` is the observation's number. Its own sentence stays in the log.
    """

    seq: Annotated[int, Meta(ge=1, le=MAX_INT)]
    sentence: Annotated[str, Meta(min_length=1, max_length=1000)]
    model: Annotated[str, Meta(max_length=200)]


class ThoughtPayload(Struct, frozen=True):
    """A step of a model on the node; what an event of kind ``thought`` carries.

    `tool` is what it did, with what it `said` to that end, and what `came` of it: both as JSON, cut
    where they are long. `tainted`: it had read what others may have written.
    """

    conversation: Annotated[str, Meta(min_length=1, max_length=16)]
    step: Annotated[int, Meta(ge=1, le=1000)]
    tool: Label
    said: Annotated[str, Meta(max_length=500)]
    came: Annotated[str, Meta(max_length=1000)]
    tainted: bool


class Run(NamedTuple):
    """So many numbers from one on."""

    first_seq: Annotated[int, Meta(ge=1, le=MAX_INT)]
    length: Annotated[int, Meta(ge=1, le=MAX_INT)]


class LossPayload(Struct, frozen=True, omit_defaults=True):
    """Numbers that were signed once and are gone; what an event of kind ``loss`` carries.

    `again`: the events right after it, in order, are those that had these numbers among them.
    """

    first_seq: Annotated[int, Meta(ge=1, le=MAX_INT)]
    last_seq: Annotated[int, Meta(ge=1, le=MAX_INT)]
    again: Annotated[tuple[Run, ...], Meta(max_length=MAX_RUNS)] = ()


class OutputPayload(Struct, frozen=True):
    """An output that went back to safety by itself; what an event of kind ``output`` carries."""

    output: Label
    name: Label
    value: bool | Finite
    why: WhySafe


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Event)


def encode(event: Event) -> bytes:
    """An event as it stands in a batch.

    Raises `InputError` for one out of bounds: no Llama would take it, nor anything after it.
    """
    data = _encoder.encode(event)
    if len(data) > MAX_EVENT:
        raise InputError(f"An event of {len(data)} bytes is too large for the log.")
    try:
        _decoder.decode(data)
    except msgspec.ValidationError as error:
        raise InputError(f"An event of kind {event.kind[:80]!r}: {error}.") from error
    return data


def decode(data: bytes) -> Event:
    """The event in bytes that `encode` gave."""
    return _decoder.decode(data)


def encode_payload(payload: Struct) -> Raw:
    """A payload as an event carries it. Raises `InputError` for one out of its bounds."""
    data = _encoder.encode(payload)
    try:
        msgspec.msgpack.decode(data, type=type(payload))
    except msgspec.ValidationError as error:
        raise InputError(f"{type(payload).__name__}: {error}.") from error
    return Raw(data)


def draft(kind: str, payload: Struct) -> Raw:
    """A payload whose event will be one: `EventLog.append_many` refuses it no more.

    Raises `InputError` as `encode` does.
    """
    raw = encode_payload(payload)
    if not 0 < len(kind) <= MAX_KIND:
        raise InputError(f"An event cannot be of kind {kind[:80]!r}.")
    if len(raw) > MAX_EVENT - MAX_HEAD:
        raise InputError(f"A {kind} event with {len(raw)} bytes is too large for the log.")
    return raw


def decode_payload[P: Struct](event: Event, kind: type[P]) -> P:
    """An event's payload as a `kind`. Raises `InputError` when it is not one."""
    try:
        return msgspec.msgpack.decode(event.payload, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"The payload of {event.kind} event {event.seq}: {error}.") from error
