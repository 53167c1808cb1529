"""What the Llama recalls, as values. Read as `model` reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from . import fields
from .errors import MalformedMessage
from .model import Observation

WHERE: Final = "what was recalled"


@dataclass(frozen=True, slots=True)
class Memory:
    """A fact of the house, in the words of who told it last; `nodes` are the names of all."""

    subject: str
    aspect: str
    value: str
    sentence: str
    confidence: float
    told_at: datetime
    clock: str
    nodes: tuple[str, ...]
    kept: bool
    contradicted: bool

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """See the module."""
        where: Final = "a memory"
        data = fields.as_object(value, where)
        nodes = _list(data, "nodes", where)
        if not all(isinstance(name, str) for name in nodes):
            raise MalformedMessage(f"In {where} of the Llama, “nodes” is not a list of names.")
        return cls(
            subject=fields.filled(data, "subject", where),
            aspect=fields.filled(data, "aspect", where),
            value=fields.filled(data, "value", where),
            sentence=fields.filled(data, "sentence", where),
            confidence=fields.as_number(data.get("confidence"), "confidence", where),
            told_at=fields.moment(data, "told_at", where),
            clock=fields.filled(data, "clock", where),
            nodes=tuple(nodes),
            kept=fields.boolean(data, "kept", where),
            contradicted=fields.boolean(data, "contradicted", where),
        )


@dataclass(frozen=True, slots=True)
class Sensor:
    """What an Alpaca measures; `unit` is None for what has none.

    `sensor_name` is None while the Alpaca has not told it, and of former Llamas.
    """

    node_name: str
    sensor: str
    sensor_name: str | None
    unit: str | None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """See the module."""
        where: Final = "a sensor"
        data = fields.as_object(value, where)
        return cls(
            node_name=fields.text(data, "node_name", where),
            sensor=fields.filled(data, "sensor", where),
            sensor_name=fields.optional_text(data, "sensor_name", where),
            unit=fields.optional_text(data, "unit", where),
        )


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the house knows of something, each the best first; `more`: further observations."""

    observations: tuple[Observation, ...]
    more: bool
    memories: tuple[Memory, ...]
    sensors: tuple[Sensor, ...]

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """See the module."""
        data = fields.as_object(value, WHERE)
        return cls(
            observations=_each(data, "observations", Observation.from_json),
            more=fields.boolean(data, "more", WHERE),
            memories=_each(data, "memories", Memory.from_json),
            sensors=_each(data, "sensors", Sensor.from_json),
        )


def _list(data: Mapping[str, Any], name: str, where: str) -> list[Any]:
    value = data.get(name)
    if not isinstance(value, list):
        raise MalformedMessage(f"In {where} of the Llama, “{name}” is not a list.")
    return value


def _each[T](data: Mapping[str, Any], name: str, read: Callable[[Any], T]) -> tuple[T, ...]:
    return tuple(read(value) for value in _list(data, name, WHERE))
