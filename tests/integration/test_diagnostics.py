"""A bug report holds no secret and nothing of the house's life."""

import json

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.integration.double import GOLDEN, LLAMA_ID, TOKEN, LlamaDouble, until


async def test_diagnostics(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    llama: LlamaDouble,
    hass_client: ClientSessionGenerator,
) -> None:
    await llama.push(GOLDEN["event_observation"])
    await until(lambda: hass.states.get("event.hallway_observation").state != "unknown")
    report = await get_diagnostics_for_config_entry(hass, hass_client, loaded)
    assert report["connected"] is True
    assert report["llama"]["version"] == "0.1.0"
    assert report["today"] == {"day": "2026-11-20", "observations": 3, "readings": 1240}
    assert [node["online"] for node in report["nodes"]] == [True]
    text = json.dumps(report, ensure_ascii=False)
    for secret in (TOKEN, LLAMA_ID, "127.0.0.1", "Hallway", "Living room"):
        assert secret not in text
