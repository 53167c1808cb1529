"""What a node asks its Llama to know, and the answer: two signed messages.

Of the rest of the herd what it noticed and remembers, of its own facts what people think of them.

Owns their members and bounds, which docs/protocol.md restates.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from herdbook.clock import Quality
from herdbook.errors import MessageRefused
from herdbook.eventlog.envelope import HEAD, Envelope
from herdbook.eventlog.event import Count, Finite, Label, Unit, WallMs
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.messages import MAX_MESSAGE, Nonce
from herdbook.ids import node_id_of

MAX_OBSERVATIONS: Final = 100
MAX_MEMORIES: Final = 200
MAX_NODES: Final = 16
MAX_REVIEWS: Final = 16
MAX_NEIGHBOURS: Final = 48 * 1024

_ASK: Final = Envelope(b"HBA", b"herdbook ask v1\0", MAX_MESSAGE)
_NEIGHBOURS: Final = Envelope(b"HBN", b"herdbook neighbours v1\0", MAX_NEIGHBOURS)
_ROOM: Final = MAX_NEIGHBOURS - HEAD - 256
"""What the two lists may take; the other members take less than the rest."""

type NodeId = Annotated[str, Meta(pattern=r"^[a-z2-7]{26}\Z")]
type Name = Annotated[str, Meta(min_length=1, max_length=64)]
type Sentence = Annotated[str, Meta(min_length=1, max_length=1000)]


class Ask(Struct, frozen=True, omit_defaults=True):
    """How many observations and memories of its neighbours a node wants to be told.

    `reviewed` is the number of the last review that it has heard of.
    """

    observations: Annotated[int, Meta(ge=0, le=MAX_OBSERVATIONS)]
    memories: Annotated[int, Meta(ge=0, le=MAX_MEMORIES)]
    nonce: Nonce
    reviewed: Count = 0


class Noticed(Struct, frozen=True):
    """An observation of a neighbour; `node` is its name."""

    node_id: NodeId
    node: Name
    sensor: Label
    sensor_name: Annotated[str, Meta(min_length=1, max_length=100)]
    kind: Label
    sentence: Sentence
    value: Finite | None
    unit: Unit
    observed_ms: WallMs
    clock: Quality


class Remembered(Struct, frozen=True):
    """A fact that neighbours tell; `nodes` are names."""

    subject: Label
    aspect: Label
    value: Annotated[str, Meta(min_length=1, max_length=200)]
    sentence: Sentence
    confidence: Annotated[float, Meta(ge=0, le=1)]
    told_ms: WallMs
    clock: Quality
    nodes: Annotated[list[Name], Meta(min_length=1, max_length=MAX_NODES)]


class Reviewed(Struct, frozen=True):
    """What a person thinks of a fact that the asking node tells; None: nothing any more."""

    subject: Label
    aspect: Label
    value: Annotated[str, Meta(min_length=1, max_length=200)]
    verdict: Literal["kept", "wrong", "later"] | None
    number: Count


class Neighbours(Struct, frozen=True, omit_defaults=True):
    """The answer to an `Ask`: observations the newest first, memories the last told first.

    Reviews come the oldest first, after the one that the ask names; the next ask has the rest.
    """

    node_id: NodeId
    nonce: Nonce
    count: Count
    told_ms: WallMs
    observations: Annotated[list[Noticed], Meta(max_length=MAX_OBSERVATIONS)]
    memories: Annotated[list[Remembered], Meta(max_length=MAX_MEMORIES)]
    reviews: Annotated[list[Reviewed], Meta(max_length=MAX_REVIEWS)] = []


def seal_ask(identity: Identity, ask: Ask) -> bytes:
    """A node's question, signed."""
    return _ASK.seal(identity, ask)


def open_ask(wire: bytes, node_id: str) -> Ask:
    """A node's question. Raises `MessageRefused` as `Envelope.open`, or ``wrong_node``."""
    public_key, ask = _ASK.open(wire, Ask)
    if node_id_of(public_key) != node_id:
        raise MessageRefused("wrong_node", "The ask's key is not the one of this node id.")
    return ask


def seal_neighbours(identity: Identity, neighbours: Neighbours) -> bytes:
    """A Llama's answer, signed. Of what does not fit the ends of the first two lists are left out.

    As many reviews as there may be leave more than half of the room.
    """
    room = _ROOM - len(msgspec.msgpack.encode(neighbours.reviews))
    observations, memories = _fitting(room, neighbours.observations, neighbours.memories)
    fitting = msgspec.structs.replace(neighbours, observations=observations, memories=memories)
    return _NEIGHBOURS.seal(identity, fitting)


def open_neighbours(wire: bytes, node_id: str) -> tuple[bytes, Neighbours]:
    """The public key of the Llama that signed, and what it tells this node.

    Raises `MessageRefused` as `Envelope.open`, or ``wrong_node``.
    """
    public_key, neighbours = _NEIGHBOURS.open(wire, Neighbours)
    if neighbours.node_id != node_id:
        raise MessageRefused("wrong_node", "These neighbours are another node's.")
    return public_key, neighbours


def _fitting(
    room: int, observations: list[Noticed], memories: list[Remembered]
) -> tuple[list[Noticed], list[Remembered]]:
    """The beginnings of both lists that fit together, taken in turns."""
    kept_observations: list[Noticed] = []
    kept_memories: list[Remembered] = []
    for place in range(max(len(observations), len(memories))):
        for source, kept in ((observations, kept_observations), (memories, kept_memories)):
            if place < len(source) and len(kept) == place:
                size = len(msgspec.msgpack.encode(source[place]))
                if size <= room:
                    room -= size
                    kept.append(source[place])  # type: ignore[arg-type] # each from its own list
    return kept_observations, kept_memories
