"""The discovery payload against Home Assistant's own parser and schemas."""

import json
import warnings
from pathlib import Path
from typing import Any, get_args

import psutil
import pytest

from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.discovery import all_parts, discovery_payload
from herdbook.alpaca.outputs.config import GpioOutput, MqttOutput
from herdbook.alpaca.outputs.output import output_of
from herdbook.alpaca.outputs.part import output_part
from herdbook.alpaca.part import CLOCK_STATES
from herdbook.alpaca.sensors.file import FileConfig
from herdbook.alpaca.sensors.opening import open_sensors
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.sensors.room import RoomConfig
from herdbook.alpaca.sensors.system import SystemConfig
from herdbook.alpaca.words.english import ENGLISH
from herdbook.alpaca.words.language import Code, Language
from herdbook.alpaca.words.languages import LANGUAGES
from herdbook.broker import BrokerSettings
from herdbook.clock import Quality
from tests.fakes.clock import ManualClock

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Home Assistant's own are not ours to mend
    from homeassistant.components.binary_sensor import BinarySensorDeviceClass
    from homeassistant.components.mqtt import (
        binary_sensor,
        button,
        event,
        number,
        sensor,
        switch,
        update,
    )
    from homeassistant.components.mqtt.discovery import (
        MQTTDiscoveryPayload,
        _merge_common_device_options,
        _parse_device_payload,
    )
    from homeassistant.components.sensor.const import DEVICE_CLASS_STATE_CLASSES
    from homeassistant.util import slugify

NODE = "mfrggzdfmztwq2lknnwg23tpoa"
PLATFORMS = (binary_sensor, button, event, number, sensor, switch, update)
SCHEMAS = {one.__name__.rpartition(".")[2]: one.DISCOVERY_SCHEMA for one in PLATFORMS}
OUTPUTS = (
    GpioOutput(id="fan", name="Fan", line="GPIO17", icon="mdi:fan"),
    MqttOutput(id="valve", name="Valve", topic="valve/set", min=5, max=30, step=0.5, safe=5.0),
)


