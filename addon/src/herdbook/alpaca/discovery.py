"""How a node introduces itself to Home Assistant: one MQTT device discovery payload.

Owns the payload and the topics it points to; publishes nothing. Abbreviations are Home Assistant's:
https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct

from herdbook import __version__
from herdbook.alpaca.conditioning import said_every
from herdbook.alpaca.sensors.measurement import Measurement, Sensor
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


def components_of(sensors: Iterable[Sensor]) -> list[Component]:
    """What a node with these sensors has in Home Assistant.

    Raises `ConfigError` when two measurements would have the same id.
    """
    components = [
        Component(measurement, said_every(measurement, sensor.interval))
        for sensor in sensors
        for measurement in sensor.measurements
    ]
    components.append(Component(WAITING))
    for identifier, times in Counter(one.measurement.id for one in components).items():
        if times > 1:
            raise ConfigError(
                f"{times} measurements would be called “{identifier}”.",
                fix="Change the “id” of one of the [[sensor]] tables.",
            )
    return components


def discovery_topic(node_id: str) -> str:
    """Where Home Assistant looks for the payload."""
    return f"homeassistant/device/herdbook_{node_id}/config"


def sensor_state_topic(node_id: str, measurement_id: str) -> str:
    """The last value of one measurement."""
    return f"herdbook/v1/node/{node_id}/sensor/{measurement_id}/state"


def sensor_availability_topic(node_id: str, measurement_id: str) -> str:
    """Whether one measurement has a value."""
    return f"herdbook/v1/node/{node_id}/sensor/{measurement_id}/availability"


def discovery_payload(
    node_id: str,
    name: str,
    components: Iterable[Component],
    removed: Mapping[str, str],
) -> dict[str, Any]:
    """The whole device. `removed` are components it had before: id and platform."""
    described = {
        component.measurement.id: _component(node_id, component) for component in components
    }
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
        # Home Assistant takes a component away when nothing but its platform is left.
        "cmps": {identifier: {"p": platform} for identifier, platform in removed.items()}
        | described,
    }


def _component(node_id: str, component: Component) -> dict[str, Any]:
    measurement = component.measurement
    described: dict[str, Any] = {
        "p": component.platform,
        "uniq_id": f"herdbook_{node_id}_{measurement.id}",
        "name": measurement.name,
        "stat_t": sensor_state_topic(node_id, measurement.id),
        "dev_cla": measurement.device_class,
        "ic": measurement.icon,
        "ent_cat": "diagnostic" if measurement.diagnostic else None,
    }
    if measurement.form == "number":
        described["unit_of_meas"] = measurement.unit
        described["stat_cla"] = measurement.state_class
        described["sug_dsp_prc"] = measurement.precision
    if component.interval is not None:
        # A list here takes the place of the device's own, so that one is in it too.
        described["avty"] = [
            {"t": availability(node_id)},
            {"t": sensor_availability_topic(node_id, measurement.id)},
        ]
        described["avty_mode"] = "all"
        described["exp_aft"] = max(
            _SHORTEST_EXPIRY_S, math.ceil(_MISSED_INTERVALS * component.interval)
        )
    return {key: value for key, value in described.items() if value is not None}
