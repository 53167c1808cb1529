"""Setting up, reauthenticating, reconfiguring, and what is said when that does not work."""

from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.integration.double import LLAMA_ID, TOKEN, LlamaDouble


async def start(hass: HomeAssistant) -> Any:
    return await hass.config_entries.flow.async_init("herdbook", context={"source": SOURCE_USER})


async def fill(hass: HomeAssistant, flow: Any, **typed: str) -> Any:
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], typed)
    await hass.async_block_till_done()
    return result


async def test_set_up(hass: HomeAssistant, llama: LlamaDouble) -> None:
    flow = await start(hass)
    assert flow["type"] is FlowResultType.FORM
    assert flow["errors"] == {}
    result = await fill(hass, flow, url=f" {llama.url} ", token=f"{TOKEN}\n")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Llama"
    assert result["data"] == {CONF_URL: llama.url, CONF_TOKEN: TOKEN}
    assert result["result"].unique_id == LLAMA_ID
    await hass.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.parametrize(
    ("spoil", "typed", "errors"),
    [
        ({}, {"url": "a llama"}, {"url": "invalid_url"}),
        ({}, {"token": "wrong"}, {"token": "invalid_auth"}),
        ({}, {"url": "http://127.0.0.1:1"}, {"base": "cannot_connect"}),
        ({"schema": 9, "min_schema": 9}, {}, {"base": "unsupported_schema"}),
        ({"type": "goodbye"}, {}, {"base": "not_a_llama"}),
    ],
)
async def test_errors_name_what_is_wrong_and_can_be_mended(
    hass: HomeAssistant,
    llama: LlamaDouble,
    spoil: dict[str, Any],
    typed: dict[str, str],
    errors: dict[str, str],
) -> None:
    good = dict(llama.hello)
    llama.hello.update(spoil)
    flow = await start(hass)
    flow = await fill(hass, flow, **{"url": llama.url, "token": TOKEN, **typed})
    assert flow["type"] is FlowResultType.FORM
    assert flow["errors"] == errors

    llama.hello = good
    result = await fill(hass, flow, url=llama.url, token=TOKEN)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.config_entries.async_unload(result["result"].entry_id)


async def test_the_same_llama_twice(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    address = llama.url + "/"
    result = await fill(hass, await start(hass), url=address, token=TOKEN)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert loaded.data[CONF_URL] == address


async def test_reauthenticate(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    llama.token = "new"
    flow = await loaded.start_reauth_flow(hass)
    flow = await fill(hass, flow, token="wrong")
    assert flow["errors"] == {"token": "invalid_auth"}
    result = await fill(hass, flow, token="new")
    assert result["reason"] == "reauth_successful"
    assert loaded.data == {CONF_URL: llama.url, CONF_TOKEN: "new"}


async def test_reconfigure(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    flow = await loaded.start_reconfigure_flow(hass)
    flow = await fill(hass, flow, url="http://127.0.0.1:1", token=TOKEN)
    assert flow["errors"] == {"base": "cannot_connect"}
    address = llama.url + "/"
    result = await fill(hass, flow, url=address, token=TOKEN)
    assert result["reason"] == "reconfigure_successful"
    assert loaded.data == {CONF_URL: address, CONF_TOKEN: TOKEN}


@pytest.mark.parametrize("flow_of", ["start_reauth_flow", "start_reconfigure_flow"])
async def test_another_llama_is_not_taken_for_this_one(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, flow_of: str
) -> None:
    llama.hello["llama_id"] = "0" * 32
    flow = await getattr(loaded, flow_of)(hass)
    typed = {"token": TOKEN} if "reauth" in flow_of else {"url": llama.url, "token": TOKEN}
    result = await fill(hass, flow, **typed)
    assert result["reason"] == "wrong_llama"
