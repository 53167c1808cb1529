"""The API's messages: JSON to and from structs. Owns their shape; docs/api.md describes it."""

from datetime import date
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from herdbook.errors import CommandUnknown, HerdbookError, MessageInvalid
from herdbook.house.found import MOST
from herdbook.journal.entry import SOURCE_LIMIT
from herdbook.query import QUERY_LIMIT

SCHEMA: Final = 1
MIN_SCHEMA: Final = 1
SIZE_LIMIT: Final = 1024 * 1024

type Id = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class Hello(Struct, frozen=True, tag="hello"):
    """The Llama's first message."""

    version: str
    llama_id: str
    name: str
    panel_url: str
    schema: int = SCHEMA
    min_schema: int = MIN_SCHEMA


class PersonRef(Struct, frozen=True):
    """A person as Home Assistant knows them."""

    user_id: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    name: Annotated[str, Meta(min_length=1, max_length=255)] | None = None


class Start(Struct, frozen=True, tag="start"):
    """The client's first command."""

    id: Id
    schema: int


class WriteEntry(Struct, frozen=True, tag="write_entry"):
    """Seal an entry into a person's inbox."""

    id: Id
    person: PersonRef
    text: str
    day: str | None = None
    source: Annotated[str, Meta(max_length=SOURCE_LIMIT)] | None = None


class ApproveNode(Struct, frozen=True, tag="approve_node"):
    """Let a waiting node into the herd."""

    id: Id
    node_id: Annotated[str, Meta(max_length=64)]


class Recall(Struct, frozen=True, tag="recall"):
    """Ask the house book what it knows of something."""

    id: Id
    query: Annotated[str, Meta(max_length=QUERY_LIMIT)] = ""
    node_id: Annotated[str, Meta(max_length=64)] | None = None
    sensor: Annotated[str, Meta(max_length=64)] | None = None
    kind: Annotated[str, Meta(max_length=64)] | None = None
    first: str | None = None
    last: str | None = None
    kept: bool = False
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 20


type Command = Start | WriteEntry | ApproveNode | Recall
_COMMANDS: Final[dict[str, type[Start | WriteEntry | ApproveNode | Recall]]] = {
    "start": Start,
    "write_entry": WriteEntry,
    "approve_node": ApproveNode,
    "recall": Recall,
}


class Result(Struct, frozen=True, tag="result"):
    """The answer to a command."""

    id: int
    result: Any


class Error(Struct, frozen=True, tag="error"):
    """The answer to a command that failed; `id` is None when it could not be read."""

    id: int | None
    code: str
    message: str
    fix: str


class Event(Struct, frozen=True, tag="event"):
    """Something that happened."""

    event: str
    data: Any


class Today(Struct, frozen=True):
    """What the house did today."""

    day: date
    observations: int
    readings: int


class Node(Struct, frozen=True):
    """One Alpaca; `last_seen` is ISO 8601 in UTC, `clock` None before its first event.

    `namesake` when another one has its name: this is a new key.
    """

    node_id: str
    name: str
    version: str
    fingerprint: str
    approved: bool
    online: bool
    seq: int
    backlog: int
    clock: str | None
    last_seen: str
    namesake: bool


class NodeGone(Struct, frozen=True):
    """An Alpaca that was taken out of the herd."""

    node_id: str


class Observation(Struct, frozen=True):
    """A dated statement with its evidence; `observed_at` is ISO 8601 in UTC.

    `seconds` is how long it lasts, or what was looked at; `values` are the last readings.
    """

    id: str
    node_id: str
    node_name: str
    sensor: str
    sensor_name: str
    kind: str
    sentence: str
    value: float | None
    unit: str | None
    usual: tuple[float, float] | None
    observed_at: str
    clock: str
    confidence: float
    seconds: float
    values: tuple[float, ...]
    before: float | None
    known_days: float


class RecalledObservation(Observation, frozen=True):
    """An observation; `by_meaning` when it has none of the words."""

    by_meaning: bool


class Memory(Struct, frozen=True):
    """A fact of today; `nodes` are the names of all who tell it, `told_at` is when it last was.

    `kept` when a person keeps it; `contradicted` when something else is told of the same.
    """

    subject: str
    aspect: str
    value: str
    sentence: str
    confidence: float
    told_at: str
    clock: str
    nodes: list[str]
    kept: bool
    contradicted: bool


class Sensor(Struct, frozen=True):
    """What a node measures; `unit` is None for what has none, as `sensor_name` while not told."""

    node_id: str
    node_name: str
    sensor: str
    sensor_name: str | None
    unit: str | None


class Recalled(Struct, frozen=True):
    """What the house book has of something, each list the best first."""

    observations: list[RecalledObservation]
    more: bool
    memories: list[Memory]
    sensors: list[Sensor]


class Snapshot(Struct, frozen=True):
    """What a client needs to know at its start."""

    today: Today
    nodes: list[Node]
    last_observation: Observation | None


class _Envelope(Struct, frozen=True):
    type: str
    id: Id


def encode(message: Hello | Result | Error | Event) -> bytes:
    """A message as UTF-8 JSON."""
    return msgspec.json.encode(message)


def error_of(command_id: int | None, error: HerdbookError) -> Error:
    """The answer that a failed command gets."""
    return Error(command_id, error.code, error.message, error.fix)


def id_of(data: bytes | str) -> int | None:
    """The id of a command that may be wrong in every other way; None when it has none."""
    try:
        return msgspec.json.decode(data, type=_Envelope).id
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def decode(data: bytes | str) -> Command:
    """The command in a message. Raises `MessageInvalid` or `CommandUnknown`."""
    try:
        envelope = msgspec.json.decode(data, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise MessageInvalid("A message is one JSON object with an “id” and a “type”.") from error
    command = _COMMANDS.get(envelope.type)
    if command is None:
        raise CommandUnknown(
            f"There is no command “{envelope.type[:40]}”.",
            fix="Update the Llama and the Herdbook integration to the same release.",
        )
    try:
        return msgspec.json.decode(data, type=command)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        # msgspec names the member and the expected type, never the value.
        raise MessageInvalid(f"“{envelope.type}”: {error}.") from error
