"""Serves the dashboard card and has the frontend load it. Owns its address."""

from pathlib import Path
from typing import Final

from homeassistant.components import frontend
from homeassistant.components.http.server import StaticPathConfig
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from .const import DOMAIN

FOLDER: Final = Path(__file__).parent / "frontend"


async def async_setup(hass: HomeAssistant) -> None:
    """Register the card's folder and module.

    The version stands in the path, not in a query: browsers keep these files for a month, and the
    card's own imports must change their address with it.
    """
    integration = await async_get_integration(hass, DOMAIN)
    address = f"/{DOMAIN}/{integration.version}"
    await hass.http.async_register_static_paths([StaticPathConfig(address, str(FOLDER))])
    frontend.add_extra_js_url(hass, f"{address}/herdbook-day-card.js")
