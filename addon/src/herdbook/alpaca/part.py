"""What a node has in Home Assistant beside its measurements: a button, events, diagnostics, update.

Owns their descriptions and their topics. Abbreviations are Home Assistant's:
https://www.home-assistant.io/integrations/mqtt/#supported-abbreviations-in-mqtt-discovery-messages
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec
from msgspec import Struct

from herdbook.alpaca.noticing.finding import Kind
from herdbook.alpaca.words.language import Language
from herdbook.clock import Quality
from herdbook.eventlog.event import ObservationPayload
from herdbook.eventlog.topics import availability

OTHER: Final = "other"
PRESS: Final = "PRESS"
EVENT_TYPES: Final = (*get_args(Kind.__value__), "asked", OTHER)
CLOCK_QUALITY: Final = "clock_quality"
CLOCK_STATES: Final[Mapping[Quality, str]] = {
    "synced": "synced",
    # “unknown” is Home Assistant's own word for what has no state.
    "unknown": "unconfirmed",
    "unset": "unset",
}
LOG_SHARE: Final = "log_share"
UPDATE: Final = "update"


class Part(Struct, frozen=True):
    """One component of the device. `config` is its description, without the empty members."""

    id: str
    platform: str
    config: Mapping[str, Any]

    def described(self, node_id: str) -> dict[str, Any]:
        """As it stands in the payload."""
        common = {"p": self.platform, "uniq_id": f"herdbook_{node_id}_{self.id}"}
        return common | {key: value for key, value in self.config.items() if value is not None}


def sensor_state_topic(node_id: str, part_id: str) -> str:
    """Retained: the last value of a measurement, or of a diagnostic."""
    return f"herdbook/v1/node/{node_id}/sensor/{part_id}/state"


def observe_topic(node_id: str) -> str:
    """Not retained: somebody pressed “Observe now”."""
    return f"herdbook/v1/node/{node_id}/observe"


def observation_topic(node_id: str) -> str:
    """QoS 1, not retained: what the node has just noticed."""
    return f"herdbook/v1/node/{node_id}/observation"


def named(platform: str, device: str, name: str, english: str | None) -> dict[str, str | None]:
    """The members of something with a name, which in English would be another one.

    Home Assistant makes an entity's id of the device's name and the entity's, when it first sees
    it: of the English one, so that what is written for one node fits another.
    """
    entity_id = None if english in (None, name) else f"{platform}.{device} {english}"
    return {"name": name, "def_ent_id": entity_id}


def common_parts(node_id: str, device: str, language: Language) -> list[Part]:
    """What every node has, by this device's name and in this language."""

    def called(platform: str, english: str) -> dict[str, str | None]:
        return named(platform, device, language.called(english), english)

    return [
        Part(
            "observe",
            "button",
            {
                **called("button", "Observe now"),
                "ic": "mdi:eye-outline",
                "cmd_t": observe_topic(node_id),
                "pl_prs": PRESS,
            },
        ),
        # Who has the integration has an entity of it for this, signed and without gaps (ADR 3).
        Part(
            "observation",
            "event",
            {
                **called("event", "Observation by MQTT"),
                "ic": "mdi:eye-check-outline",
                "stat_t": observation_topic(node_id),
                "evt_typ": list(EVENT_TYPES),
                "en": False,
            },
        ),
        Part(
            CLOCK_QUALITY,
            "sensor",
            {
                **called("sensor", "Clock"),
                "ic": "mdi:clock-check-outline",
                "stat_t": sensor_state_topic(node_id, CLOCK_QUALITY),
                "dev_cla": "enum",
                "ops": list(CLOCK_STATES.values()),
                "ent_cat": "diagnostic",
            },
        ),
        Part(
            LOG_SHARE,
            "sensor",
            {
                **called("sensor", "Log storage used"),
                "ic": "mdi:database-outline",
                "stat_t": sensor_state_topic(node_id, LOG_SHARE),
                "unit_of_meas": "%",
                "stat_cla": "measurement",
                "sug_dsp_prc": 0,
                "ent_cat": "diagnostic",
            },
        ),
        Part(
            UPDATE,
            "update",
            {
                "name": "Herdbook",
                "stat_t": sensor_state_topic(node_id, UPDATE),
                "tit": "Herdbook",
                "rel_s": language.sentences["newer_llama"],
                "ent_cat": "diagnostic",
            },
        ),
    ]


def observation_event(observation: ObservationPayload) -> bytes:
    """What the event entity is told: its type, and as attributes the sentence and its evidence."""
    known = observation.kind in EVENT_TYPES
    return msgspec.json.encode(
        {
            "event_type": observation.kind if known else OTHER,
            "sentence": observation.sentence,
            "sensor": observation.sensor,
            "sensor_name": observation.sensor_name,
            "value": observation.value,
            "unit": observation.unit,
            "usual": observation.usual,
            "confidence": observation.confidence,
        }
    )


def availability_of(node_id: str, own: str) -> dict[str, Any]:
    """The members of something that needs its node and, by the topic `own`, itself."""
    # A list here takes the place of the device's own, so that one is in it too.
    return {"avty": [{"t": availability(node_id)}, {"t": own}], "avty_mode": "all"}
