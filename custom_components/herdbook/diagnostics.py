"""What a bug report may hold: versions and states; no secret, nothing of the house's life."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant

from .coordinator import HerdbookConfigEntry

SECRET: Final = {CONF_TOKEN, CONF_URL, "panel_url", "llama_id", "name"}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: HerdbookConfigEntry
) -> dict[str, Any]:
    """The state of the connection and of the herd."""
    coordinator = entry.runtime_data
    error = coordinator.last_exception
    today = coordinator.data.today
    return {
        "entry": async_redact_data(entry.data, SECRET),
        "connected": coordinator.last_update_success,
        "last_error": type(error).__name__ if error else None,
        "llama": async_redact_data(asdict(coordinator.hello), SECRET),
        "today": {**asdict(today), "day": today.day.isoformat()},
        "nodes": [
            async_redact_data(asdict(node), SECRET) for node in coordinator.data.nodes.values()
        ],
    }
