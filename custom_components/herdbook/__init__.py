"""Herdbook: a journal for a household, kept by its people and by the house.

Connects Home Assistant to one Llama for each config entry.
"""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from . import card, recall, services
from .const import DOMAIN, PLATFORMS
from .coordinator import HerdbookConfigEntry, HerdbookCoordinator
from .repairs import async_track_waiting_nodes

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions and the card: they are there before any Llama answers."""
    services.async_setup(hass)
    recall.async_setup(hass)
    await card.async_setup(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: HerdbookConfigEntry) -> bool:
    """Connect to a Llama."""
    coordinator = HerdbookCoordinator(hass, entry)
    entry.async_on_unload(coordinator.async_close)
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator
    async_track_waiting_nodes(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_create_background_task(hass, coordinator.async_run(), f"{DOMAIN} {entry.title}")
    return True


async def async_unload_entry(hass: HomeAssistant, entry: HerdbookConfigEntry) -> bool:
    """Take the entities away; the connection closes after them."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