@pytest.fixture
def accepted(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Home Assistant makes of a node with every kind of sensor, by component."""
    return accepted_in(ENGLISH, monkeypatch)


def accepted_in(language: Language, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    chips = {"cpu_thermal": [type("Entry", (), {"current": 51.0})]}
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: chips, raising=False)
    config = AlpacaConfig(
        name="Hallway",
        data=Path("unused"),
        broker=BrokerSettings(),
        sensor=(
            SystemConfig(),
            RoomConfig(interval=0.5),
            FileConfig(id="boiler", name="Boiler", path="x", unit="°C", device_class="temperature"),
        ),
    )
    outputs = [output_part(NODE, output_of(output)) for output in OUTPUTS]
    surroundings = Surroundings(ManualClock(), config.broker, language=language)
    parts = all_parts(NODE, "Hallway", open_sensors(config, surroundings), outputs, language)
    described = {part.id: part.described(NODE) for part in parts} | {"attic": {"p": "sensor"}}
    text = json.dumps(discovery_payload(NODE, "Hallway", described))
    parsed = _parse_device_payload(None, text, f"herdbook_{NODE}", None)  # type: ignore[arg-type]
    assert parsed, "Home Assistant refuses the payload"
    assert parsed["components"].pop("attic") == {"platform": "sensor"}
    result = {}
    for identifier, component in parsed["components"].items():
        payload = MQTTDiscoveryPayload(component)
        _merge_common_device_options(payload, parsed)
        platform = payload.pop("platform")
        result[identifier] = SCHEMAS[platform](dict(payload)) | {"platform": platform}
        # The schema drops what it does not know; we send nothing that it would drop.
        assert set(payload) <= set(result[identifier])
    return result


def test_every_measurement_is_accepted(accepted: dict[str, Any]) -> None:
    assert set(accepted) == {
        "system_cpu",
        "system_memory",
        "system_disk",
        "system_load",
        "system_started",
        "system_temperature",
        "room_temperature",
        "room_humidity",
        "room_co2",
        "room_motion",
        "room_door",
        "boiler",
        "waiting_to_sync",
        "output_fan",
        "output_valve",
        "observe",
        "observation",
        "clock_quality",
        "log_share",
        "update",
    }


def test_state_classes_suit_their_device_classes(accepted: dict[str, Any]) -> None:
    for component in accepted.values():
        device_class = component.get("device_class")
        if component["platform"] == "binary_sensor":
            assert device_class in list(BinarySensorDeviceClass)
        elif device_class is not None and (state_class := component.get("state_class")):
            assert state_class in DEVICE_CLASS_STATE_CLASSES[device_class]


OF_THE_NODE = {"waiting_to_sync", "observe", "observation", "clock_quality", "log_share", "update"}


def test_a_sensor_depends_on_its_node_and_on_itself(accepted: dict[str, Any]) -> None:
    node = f"herdbook/v1/node/{NODE}/availability"
    for identifier, component in accepted.items():
        own = f"herdbook/v1/node/{NODE}/sensor/{identifier}/availability"
        if identifier.startswith("output_"):
            name = identifier.removeprefix("output_")
            own = f"herdbook/v1/node/{NODE}/output/{name}/availability"
        expected = [node] if identifier in OF_THE_NODE else [node, own]
        assert [one["topic"] for one in component["availability"]] == expected
        assert {one["payload_available"] for one in component["availability"]} == {"online"}
        assert {one["payload_not_available"] for one in component["availability"]} == {"offline"}
        assert component["qos"] == 1
    assert accepted["boiler"]["availability_mode"] == "all"


def test_an_output_shows_what_was_set_and_retains_no_command(accepted: dict[str, Any]) -> None:
    for name, platform in (("fan", "switch"), ("valve", "number")):
        output = accepted[f"output_{name}"]
        assert output["platform"] == platform
        assert not output["optimistic"]
        assert not output["retain"]
        assert output["command_topic"] == f"herdbook/v1/node/{NODE}/output/{name}/set"
    assert [accepted["output_valve"][key] for key in ("min", "max", "step")] == [5, 30, 0.5]


def test_no_state_is_home_assistants_word_for_none(accepted: dict[str, Any]) -> None:
    assert set(CLOCK_STATES) == set(get_args(Quality))
    assert not {"unknown", "unavailable"} & set(accepted["clock_quality"]["options"])


def test_who_has_the_integration_is_not_told_twice(accepted: dict[str, Any]) -> None:
    assert accepted["observation"]["enabled_by_default"] is False
    assert "above_usual" in accepted["observation"]["event_types"]


def entity_ids(accepted: dict[str, Any]) -> dict[str, str]:
    """What Home Assistant calls the entities of a new device, as its mqtt component does it."""
    given = {
        identifier: (one.get("default_entity_id") or f".Hallway {one['name']}").partition(".")[2]
        for identifier, one in accepted.items()
    }
    return {
        identifier: f"{accepted[identifier]['platform']}.{slugify(name)}"
        for identifier, name in given.items()
    }


@pytest.mark.parametrize("code", LANGUAGES)
def test_names_are_the_languages_and_entity_ids_the_same_in_all(
    code: Code, accepted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = accepted_in(LANGUAGES[code], monkeypatch)
    assert entity_ids(there) == entity_ids(accepted)
    assert entity_ids(there)["system_cpu"] == "sensor.hallway_cpu_use"
    same = {one for one in there if there[one]["name"] == accepted[one]["name"]}
    if code == "en":
        assert not any("default_entity_id" in one for one in there.values())
    else:
        assert same == {"boiler", "output_fan", "output_valve", "room_co2", "update"}
        assert there["update"]["release_summary"] != accepted["update"]["release_summary"]
