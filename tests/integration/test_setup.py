"""Setting up, losing the Llama, finding it again, unloading."""

import logging

import pytest
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.integration.double import GOLDEN, LLAMA_ID, LlamaDouble, until

OBSERVATIONS = "sensor.llama_observations_today"


async def test_what_a_llama_brings(
    hass: HomeAssistant, loaded: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    device = device_registry.async_get_device_by_identifier(("herdbook", LLAMA_ID), loaded.entry_id)
    assert device is not None
    assert device.name == "Llama"
    assert device.sw_version == "0.1.0"
    assert device.configuration_url == "http://127.0.0.1:8477/"
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert hass.states.get(OBSERVATIONS).state == "3"
    assert hass.states.get("sensor.llama_readings_today").state == "1240"
    assert hass.states.get("sensor.llama_alpacas_connected").state == "1"
    assert hass.states.get("binary_sensor.llama_connection").state == "on"
    # What was observed before Home Assistant listened is no news.
    assert hass.states.get("event.hallway_observation").state == "unknown"


async def test_counts_are_pushed(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    await llama.push(GOLDEN["event_today"])
    await until(lambda: hass.states.get(OBSERVATIONS).state == "4")
    assert hass.states.get("sensor.llama_readings_today").state == "1302"


async def test_an_alpaca_that_goes_offline_is_not_counted(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    await llama.tell("node", {**llama.snapshot["nodes"][0], "online": False})
    await until(lambda: hass.states.get("sensor.llama_alpacas_connected").state == "0")


async def test_a_lost_llama_comes_back(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    llama: LlamaDouble,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await llama.stop()
    await until(lambda: hass.states.get(OBSERVATIONS).state == "unavailable")
    assert hass.states.get("event.hallway_observation").state == "unavailable"
    assert hass.states.get("binary_sensor.llama_connection").state == "off"

    # Several attempts fail in the meantime: they are not each told.
    coordinator = loaded.runtime_data
    first = coordinator.last_exception
    await until(lambda: coordinator.last_exception is not first)

    llama.snapshot["today"]["observations"] = 9
    llama.hello["version"] = "0.2.0"
    await llama.start()
    await until(lambda: hass.states.get(OBSERVATIONS).state == "9")
    assert hass.states.get("binary_sensor.llama_connection").state == "on"
    device = dr.async_get(hass).async_get_device_by_identifier(
        ("herdbook", LLAMA_ID), loaded.entry_id
    )
    assert device is not None
    assert device.sw_version == "0.2.0"
    told = [
        record.levelno
        for record in caplog.records
        if record.name.startswith("custom_components.herdbook") and record.levelno >= logging.INFO
    ]
    assert told == [logging.WARNING, logging.INFO]


async def test_asking_for_an_update_changes_nothing(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    await hass.services.async_call(
        "homeassistant", "update_entity", {"entity_id": [OBSERVATIONS]}, blocking=True
    )
    await hass.async_block_till_done()
    assert hass.states.get(OBSERVATIONS).state == "3"


async def test_a_token_that_stops_working_asks_for_another(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    llama.token = "changed"
    await llama.hang_up()
    flow = await until(lambda: hass.config_entries.flow.async_progress())
    assert flow[0]["context"]["source"] == SOURCE_REAUTH
    # Putting the old token back heals it without a person.
    llama.token = "the-token-of-this-llama"
    await until(lambda: hass.states.get(OBSERVATIONS).state == "3")


async def test_a_malformed_message_ends_the_connection_and_another_is_opened(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    llama: LlamaDouble,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await llama.tell("today", {"day": "not a day", "observations": 1, "readings": 1})
    await until(lambda: llama.starts == 2)
    await until(lambda: hass.states.get(OBSERVATIONS).state == "3")
    assert "“day” is not a date" in caplog.text


async def test_events_of_a_newer_llama_are_passed_over(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    await llama.tell("weather", {"sun": True})
    await llama.push(GOLDEN["event_today"])
    await until(lambda: hass.states.get(OBSERVATIONS).state == "4")
    assert llama.starts == 1


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"llama_id": "0" * 32}, ConfigEntryState.SETUP_ERROR),
        ({"schema": 9, "min_schema": 8}, ConfigEntryState.SETUP_RETRY),
        ({"type": "goodbye"}, ConfigEntryState.SETUP_RETRY),
    ],
)
async def test_a_llama_that_cannot_be_used(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    llama: LlamaDouble,
    change: dict[str, object],
    state: ConfigEntryState,
) -> None:
    llama.hello.update(change)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is state
    assert entry.reason


async def test_a_wrong_token_at_setup(
    hass: HomeAssistant, entry: MockConfigEntry, llama: LlamaDouble
) -> None:
    llama.token = "changed"
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == [
        SOURCE_REAUTH
    ]


async def test_no_llama_at_setup(
    hass: HomeAssistant, entry: MockConfigEntry, llama: LlamaDouble
) -> None:
    await llama.stop()
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason.startswith("The Llama cannot be reached. No Llama answers at")


async def test_another_llama_at_the_address_is_not_spoken_to(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    llama.hello["llama_id"] = "0" * 32
    await llama.hang_up()
    await until(lambda: llama.starts >= 2)
    assert hass.states.get(OBSERVATIONS).state == "unavailable"


async def test_unloading_closes_the_socket(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    assert await hass.config_entries.async_unload(loaded.entry_id)
    await until(lambda: not llama._sockets)
    assert hass.states.get(OBSERVATIONS).state == "unavailable"


async def test_removing_leaves_nothing(
    hass: HomeAssistant, loaded: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    assert await hass.config_entries.async_remove(loaded.entry_id)
    assert not er.async_entries_for_config_entry(entity_registry, loaded.entry_id)


async def test_the_card_is_served_and_loaded(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_client
) -> None:
    from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL

    address = "/herdbook/0.1.0/herdbook-day-card.js"
    assert address in hass.data[DATA_EXTRA_MODULE_URL].urls
    client = await hass_client()
    for file in (
        address,
        *(f"/herdbook/0.1.0/{one}.js" for one in ("day-card", "strings", "style")),
    ):
        response = await client.get(file)
        assert response.status == 200
        assert response.content_type == "text/javascript"
