"""What the API speaks of, as values. Owns their shapes and how they are read from JSON.

Each ``from_json`` takes a parsed JSON value, ignores members it does not know, and raises
`MalformedMessage` for any it needs that is missing or of the wrong type.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Self

from . import fields
from .errors import MalformedMessage


@dataclass(frozen=True, slots=True)
class Hello:
    """The Llama's first message: what it speaks and who it is."""

    schema: int
    min_schema: int
    version: str
    llama_id: str
    name: str
    panel_url: str

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """See the module."""
        where: Final = "the hello"
        data = fields.as_object(value, where)
        if data.get("type") != "hello":
            raise MalformedMessage("What answers there did not say hello as a Llama does.")
        return cls(
            schema=fields.count(data, "schema", where),
            min_schema=fields.count(data, "min_schema", where),
            version=fields.text(data, "version", where),
            llama_id=fields.filled(data, "llama_id", where),
            name=fields.filled(data, "name", where),
            panel_url=fields.visitable_url(data, "panel_url", where),
        )


@dataclass(frozen=True, slots=True)
class Today:
    """Counts of the current day in the Llama's time zone."""

    day: date
    observations: int
    readings: int

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """See the module."""
        where: Final = "today’s counts"
        data = fields.as_object(value, where)
        return cls(
            day=fields.day(data, "day", where),
            observations=fields.count(data, "observations", where),
            readings=fields.count(data, "readings", where),
        )


@dataclass(frozen=True, slots=True)
class Node:
    """One Alpaca. `seq` is how much of its log the Llama has.

    A `namesake` waits under the name of another one: its key is a new one.
    """

    node_id: str
    name: str
    version: str
    fingerprint: str
    approved: bool
    online: bool
    seq: int
    last_seen: datetime
    namesake: bool

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """See the module."""
        where: Final = "a node"
        data = fields.as_object(value, where)
        return cls(
            node_id=fields.filled(data, "node_id", where),
            name=fields.filled(data, "name", where),
            version=fields.text(data, "version", where),
            fingerprint=fields.filled(data, "fingerprint", where),
            approved=fields.boolean(data, "approved", where),
            online=fields.boolean(data, "online", where),
            seq=fields.count(data, "seq", where),
            last_seen=fields.moment(data, "last_seen", where),
            namesake=fields.boolean(data, "namesake", where),
        )


@dataclass(frozen=True, slots=True)
class NodeGone:
    """An Alpaca that somebody took out of the herd."""

    node_id: str

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """See the module."""
        where: Final = "a node that is gone"
        return cls(node_id=fields.filled(fields.as_object(value, where), "node_id", where))


@dataclass(frozen=True, slots=True)
class Observation:
    """A dated statement about the house, with what it rests on.

    `seq` is its place in the node's log: a later observation of the same node has a higher one.
    """

    id: str
    seq: int
    node_id: str
    node_name: str
    sensor: str
    sensor_name: str
    kind: str
    sentence: str
    value: float | None
    unit: str | None
    usual: tuple[float, float] | None
    observed_at: datetime
    clock: str
    confidence: float
    seconds: float = 0
    values: tuple[float, ...] = ()
    before: float | None = None
    known_days: float = 0

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """See the module."""
        where: Final = "an observation"
        data = fields.as_object(value, where)
        identifier = fields.filled(data, "id", where)
        node_id = fields.filled(data, "node_id", where)
        owner, _, seq = identifier.rpartition(":")
        if owner != node_id or not (seq.isascii() and seq.isdigit() and len(seq) <= 16):
            raise MalformedMessage(f"In {where} of the Llama, “id” is not “node_id:seq”.")
        return cls(
            id=identifier,
            seq=int(seq),
            node_id=node_id,
            node_name=fields.text(data, "node_name", where),
            sensor=fields.filled(data, "sensor", where),
            sensor_name=fields.text(data, "sensor_name", where),
            kind=fields.filled(data, "kind", where),
            sentence=fields.filled(data, "sentence", where),
            value=fields.optional_number(data, "value", where),
            unit=fields.optional_text(data, "unit", where),
            usual=fields.optional_range(data, "usual", where),
            observed_at=fields.moment(data, "observed_at", where),
            clock=fields.filled(data, "clock", where),
            confidence=fields.as_number(data.get("confidence"), "confidence", where),
            # An older Llama does not tell these.
            seconds=fields.as_number(data.get("seconds", 0), "seconds", where),
            values=fields.numbers(data, "values", where) if "values" in data else (),
            before=fields.optional_number(data, "before", where),
            known_days=fields.as_number(data.get("known_days", 0), "known_days", where),
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that the Llama tells at ``start``."""

    today: Today
    nodes: tuple[Node, ...]
    last_observation: Observation | None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """See the module."""
        data = fields.as_object(value, "a snapshot")
        nodes = data.get("nodes")
        if not isinstance(nodes, list):
            raise MalformedMessage("In a snapshot of the Llama, “nodes” is not a list.")
        last = data.get("last_observation")
        return cls(
            today=Today.from_json(data.get("today")),
            nodes=tuple(Node.from_json(node) for node in nodes),
            last_observation=None if last is None else Observation.from_json(last),
        )


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an entry is for: Home Assistant's user id, a name, or both."""

    user_id: str | None
    name: str | None

    def to_json(self) -> dict[str, str]:
        """The members that are known."""
        members = {"user_id": self.user_id, "name": self.name}
        return {name: value for name, value in members.items() if value}
