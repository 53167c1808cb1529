"""The text of an entry is nowhere in what Home Assistant keeps, shows or logs.

A canary goes through the action by every way there is; then everything is searched for it.
"""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from homeassistant.components.recorder import Recorder
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, MATCH_ALL
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.herdbook.privacy import SealedText
from tests.integration.double import LlamaDouble

CANARY = "the canary sang in the journal"
# How an automation comes by a text that does not stand in its YAML.
TEMPLATE = "{{ 'the canary ' ~ 'sang in ' ~ 'the journal' }}"
AUTOMATION = {
    "id": "writer",
    "alias": "Writer",
    "triggers": {"trigger": "event", "event_type": "write_now"},
    "actions": [
        {
            "action": "herdbook.write_entry",
            "data": {
                "text": TEMPLATE,
                "person": "person.ada",
                "day": "{{ trigger.event.data.day }}",
            },
        }
    ],
}


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: Any) -> None:
    """The recorder's database comes before Home Assistant."""


@pytest.fixture
def persistent_database() -> bool:
    """A database file, to be searched as bytes."""
    return True


@pytest.fixture
async def fired(hass: HomeAssistant) -> list[Event[Any]]:
    events: list[Event[Any]] = []

    @callback
    def remember(event: Event[Any]) -> None:
        events.append(event)

    hass.bus.async_listen(MATCH_ALL, remember)
    return events


@pytest.fixture
async def house(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    fired: list[Event[Any]],
    caplog: pytest.LogCaptureFixture,
) -> MockUser:
    """Home Assistant with all that records; everything is logged. The user Ada."""
    user = MockUser(name="Ada", is_owner=True).add_to_hass(hass)
    people = [{"id": "ada", "name": "Ada", "user_id": user.id}]
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "person", {"person": people})
    for component in ("api", "websocket_api", "logbook", "history", "trace", "system_log"):
        assert await async_setup_component(hass, component, {})
    assert await async_setup_component(hass, "automation", {"automation": [AUTOMATION]})
    writer = {"sequence": AUTOMATION["actions"], "fields": {}}
    writer = json.loads(json.dumps(writer).replace("{{ trigger.event.data.day }}", "2026-11-20"))
    assert await async_setup_component(hass, "script", {"script": {"writer": writer}})
    await hass.async_block_till_done()
    caplog.set_level(logging.DEBUG)
    # They repeat what is searched for in the database itself, and drown the rest.
    for noisy in ("sqlalchemy.engine", "homeassistant.components.recorder"):
        caplog.set_level(logging.WARNING, logger=noisy)
    return user


async def search(
    hass: HomeAssistant,
    fired: list[Event[Any]],
    caplog: pytest.LogCaptureFixture,
    hass_storage: dict[str, Any],
) -> None:
    """Fail if the canary stands anywhere."""
    await async_wait_recording_done(hass)
    database = Path(hass.data["recorder_instance"].db_url.removeprefix("sqlite:///"))
    files = list(database.parent.glob("*"))
    assert b"herdbook" in b"".join(file.read_bytes() for file in files)
    for file in files:
        assert CANARY.encode() not in file.read_bytes(), file
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert CANARY not in json.dumps(hass_storage, default=repr)
    for event in fired:
        assert CANARY not in repr(event.as_dict())
    for record in caplog.records:
        raw = "homeassistant.components.websocket_api.http"
        # At debug level Home Assistant logs every WebSocket message before anything reads it.
        if record.name.startswith(raw) and "Received" in record.msg:
            continue
        assert CANARY not in record.getMessage(), record.name
        assert CANARY not in (record.exc_text or ""), record.name
    for record in hass.data["system_log"].records.values():
        assert CANARY not in json.dumps(record.to_dict(), default=repr)


async def write(hass: HomeAssistant, user: MockUser, **data: Any) -> None:
    await hass.services.async_call(
        "herdbook",
        "write_entry",
        {"text": CANARY, **data},
        blocking=True,
        context=Context(user_id=user.id),
    )


def test_sealed_text_shows_itself_to_nobody() -> None:
    sealed = SealedText(CANARY)
    assert sealed.reveal() == CANARY
    for shown in (repr(sealed), str(sealed), f"{sealed}", f"{[sealed]}", f"{sealed!r:>20}"):
        assert "canary" not in shown


async def test_called_from_python(
    hass: HomeAssistant,
    house: MockUser,
    llama: LlamaDouble,
    fired: list[Event[Any]],
    caplog: pytest.LogCaptureFixture,
    hass_storage: dict[str, Any],
) -> None:
    await write(hass, house)
    assert [command["text"] for command in llama.commands] == [CANARY]
    calls = [event.data for event in fired if event.event_type == "call_service"]
    assert calls[-1]["service_data"] == {"text": "**REDACTED**"}
    await search(hass, fired, caplog, hass_storage)


