"""The action ``herdbook.recall``: what the house noticed, and what it remembers, of something.

Owns the action's fields and its response. It reads the house book alone: no vault can be read from
here.
"""

from datetime import date
from typing import Any, Final

import probatio
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import service
from homeassistant.helpers.redact import REDACTED
from homeassistant.util.read_only_dict import ReadOnlyDict

from .client import (
    CannotConnect,
    CommandFailed,
    InvalidInput,
    LlamaError,
    Memory,
    Observation,
    Recalled,
    Sensor,
    StorageFailed,
)
from .const import DOMAIN
from .coordinator import HerdbookConfigEntry
from .privacy import SealedText, redact

SERVICE_RECALL: Final = "recall"
ATTR_END_DATE: Final = "end_date"
ATTR_KEPT: Final = "kept"
ATTR_LIMIT: Final = "limit"
ATTR_QUERY: Final = "query"
ATTR_START_DATE: Final = "start_date"

LONGEST_QUERY: Final = 500
MOST: Final = 50
FIELDS: Final = probatio.Schema(
    {
        probatio.Required(ATTR_QUERY): probatio.All(
            cv.string, str.strip, probatio.Length(min=1, max=LONGEST_QUERY)
        ),
        probatio.Optional(ATTR_START_DATE): cv.date,
        probatio.Optional(ATTR_END_DATE): cv.date,
        probatio.Optional(ATTR_KEPT, default=False): cv.boolean,
        probatio.Optional(ATTR_LIMIT, default=10): probatio.All(
            probatio.Coerce(int), probatio.Range(min=1, max=MOST)
        ),
        probatio.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
    }
)


@callback
def async_setup(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_RECALL,
        _async_recall,
        schema=probatio.Schema(_take),
        supports_response=SupportsResponse.ONLY,
    )


def _take(data: Any) -> dict[str, Any]:
    """Check the fields, and take the words out of the caller's dictionary: nobody records them."""
    if not isinstance(data, dict) or isinstance(data, ReadOnlyDict):
        raise _invalid("data_invalid")
    try:
        fields: dict[str, Any] = FIELDS(data)
    finally:
        redact(data, ATTR_QUERY)
    if fields[ATTR_QUERY] == REDACTED:
        raise _invalid("text_redacted")
    if fields.get(ATTR_END_DATE, date.max) < fields.get(ATTR_START_DATE, date.min):
        raise _invalid("days_reversed")
    return {**fields, ATTR_QUERY: SealedText(fields[ATTR_QUERY])}


async def _async_recall(call: ServiceCall) -> ServiceResponse:
    entry: HerdbookConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
    )
    first: date | None = call.data.get(ATTR_START_DATE)
    last: date | None = call.data.get(ATTR_END_DATE)
    try:
        recalled = await entry.runtime_data.async_recall(
            call.data[ATTR_QUERY].reveal(),
            first=first,
            last=last,
            kept=call.data[ATTR_KEPT],
            limit=call.data[ATTR_LIMIT],
        )
    except LlamaError as error:
        # Not chained: the Llama's own words might quote what is looked for.
        raise _translated(error) from None
    return _response(recalled)


def _response(recalled: Recalled) -> dict[str, Any]:
    return {
        "observations": [_observation(one) for one in recalled.observations],
        "more_observations": recalled.more,
        "memories": [_memory(one) for one in recalled.memories],
        "sensors": [_sensor(one) for one in recalled.sensors],
    }


def _observation(observation: Observation) -> dict[str, Any]:
    return {
        "sentence": observation.sentence,
        "alpaca": observation.node_name,
        "sensor": observation.sensor,
        "sensor_name": observation.sensor_name,
        "kind": observation.kind,
        "value": observation.value,
        "unit": observation.unit,
        "usual": None if observation.usual is None else list(observation.usual),
        "observed_at": observation.observed_at.isoformat(),
        "clock": observation.clock,
        "confidence": observation.confidence,
    }


def _memory(memory: Memory) -> dict[str, Any]:
    return {
        "sentence": memory.sentence,
        "subject": memory.subject,
        "aspect": memory.aspect,
        "value": memory.value,
        "alpacas": list(memory.nodes),
        "told_at": memory.told_at.isoformat(),
        "clock": memory.clock,
        "confidence": memory.confidence,
        "kept": memory.kept,
        "contradicted": memory.contradicted,
    }


def _sensor(sensor: Sensor) -> dict[str, Any]:
    return {
        "alpaca": sensor.node_name,
        "sensor": sensor.sensor,
        "sensor_name": sensor.sensor_name,
        "unit": sensor.unit,
    }


def _translated(error: LlamaError) -> HomeAssistantError:
    """What the caller is told, in this integration's words."""
    match error:
        case InvalidInput():
            return _invalid("question_refused")
        case StorageFailed():
            return _failed("storage_unreadable")
        case CannotConnect():
            return _failed("llama_no_answer")
        case CommandFailed():
            return _failed("llama_failed", code=error.reason)
        case _:
            return _failed("llama_failed", code=type(error).__name__)


def _invalid(key: str) -> ServiceValidationError:
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=key)


def _failed(key: str, **placeholders: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
