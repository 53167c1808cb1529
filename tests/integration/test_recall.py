"""The action herdbook.recall: what it asks, what it gives, and what is said when it fails."""

from typing import Any

import probatio
import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.redact import REDACTED
from homeassistant.util.read_only_dict import ReadOnlyDict
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from tests.integration.double import GOLDEN, LlamaDouble

RESULT = GOLDEN["recall_result"]["result"]


async def recall(hass: HomeAssistant, **data: Any) -> Any:
    return await hass.services.async_call(
        "herdbook", "recall", {"query": "stuffy", **data}, blocking=True, return_response=True
    )


async def test_it_asks_the_llama(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    await recall(
        hass,
        query=" stuffy living room ",
        start_date="2026-11-01",
        end_date="2026-11-20",
        limit=20,
        config_entry_id=loaded.entry_id,
    )
    asked = {name: value for name, value in GOLDEN["recall"].items() if value is not None}
    assert llama.commands == [{**asked, "id": llama.commands[0]["id"]}]
    await recall(hass, kept=True)
    assert llama.commands[1]["kept"] is True
    assert llama.commands[1]["first"] is None
    assert llama.commands[1]["limit"] == 10


async def test_it_gives_what_the_house_knows(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    response = await recall(hass)
    [observation] = response["observations"]
    [golden] = RESULT["observations"]
    assert observation["sentence"] == golden["sentence"]
    assert observation["alpaca"] == "Hallway"
    assert observation["usual"] == [420.0, 1100.0]
    assert response["more_observations"] is False
    [memory] = response["memories"]
    assert memory["sentence"] == "The bathroom takes 20 minutes to air."
    assert memory["alpacas"] == ["Attic", "Hallway"]
    assert memory["told_at"] == "2026-11-18T07:30:00+00:00"
    [sensor] = response["sensors"]
    assert sensor.pop("sensor_name") == "Living room CO₂"
    assert sensor == {"alpaca": "Hallway", "sensor": "room_co2", "unit": "ppm"}


async def test_what_is_looked_for_is_told_nobody(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    calls = async_capture_events(hass, "call_service")
    data = {"query": "a private question"}
    await hass.services.async_call("herdbook", "recall", data, blocking=True, return_response=True)
    await hass.async_block_till_done()
    assert data == {"query": REDACTED}
    assert calls
    assert all("private" not in str(call.data) for call in calls)
    for again in (data, ReadOnlyDict({"query": "x"})):
        with pytest.raises(ServiceValidationError):
            await hass.services.async_call(
                "herdbook", "recall", again, blocking=True, return_response=True
            )
    assert len(llama.commands) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"query": " "},
        {"query": "x" * 501},
        {"start_date": "yesterday"},
        {"limit": 0},
        {"limit": 51},
        {"person": "person.ada"},
    ],
)
async def test_what_cannot_be_asked_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, wrong: dict[str, Any]
) -> None:
    with pytest.raises(probatio.Invalid):
        await recall(hass, **wrong)
    assert llama.commands == []


async def test_a_time_that_ends_before_it_begins_is_said(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    with pytest.raises(ServiceValidationError) as raised:
        await recall(hass, start_date="2026-11-21", end_date="2026-11-20")
    assert raised.value.translation_key == "days_reversed"
    assert llama.commands == []
    await recall(hass, start_date="2026-11-20", end_date="2026-11-20")


@pytest.mark.parametrize(
    ("code", "key", "kind"),
    [
        ("invalid_input", "question_refused", ServiceValidationError),
        ("storage_failed", "storage_unreadable", HomeAssistantError),
        ("internal", "llama_failed", HomeAssistantError),
    ],
)
async def test_what_fails_is_said_in_words(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    llama: LlamaDouble,
    code: str,
    key: str,
    kind: type[HomeAssistantError],
) -> None:
    llama.fail_with(code)
    with pytest.raises(kind) as raised:
        await recall(hass)
    assert raised.value.translation_key == key


async def test_a_llama_that_is_away_or_talks_nonsense(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    llama.answer = lambda command: {"id": command["id"], "type": "result", "result": {"more": 1}}
    with pytest.raises(HomeAssistantError) as raised:
        await recall(hass)
    assert raised.value.translation_key == "llama_failed"
    await loaded.runtime_data.async_close()
    with pytest.raises(HomeAssistantError) as raised:
        await recall(hass)
    assert raised.value.translation_key == "llama_no_answer"
