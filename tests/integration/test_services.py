"""The action herdbook.write_entry: whom it is for, and what is said when it fails."""

import asyncio
from typing import Any

import pytest
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
from homeassistant.util.read_only_dict import ReadOnlyDict
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.herdbook.client import connection
from tests.integration.double import GOLDEN, LlamaDouble, until

TEXT = "The heating engineer came."


@pytest.fixture
async def ada(hass: HomeAssistant) -> User:
    """A user with a person, person.ada."""
    user = MockUser(name="ada.lovelace").add_to_hass(hass)
    people = [
        {"id": "ada", "name": "Ada", "user_id": user.id},
        {"id": "guest", "name": "Guest"},
    ]
    assert await async_setup_component(hass, "person", {"person": people})
    await hass.async_block_till_done()
    return user


async def write(hass: HomeAssistant, user: User | None = None, **data: Any) -> None:
    await hass.services.async_call(
        "herdbook",
        "write_entry",
        {"text": TEXT, **data},
        blocking=True,
        context=Context(user_id=user.id if user else None),
    )


async def test_the_calling_user_writes_today(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, ada: User
) -> None:
    await write(hass, ada)
    assert llama.commands == [
        {
            **GOLDEN["write_entry"],
            "person": {"user_id": ada.id, "name": "Ada"},
            "text": TEXT,
            "day": None,
        }
    ]


async def test_a_user_without_a_person_goes_by_the_users_name(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble
) -> None:
    user = MockUser(name="Grace").add_to_hass(hass)
    await write(hass, user)
    assert llama.commands[0]["person"] == {"user_id": user.id, "name": "Grace"}


async def test_for_a_person_of_a_day(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, ada: User
) -> None:
    await write(hass, person="person.ada", day="2026-11-19")
    await write(hass, ada, person="person.guest", config_entry_id=loaded.entry_id)
    assert [(command["person"], command["day"]) for command in llama.commands] == [
        ({"user_id": ada.id, "name": "Ada"}, "2026-11-19"),
        ({"name": "Guest"}, None),
    ]


async def test_a_template_that_makes_a_number_is_text(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, ada: User
) -> None:
    await write(hass, ada, text=42)
    assert llama.commands[0]["text"] == "42"


async def test_the_longest_text(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, ada: User
) -> None:
    await write(hass, ada, text="é" * 100_000)
    assert llama.commands[0]["text"] == "é" * 100_000
    with pytest.raises(ServiceValidationError) as caught:
        await write(hass, ada, text="é" * 100_001)
    assert caught.value.translation_key == "text_too_long"


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"text": None}, "text_missing"),
        ({"text": "  \n"}, "text_missing"),
        ({"text": ["a", "list"]}, "text_missing"),
        ({"text": True}, "text_missing"),
        ({"text": "**REDACTED**"}, "text_redacted"),
        ({"person": "light.ada"}, "person_invalid"),
        ({"person": ["person.ada", "person.guest"]}, "person_invalid"),
        ({"person": "person.nobody"}, "person_not_found"),
        ({"day": "2031-13-45"}, "day_invalid"),
        ({"day": 7}, "day_invalid"),
        ({"config_entry_id": 7}, "config_entry_invalid"),
        ({"texts": "misspelt"}, "field_unknown"),
    ],
)
async def test_fields_that_cannot_be_used(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    llama: LlamaDouble,
    ada: User,
    data: dict[str, Any],
    key: str,
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await write(hass, ada, **data)
    assert caught.value.translation_key == key
    assert llama.commands == []


async def test_nobody_calls(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, ada: User
) -> None:
    system = MockUser(name="Supervisor", system_generated=True).add_to_hass(hass)
    for user in (None, system):
        with pytest.raises(ServiceValidationError) as caught:
            await write(hass, user)
        assert caught.value.translation_key == "person_missing"
    assert llama.commands == []


async def test_data_that_cannot_be_cleared_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, ada: User
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            "herdbook", "write_entry", ReadOnlyDict({"text": TEXT}), blocking=True
        )
    assert caught.value.translation_key == "data_invalid"
    assert llama.commands == []


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("unknown_person", "unknown_person"),
        ("inbox_full", "inbox_full"),
        ("text_too_long", "text_too_long"),
        ("invalid_day", "day_invalid"),
        ("invalid_input", "input_refused"),
        ("storage_failed", "storage_failed"),
        ("internal", "llama_failed"),
        ("of_the_future", "llama_failed"),
    ],
)
async def test_what_the_llama_refuses_is_said_in_other_words(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    llama: LlamaDouble,
    ada: User,
    code: str,
    key: str,
) -> None:
    llama.fail_with(code, message=f"Quoting: {TEXT}")
    with pytest.raises(HomeAssistantError) as caught:
        await write(hass, ada)
    assert caught.value.translation_key == key
    assert TEXT not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_no_llama(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, ada: User
) -> None:
    await llama.stop()
    await until(lambda: hass.states.get("binary_sensor.llama_connection").state == "off")
    with pytest.raises(HomeAssistantError) as caught:
        await write(hass, ada)
    assert caught.value.translation_key == "llama_unreachable"


async def test_a_llama_that_hangs_up_instead_of_answering(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, ada: User
) -> None:
    llama.answer = lambda command: None
    writing = asyncio.create_task(write(hass, ada))
    await until(lambda: llama.commands)
    await llama.hang_up()
    with pytest.raises(HomeAssistantError) as caught:
        await writing
    assert caught.value.translation_key == "llama_silent"


async def test_a_llama_that_does_not_answer(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    llama: LlamaDouble,
    ada: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "COMMAND_TIMEOUT_S", 0.02)
    llama.answer = lambda command: None
    with pytest.raises(HomeAssistantError) as caught:
        await write(hass, ada)
    assert caught.value.translation_key == "llama_silent"


async def test_several_llamas_need_to_be_told_apart(
    hass: HomeAssistant, loaded: MockConfigEntry, llama: LlamaDouble, ada: User
) -> None:
    MockConfigEntry(domain="herdbook", unique_id="another").add_to_hass(hass)
    with pytest.raises(ServiceValidationError, match="multiple"):
        await write(hass, ada)
    await write(hass, ada, config_entry_id=loaded.entry_id)
    assert len(llama.commands) == 1


async def test_it_is_there_before_any_llama(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "herdbook", {})
    with pytest.raises(ServiceValidationError):
        await write(hass)


async def test_every_error_is_translated(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    import re
    from pathlib import Path

    translations = await async_get_translations(hass, "en", "exceptions", {"herdbook"})
    source = "".join(
        path.read_text("utf-8") for path in Path("custom_components/herdbook").glob("*.py")
    )
    used = set(re.findall(r"(?:_invalid|_failed)\(\s*\"(\w+)\"", source))
    used |= set(re.findall(r"translation_key=\"(\w+)\"\n?\s*[,)]", source))
    used -= {"connection", "observations_today", "readings_today", "alpacas_connected"}
    told = {key.split(".")[3] for key in translations}
    assert used == told
