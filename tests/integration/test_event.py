"""Observations: told once each, on the device that MQTT made for the Alpaca."""

import asyncio
import copy
from typing import Any

import pytest
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.integration.double import ATTIC_ID, GOLDEN, NODE_ID, LlamaDouble, until

HALLWAY = "event.hallway_observation"
ATTIC = "event.attic_observation"
OBSERVATION = GOLDEN["event_observation"]["data"]
KINDS = [
    *("above_usual", "below_usual", "sudden_change", "drift", "stuck", "missing"),
    *("first_time", "unusual_time", "long_lasting", "recovered", "asked", "other"),
]


def observation(seq: int, node_id: str = NODE_ID, **members: Any) -> dict[str, Any]:
    return {**OBSERVATION, "id": f"{node_id}:{seq}", "node_id": node_id, **members}


@pytest.fixture
def told(hass: HomeAssistant) -> list[str]:
    """The sentence of each event that an automation would see."""
    sentences: list[str] = []

    @callback
    def remember(event: Event[Any]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        if not old or not new or "unavailable" in (old.state, new.state):
            return
        if old.state != new.state:
            sentences.append(new.attributes["sentence"])

    async_track_state_change_event(hass, [HALLWAY, ATTIC], remember)
    return sentences


@pytest.fixture
def mqtt_device(hass: HomeAssistant) -> Any:
    """Make the device as MQTT discovery does."""
    mqtt = MockConfigEntry(domain="mqtt")
    mqtt.add_to_hass(hass)

    def make(node_id: str = NODE_ID, name: str = "Hallway") -> dr.DeviceEntry:
        return dr.async_get(hass).async_get_or_create(
            config_entry_id=mqtt.entry_id, identifiers={("mqtt", f"herdbook_{node_id}")}, name=name
        )

    return make


async def test_an_observation_with_what_it_rests_on(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    await llama.push(GOLDEN["event_observation"])
    await until(lambda: hass.states.get(HALLWAY).state != "unknown")
    attributes = dict(hass.states.get(HALLWAY).attributes)
    assert attributes.pop("event_types") == KINDS
    assert attributes.pop("friendly_name") == "Observation"
    assert attributes == {
        "event_type": "below_usual",
        "sentence": OBSERVATION["sentence"],
        "sensor": "room_temperature",
        "sensor_name": "Living room temperature",
        "value": 14.2,
        "unit": "°C",
        "usual": [19.0, 22.5],
        "observed_at": "2026-11-20T22:14:03.020+00:00",
        "clock": "unknown",
        "confidence": 0.9,
        "seconds": 1800.0,
        "values": [20.5, 17.0, 14.2],
        "before": 20.5,
        "known_days": 12.0,
    }


async def test_a_kind_of_a_newer_llama_is_other(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    await llama.tell("observation", observation(413, kind="gone_quiet", usual=None))
    await until(lambda: hass.states.get(HALLWAY).attributes["event_type"] == "other")
    assert hass.states.get(HALLWAY).attributes["sentence"] == OBSERVATION["sentence"]


async def test_each_observation_is_told_once(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, told: list[str]
) -> None:
    await llama.tell("observation", observation(413, sentence="first"))
    await llama.tell("observation", observation(413, sentence="first"))
    await llama.tell("observation", observation(412, sentence="before Home Assistant listened"))
    await llama.tell("observation", observation(414, sentence="second"))
    await until(lambda: told[-1:] == ["second"])
    assert told == ["first", "second"]

    # The same after a cut, of which the snapshot tells again.
    llama.snapshot["last_observation"] = observation(414, sentence="second")
    await llama.hang_up()
    await until(lambda: llama.starts == 2)
    await llama.tell("observation", observation(414, sentence="second"))
    await llama.tell("observation", observation(415, sentence="third"))
    await until(lambda: told[-1:] == ["third"])
    assert told == ["first", "second", "third"]


async def test_what_was_observed_during_a_cut_is_told_after_it(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    llama.snapshot["last_observation"] = observation(420, sentence="meanwhile")
    await llama.hang_up()
    await until(lambda: hass.states.get(HALLWAY).attributes.get("sentence") == "meanwhile")


async def test_a_reload_is_no_news(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, told: list[str]
) -> None:
    await llama.tell("observation", observation(413, sentence="first"))
    await until(lambda: told)
    llama.snapshot["last_observation"] = observation(413, sentence="first")
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()
    assert told == ["first"]
    # The entity still shows what it told last.
    assert hass.states.get(HALLWAY).attributes["sentence"] == "first"


async def test_an_approved_alpaca_gets_an_entity_and_its_first_observation_is_seen(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, told: list[str]
) -> None:
    attic = GOLDEN["event_node"]["data"]
    await llama.tell("node", attic)
    await llama.tell("node", {**attic, "approved": True})
    await llama.tell("observation", observation(1, ATTIC_ID, sentence="in the attic"))
    await until(lambda: told == ["in the attic"])


async def test_observations_of_nobody_are_held_within_bounds(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, told: list[str]
) -> None:
    for seq in range(1, 30):
        await llama.tell("observation", observation(seq, ATTIC_ID, sentence=str(seq)))
    await llama.tell("node", {**GOLDEN["event_node"]["data"], "approved": True})
    await until(lambda: told[-1:] == ["29"])
    assert told == [str(seq) for seq in range(22, 30)]


async def test_an_alpaca_that_left_the_herd(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    await llama.tell("node", {**llama.snapshot["nodes"][0], "approved": False})
    await until(lambda: hass.states.get(HALLWAY).state == "unavailable")
    llama.snapshot["nodes"] = []
    await llama.hang_up()
    await until(lambda: hass.states.get(HALLWAY) is None)
    assert er.async_get(hass).async_get(HALLWAY) is None


async def test_an_alpaca_that_was_taken_out_of_the_herd_is_gone_at_once(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    await llama.tell("node_gone", {"node_id": llama.snapshot["nodes"][0]["node_id"]})
    await until(lambda: hass.states.get(HALLWAY) is None)
    assert er.async_get(hass).async_get(HALLWAY) is None


async def test_it_sits_on_the_device_that_mqtt_made(
    hass: HomeAssistant, entry: MockConfigEntry, mqtt_device: Any
) -> None:
    device = mqtt_device()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert er.async_get(hass).async_get(HALLWAY).device_id == device.id
    assert hass.states.get(HALLWAY).name == "Hallway Observation"
    assert dr.async_get(hass).async_get(device.id).config_entry_id == device.config_entry_id
    await hass.config_entries.async_unload(entry.entry_id)


async def test_it_follows_a_device_that_comes_later_goes_and_comes_again(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, mqtt_device: Any
) -> None:
    registry = er.async_get(hass)
    assert registry.async_get(HALLWAY).device_id is None
    mqtt_device(ATTIC_ID, "Attic")
    device = mqtt_device()
    await hass.async_block_till_done()
    assert registry.async_get(HALLWAY).device_id == device.id
    assert hass.states.get(HALLWAY).name == "Hallway Observation"

    dr.async_get(hass).async_remove_device(device.id)
    await hass.async_block_till_done()
    assert registry.async_get(HALLWAY).device_id is None

    again = mqtt_device()
    await hass.async_block_till_done()
    assert registry.async_get(HALLWAY).device_id == again.id
    await llama.tell("observation", copy.deepcopy(observation(413)))
    await until(lambda: hass.states.get(HALLWAY).attributes.get("sentence"))


async def test_an_observation_at_the_moment_of_unloading_does_no_harm(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    await asyncio.gather(
        llama.tell("observation", observation(413)),
        hass.config_entries.async_unload(loaded.entry_id),
    )
    assert hass.states.get(HALLWAY).state == "unavailable"
