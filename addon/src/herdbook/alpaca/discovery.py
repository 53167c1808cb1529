"""How a node introduces itself to Home Assistant: one MQTT device discovery payload.

Owns the payload and the topics it points to; publishes nothing. Abbreviations are Home Assistant's:
https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from herdbook import __version__
from herdbook.alpaca.conditioning import said_every
from herdbook.alpaca.part import (
    Part,
    availability_of,
    common_parts,
    named,
    sensor_state_topic,
)
from herdbook.alpaca.sensors.measurement import Measurement, Sensor
from herdbook.alpaca.words.english import ENGLISH
from herdbook.alpaca.words.language import Language
from herdbook.errors import ConfigError
from herdbook.eventlog.topics import availability
from herdbook.ids import fingerprint_of

BIRTH_TOPIC: Final = "homeassistant/status"
WAITING: Final = Measurement(
    id="waiting_to_sync",
    name="Waiting to sync",
    unit="events",
    icon="mdi:tray-full",
    diagnostic=True,
)
"""How much of the event log the Llama does not have yet."""

_MISSED_INTERVALS: Final = 3
_SHORTEST_EXPIRY_S: Final = 30


class Component(Struct, frozen=True):
    """A measurement in Home Assistant, with the most seconds between its states, if regular."""

    measurement: Measurement
    interval: float | None = None

    @property
    def platform(self) -> str:
        """The Home Assistant platform."""
        return "binary_sensor" if self.measurement.form == "binary" else "sensor"


def components_of(sensors: Iterable[Sensor], language: Language = ENGLISH) -> list[Component]:
    """The measurements that a node with these sensors has in Home Assistant."""
    waiting = replace(WAITING, name=language.called(WAITING.name), english=WAITING.name)
    components = [
        Component(measurement, said_every(measurement, sensor.interval))
        for sensor in sensors
        for measurement in sensor.measurements
    ]
    return [*components, Component(waiting)]


def all_parts(
    node_id: str,
    device: str,
    sensors: Iterable[Sensor],
    outputs: Iterable[Part] = (),
    language: Language = ENGLISH,
) -> list[Part]:
    """All that a node with these sensors and outputs has in Home Assistant.

    `device` is the node's name. Raises `ConfigError` when two would have the same id.
    """
    parts = [
        *parts_of(node_id, device, components_of(sensors, language)),
        *outputs,
        *common_parts(node_id, device, language),
    ]
    for identifier, times in Counter(part.id for part in parts).items():
        if times > 1:
            raise ConfigError(
                f"{times} measurements would be called “{identifier}”.",
                fix="Change the “id” of one of the [[sensor]] or [[output]] tables.",
            )
    return parts


def discovery_topic(node_id: str) -> str:
    """Where Home Assistant looks for the payload."""
    return f"homeassistant/device/herdbook_{node_id}/config"


def sensor_availability_topic(node_id: str, measurement_id: str) -> str:
    """Whether one measurement has a value."""
    return f"herdbook/v1/node/{node_id}/sensor/{measurement_id}/availability"


def parts_of(node_id: str, device: str, components: Iterable[Component]) -> list[Part]:
    """The measurements as parts of the device of that name."""
    return [_part(node_id, device, component) for component in components]


def discovery_payload(
    node_id: str, name: str, components: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The device with these descriptions of components, by id."""
    return {
        "dev": {
            "ids": [f"herdbook_{node_id}"],
            "name": name,
            "mf": "Herdbook",
            "mdl": "Alpaca",
            "sw": __version__,
            "sn": fingerprint_of(node_id),
        },
        "o": {"name": "Herdbook", "sw": __version__},
        "avty": [{"t": availability(node_id)}],
        "qos": 1,
        "cmps": dict(components),
    }


def _part(node_id: str, device: str, component: Component) -> Part:
    measurement = component.measurement
    config: dict[str, Any] = {
        **named(component.platform, device, measurement.name, measurement.english),
        "stat_t": sensor_state_topic(node_id, measurement.id),
        "dev_cla": measurement.device_class,
        "ic": measurement.icon,
        "ent_cat": "diagnostic" if measurement.diagnostic else None,
    }
    if measurement.form == "number":
        config["unit_of_meas"] = measurement.unit
        config["stat_cla"] = measurement.state_class
        config["sug_dsp_prc"] = measurement.precision
    if component.interval is not None:
        config |= availability_of(node_id, sensor_availability_topic(node_id, measurement.id))
        config["exp_aft"] = max(
            _SHORTEST_EXPIRY_S, math.ceil(_MISSED_INTERVALS * component.interval)
        )
    return Part(measurement.id, component.platform, config)