async def test_called_over_the_websocket(
    hass: HomeAssistant,
    house: MockUser,
    llama: LlamaDouble,
    hass_ws_client: WebSocketGenerator,
    fired: list[Event[Any]],
    caplog: pytest.LogCaptureFixture,
    hass_storage: dict[str, Any],
) -> None:
    client = await hass_ws_client(hass)
    for data in (
        {"text": CANARY, "person": "person.ada"},
        {"text": CANARY, "person": "person.nobody"},
        {"text": CANARY, "day": CANARY},
        {"text": [CANARY]},
        {"txt": CANARY},
    ):
        await client.send_json_auto_id(
            {
                "type": "call_service",
                "domain": "herdbook",
                "service": "write_entry",
                "service_data": data,
            }
        )
        answer = await client.receive_json()
        assert answer["success"] is (data.get("person") == "person.ada")
        assert CANARY not in json.dumps(answer)
    await client.close()
    assert [command["text"] for command in llama.commands] == [CANARY]
    await search(hass, fired, caplog, hass_storage)


async def test_called_over_rest(
    hass: HomeAssistant,
    house: MockUser,
    llama: LlamaDouble,
    hass_client: ClientSessionGenerator,
    fired: list[Event[Any]],
    caplog: pytest.LogCaptureFixture,
    hass_storage: dict[str, Any],
) -> None:
    client = await hass_client()
    for data, status in (
        ({"text": CANARY, "person": "person.ada"}, 200),
        ({"text": CANARY, "person": "person.nobody"}, 400),
        ({"text": CANARY, "extra": CANARY}, 400),
        ([CANARY], 400),
    ):
        response = await client.post("/api/services/herdbook/write_entry", json=data)
        assert response.status == status
        assert CANARY not in await response.text()
    assert [command["text"] for command in llama.commands] == [CANARY]
    await search(hass, fired, caplog, hass_storage)


@pytest.mark.parametrize("code", [None, "inbox_full", "internal"])
async def test_written_by_an_automation(
    hass: HomeAssistant,
    house: MockUser,
    llama: LlamaDouble,
    hass_ws_client: WebSocketGenerator,
    fired: list[Event[Any]],
    caplog: pytest.LogCaptureFixture,
    hass_storage: dict[str, Any],
    code: str | None,
) -> None:
    if code:
        llama.fail_with(code, message=f"Quoting: {CANARY}")
    hass.bus.async_fire("write_now", {"day": "2026-11-20"})
    await hass.async_block_till_done()
    assert [command["text"] for command in llama.commands] == [CANARY]

    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "trace/list", "domain": "automation"})
    runs = (await client.receive_json())["result"]
    await client.send_json_auto_id(
        {
            "type": "trace/get",
            "domain": "automation",
            "item_id": "writer",
            "run_id": runs[0]["run_id"],
        }
    )
    trace = (await client.receive_json())["result"]
    await client.close()
    step = trace["trace"]["action/0"][0]
    assert step["result"]["params"]["service_data"]["text"] == "**REDACTED**"
    assert step["result"]["params"]["service_data"]["day"] == "2026-11-20"
    assert CANARY not in json.dumps(trace)
    await search(hass, fired, caplog, hass_storage)
    assert hass_storage["trace.saved_traces"]["data"]["automation.writer"]


async def test_written_by_an_automation_that_is_refused(
    hass: HomeAssistant,
    house: MockUser,
    llama: LlamaDouble,
    fired: list[Event[Any]],
    caplog: pytest.LogCaptureFixture,
    hass_storage: dict[str, Any],
) -> None:
    hass.bus.async_fire("write_now", {"day": "not a day"})
    await hass.async_block_till_done()
    assert llama.commands == []
    await search(hass, fired, caplog, hass_storage)
    assert hass_storage["trace.saved_traces"]["data"]["automation.writer"]


async def test_written_by_a_script(
    hass: HomeAssistant,
    house: MockUser,
    llama: LlamaDouble,
    fired: list[Event[Any]],
    caplog: pytest.LogCaptureFixture,
    hass_storage: dict[str, Any],
) -> None:
    await hass.services.async_call("script", "writer", {}, blocking=True)
    assert [command["text"] for command in llama.commands] == [CANARY]
    await search(hass, fired, caplog, hass_storage)
    assert hass_storage["trace.saved_traces"]["data"]["script.writer"]


async def test_a_call_that_nobody_waits_for_and_that_fails(
    hass: HomeAssistant,
    house: MockUser,
    llama: LlamaDouble,
    fired: list[Event[Any]],
    caplog: pytest.LogCaptureFixture,
    hass_storage: dict[str, Any],
) -> None:
    llama.fail_with("internal", message=f"Quoting: {CANARY}")
    await hass.services.async_call(
        "herdbook",
        "write_entry",
        {"text": CANARY, "person": "person.ada"},
        blocking=False,
    )
    await hass.async_block_till_done()
    assert [command["text"] for command in llama.commands] == [CANARY]
    assert "Error executing service: <ServiceCall herdbook.write_entry" in caplog.text
    await search(hass, fired, caplog, hass_storage)


async def test_the_same_data_twice_is_not_written_as_a_marker(
    hass: HomeAssistant, house: MockUser, llama: LlamaDouble
) -> None:
    data = {"text": CANARY, "person": "person.ada"}
    await hass.services.async_call("herdbook", "write_entry", data, blocking=True)
    with pytest.raises(HomeAssistantError, match="taken out"):
        await hass.services.async_call("herdbook", "write_entry", data, blocking=True)
    assert [command["text"] for command in llama.commands] == [CANARY]
