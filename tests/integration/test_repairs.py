"""An Alpaca that waits is a repair, and fixing it approves the Alpaca."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.integration.double import ATTIC_ID, GOLDEN, LlamaDouble, until

ATTIC = GOLDEN["event_node"]["data"]


def issues(hass: HomeAssistant) -> list[ir.IssueEntry]:
    return [issue for issue in ir.async_get(hass).issues.values() if issue.domain == "herdbook"]


@pytest.fixture
async def issue(hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble) -> ir.IssueEntry:
    await llama.push(GOLDEN["event_node"])
    return (await until(lambda: issues(hass)))[0]


async def open_flow(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, issue: ir.IssueEntry
) -> tuple[Any, dict[str, Any]]:
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    answer = await client.post(
        "/api/repairs/issues/fix", json={"handler": "herdbook", "issue_id": issue.issue_id}
    )
    return client, await answer.json()


async def submit(client: Any, flow: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    return dict(await answer.json())


async def test_it_names_the_alpaca_and_its_fingerprint(issue: ir.IssueEntry) -> None:
    assert issue.is_fixable
    assert issue.translation_key == "approve_alpaca_namesake", "its name is known, its key is not"
    assert issue.translation_placeholders == {
        "name": "Attic",
        "fingerprint": "pjwk-6ylb-nvzg-c43f-obzg-k33h-mq",
    }


async def test_fixing_approves(
    hass: HomeAssistant,
    issue: ir.IssueEntry,
    llama: LlamaDouble,
    hass_client: ClientSessionGenerator,
) -> None:
    client, flow = await open_flow(hass, hass_client, issue)
    assert flow["step_id"] == "confirm"
    assert flow["description_placeholders"]["fingerprint"] == ATTIC["fingerprint"]
    assert llama.commands == []
    result = await submit(client, flow)
    assert result["type"] == "create_entry"
    assert [(command["type"], command["node_id"]) for command in llama.commands] == [
        ("approve_node", ATTIC_ID)
    ]


@pytest.mark.parametrize("how", ["approved", "gone", "unloaded"])
async def test_it_goes_away_by_itself(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    issue: ir.IssueEntry,
    llama: LlamaDouble,
    how: str,
) -> None:
    if how == "approved":
        await llama.tell("node", {**ATTIC, "approved": True})
    elif how == "gone":
        await llama.hang_up()
    else:
        await hass.config_entries.async_unload(loaded.entry_id)
    await until(lambda: not issues(hass))


async def test_a_llama_that_is_gone_can_be_waited_for(
    hass: HomeAssistant,
    issue: ir.IssueEntry,
    llama: LlamaDouble,
    hass_client: ClientSessionGenerator,
) -> None:
    client, flow = await open_flow(hass, hass_client, issue)
    llama.snapshot["nodes"].append(ATTIC)
    await llama.stop()
    await until(lambda: hass.states.get("binary_sensor.llama_connection").state == "off")
    flow = await submit(client, flow)
    assert flow["errors"] == {"base": "llama_unreachable"}
    await llama.start()
    await until(lambda: hass.states.get("binary_sensor.llama_connection").state == "on")
    assert (await submit(client, flow))["type"] == "create_entry"


async def test_what_the_llama_refuses(
    hass: HomeAssistant,
    issue: ir.IssueEntry,
    llama: LlamaDouble,
    hass_client: ClientSessionGenerator,
) -> None:
    client, flow = await open_flow(hass, hass_client, issue)
    llama.fail_with("storage_failed")
    flow = await submit(client, flow)
    assert flow["errors"] == {"base": "llama_failed"}
    llama.fail_with("unknown_node")
    assert (await submit(client, flow))["reason"] == "alpaca_gone"


async def test_a_llama_that_was_removed_meanwhile(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    issue: ir.IssueEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    client, flow = await open_flow(hass, hass_client, issue)
    await hass.config_entries.async_remove(loaded.entry_id)
    assert (await submit(client, flow))["reason"] == "llama_gone"
