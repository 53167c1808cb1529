"""The blueprint that makes a notification of an observation, run by Home Assistant."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from homeassistant.components import automation
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.notify import DOMAIN as NOTIFY
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util import yaml as yaml_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from tests.integration.double import GOLDEN, LlamaDouble, until

PATH = Path("blueprints/automation/herdbook/observation_notification.yaml")
HALLWAY = "event.hallway_observation"
OBSERVATION = GOLDEN["event_observation"]["data"]


def ago(**units: int) -> str:
    return (datetime.now(UTC) - timedelta(**units)).isoformat()


def quiet(start: int, end: int) -> dict[str, str]:
    """Quiet hours from `start` to `end`, in hours from now."""
    now = datetime.now(UTC)
    return {
        "quiet_from": f"{now + timedelta(hours=start):%H:%M:%S}",
        "quiet_to": f"{now + timedelta(hours=end):%H:%M:%S}",
    }


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """A configuration folder with the blueprint in it."""
    folder = Path(hass_tmp_config_dir) / "blueprints" / "automation" / "herdbook"
    folder.mkdir(parents=True)
    (folder / PATH.name).write_text(PATH.read_text("utf-8"), "utf-8")
    return hass_tmp_config_dir


@pytest.fixture
def inputs() -> dict[str, Any]:
    return {}


@pytest.fixture
async def sent(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    inputs: dict[str, Any],
) -> list[ServiceCall]:
    """The notifications of an automation made from the blueprint."""
    await hass.config.async_set_time_zone("UTC")
    calls = async_mock_service(hass, NOTIFY, "send_message")
    made = {
        "use_blueprint": {
            "path": "herdbook/observation_notification.yaml",
            "input": {"observations": [HALLWAY], "notify": ["notify.phone"], **inputs},
        }
    }
    assert await async_setup_component(hass, "automation", {"automation": made})
    await hass.async_block_till_done()
    assert hass.states.get("automation.automation_0").state == "on"
    return calls


async def observe(hass: HomeAssistant, llama: LlamaDouble, **members: Any) -> None:
    before = hass.states.get(HALLWAY)
    await llama.tell("observation", {**OBSERVATION, "observed_at": ago(), **members})
    await until(lambda: hass.states.get(HALLWAY) != before)
    await hass.async_block_till_done()


async def test_an_observation_becomes_a_notification(
    hass: HomeAssistant, sent: list[ServiceCall], llama: LlamaDouble
) -> None:
    await observe(hass, llama)
    assert [call.data for call in sent] == [
        {
            "entity_id": ["notify.phone"],
            "title": "Observation",
            "message": OBSERVATION["sentence"],
        }
    ]


async def test_a_llama_that_was_away_is_no_observation(
    hass: HomeAssistant, sent: list[ServiceCall], llama: LlamaDouble
) -> None:
    await observe(hass, llama)
    await llama.hang_up()
    await until(lambda: llama.starts == 2)
    await until(lambda: hass.states.get(HALLWAY).state != "unavailable")
    await hass.async_block_till_done()
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("inputs", "members", "told"),
    [
        ({"confidence": 90}, {}, True),
        ({"confidence": 95}, {}, False),
        ({}, {"observed_at": ago(hours=2)}, False),
        ({"age": {"hours": 3}}, {"observed_at": ago(hours=2)}, True),
        ({}, {"observed_at": "1970-01-01T00:10:00+00:00", "clock": "unset"}, True),
        (quiet(-1, 1), {}, False),
        (quiet(-1, -2), {}, False),
        (quiet(1, 2), {}, True),
        (quiet(1, -1), {}, True),
        ({}, {"kind": "gone_quiet"}, True),
    ],
)
async def test_choosing_what_to_tell(
    hass: HomeAssistant,
    sent: list[ServiceCall],
    llama: LlamaDouble,
    members: dict[str, Any],
    told: bool,
) -> None:
    await observe(hass, llama, **members)
    assert len(sent) == told


@pytest.mark.parametrize(
    "inputs",
    [
        {
            "notify": [],
            "actions": [
                {
                    "action": "test.light",
                    "data": {"what": "{{ sentence }}", "value": "{{ observation.value }}"},
                }
            ],
        }
    ],
)
async def test_more_actions(
    hass: HomeAssistant, sent: list[ServiceCall], llama: LlamaDouble
) -> None:
    lights = async_mock_service(hass, "test", "light")
    await observe(hass, llama)
    assert sent == []
    assert [call.data for call in lights] == [{"what": OBSERVATION["sentence"], "value": 14.2}]


def test_it_is_a_valid_blueprint() -> None:
    Blueprint(
        yaml_util.load_yaml(PATH),
        expected_domain=automation.DOMAIN,
        path=str(PATH),
        schema=automation.config.AUTOMATION_BLUEPRINT_SCHEMA,
    )
