"""The action ``herdbook.write_entry``: Home Assistant writes into a vault it cannot read.

Owns the action's fields, whom an entry is for, and the translation of what can go wrong.
"""

from datetime import date, datetime
from typing import Any, Final

import probatio
from homeassistant.auth.models import User
from homeassistant.components.person.const import DOMAIN as PERSON_DOMAIN
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, State, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import service
from homeassistant.helpers.redact import REDACTED
from homeassistant.util.read_only_dict import ReadOnlyDict

from .client import (
    CannotConnect,
    CommandFailed,
    InboxFull,
    InvalidDay,
    InvalidInput,
    LlamaError,
    Person,
    StorageFailed,
    TextTooLong,
    Unanswered,
    UnknownPerson,
)
from .const import DOMAIN
from .coordinator import HerdbookConfigEntry
from .privacy import SealedText, redact

SERVICE_WRITE_ENTRY: Final = "write_entry"
ATTR_DAY: Final = "day"
ATTR_PERSON: Final = "person"
ATTR_TEXT: Final = "text"
FIELDS: Final = (ATTR_CONFIG_ENTRY_ID, ATTR_DAY, ATTR_PERSON, ATTR_TEXT)

LONGEST_TEXT: Final = 100_000
SOURCE: Final = "Home Assistant"


@callback
def async_setup(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN, SERVICE_WRITE_ENTRY, _async_write_entry, schema=probatio.Schema(_take)
    )


def _take(data: Any) -> dict[str, Any]:
    """Check the fields of a call and take the text out of the caller's dictionary.

    Raises a translated `ServiceValidationError` that holds no value of the call. Then every value
    is taken out: the text may stand in the wrong field.
    """
    # A read-only dictionary cannot be cleared of its text, which would be recorded: refused.
    if not isinstance(data, dict) or isinstance(data, ReadOnlyDict):
        raise _invalid("data_invalid")
    try:
        fields = {
            ATTR_TEXT: SealedText(_text(data.get(ATTR_TEXT))),
            ATTR_PERSON: _person_entity_id(data.get(ATTR_PERSON)),
            ATTR_DAY: _day(data.get(ATTR_DAY)),
            ATTR_CONFIG_ENTRY_ID: _config_entry_id(data.get(ATTR_CONFIG_ENTRY_ID)),
        }
        if not set(data) <= set(FIELDS):
            raise _invalid("field_unknown", fields=", ".join(FIELDS))
    except ServiceValidationError:
        redact(data, *data)
        raise
    redact(data, ATTR_TEXT)
    return fields


def _invalid(key: str, **placeholders: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _invalid("text_missing")
    # Templates turn “42” into a number.
    text = str(value)
    if not text.strip():
        raise _invalid("text_missing")
    if text == REDACTED:
        # The caller hands in the same dictionary a second time.
        raise _invalid("text_redacted")
    if len(text) > LONGEST_TEXT:
        raise _invalid("text_too_long", limit=f"{LONGEST_TEXT:,}")
    return text


def _person_entity_id(value: Any) -> str | None:
    if value is None:
        return None
    try:
        return cv.entity_domain(PERSON_DOMAIN)(value)
    except probatio.Invalid:
        raise _invalid("person_invalid") from None


def _day(value: Any) -> date | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    try:
        return cv.date(value)
    except (probatio.Invalid, ValueError):
        raise _invalid("day_invalid") from None


def _config_entry_id(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise _invalid("config_entry_invalid")
    return value


async def _async_write_entry(call: ServiceCall) -> None:
    entry: HerdbookConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    person = await _async_person(call)
    text: SealedText = call.data[ATTR_TEXT]
    try:
        await entry.runtime_data.async_write_entry(
            person, text.reveal(), day=call.data[ATTR_DAY], source=SOURCE
        )
    except LlamaError as error:
        # Not chained: a traceback would show the Llama's own words, which might quote the text.
        raise _translated(error, person) from None


async def _async_person(call: ServiceCall) -> Person:
    """Whom the entry is for: the person named, otherwise the user who calls."""
    if entity_id := call.data[ATTR_PERSON]:
        state = call.hass.states.get(entity_id)
        if state is None:
            raise _invalid("person_not_found", entity_id=entity_id)
        return Person(user_id=state.attributes.get("user_id"), name=state.name)
    user = await _async_calling_user(call)
    if user is None:
        raise _invalid("person_missing")
    state = _person_of(call.hass, user)
    return Person(user_id=user.id, name=state.name if state else user.name)


async def _async_calling_user(call: ServiceCall) -> User | None:
    """The human who calls; automations and Home Assistant's own users are nobody."""
    if call.context.user_id is None:
        return None
    user = await call.hass.auth.async_get_user(call.context.user_id)
    return None if user is None or user.system_generated else user


@callback
def _person_of(hass: HomeAssistant, user: User) -> State | None:
    states = hass.states.async_all(PERSON_DOMAIN)
    return next((state for state in states if state.attributes.get("user_id") == user.id), None)


def _translated(error: LlamaError, person: Person) -> HomeAssistantError:
    """What the caller is told, in this integration's words."""
    name = person.name or ""
    match error:
        case UnknownPerson():
            return _invalid("unknown_person", person=name)
        case TextTooLong():
            return _invalid("text_too_long", limit=f"{LONGEST_TEXT:,}")
        case InvalidDay():
            return _invalid("day_invalid")
        case InvalidInput():
            return _invalid("input_refused")
        case InboxFull():
            return _failed("inbox_full", person=name)
        case StorageFailed():
            return _failed("storage_failed")
        case Unanswered():
            return _failed("llama_silent")
        case CannotConnect():
            return _failed("llama_unreachable")
        case CommandFailed():
            return _failed("llama_failed", code=error.reason)
        case _:
            return _failed("llama_failed", code=type(error).__name__)


def _failed(key: str, **placeholders: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
