"""The first visit to Home Assistant, made by code: a person, a token, config entries, restarts.

Owns what a household clicks once; everything here can be repeated and changes nothing then.
"""

from typing import Any, Final

import aiohttp

from demo.errors import DemoError
from demo.folder import Folder
from demo.hass_api import HassApi

USERNAME: Final = "demo"
NAME: Final = "Demo"


async def sign_in(folder: Folder, url: str) -> str:
    """A long-lived access token of the demo's person, who is made at the first start."""
    token = folder.recall("hass_token")
    if isinstance(token, str):
        return token
    client_id = f"{url}/"
    async with aiohttp.ClientSession(url) as session:
        person = {
            "client_id": client_id,
            "name": NAME,
            "username": USERNAME,
            "password": folder.secret("hass_password"),
            "language": "en",
        }
        async with session.post("/api/onboarding/users", json=person) as response:
            if response.status != 200:
                raise DemoError(
                    f"Home Assistant would not make the demo's user: {await response.text()}",
                    fix="Delete the demo's state folder and start it again.",
                )
            code = (await response.json())["auth_code"]
        form = {"grant_type": "authorization_code", "code": code, "client_id": client_id}
        async with session.post("/auth/token", data=form) as response:
            access = (await response.json())["access_token"]
    async with HassApi(url, access) as hass:
        token = await hass.command(
            "auth/long_lived_access_token", client_name="Herdbook demo", lifespan=3650
        )
    folder.remember("hass_token", token)
    return str(token)


async def add_mqtt(hass: HassApi, port: int) -> None:
    """Set up Home Assistant's MQTT integration for the demo's broker."""
    if await _entries(hass, "mqtt"):
        return
    await _walk(
        hass,
        "mqtt",
        {
            "broker": "127.0.0.1",
            "port": port,
            "protocol": "5",
            "other_settings": {"set_client_cert": False, "set_ca_cert": "off", "transport": "tcp"},
        },
    )


async def add_herdbook(hass: HassApi, url: str, token: str) -> None:
    """Set up the Herdbook integration for a Llama's API."""
    if await _entries(hass, "herdbook"):
        return
    await _walk(hass, "herdbook", {"url": url, "token": token})


async def loaded(hass: HassApi, domain: str) -> bool:
    """Whether an integration's one entry is loaded."""
    return [entry["state"] for entry in await _entries(hass, domain)] == ["loaded"]


async def _entries(hass: HassApi, domain: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = await hass.command("config_entries/get", domain=domain)
    return entries


async def _walk(hass: HassApi, domain: str, answers: dict[str, Any]) -> None:
    flows = "/api/config/config_entries/flow"
    form = await hass.post(flows, {"handler": domain, "show_advanced_options": False})
    result = await hass.post(f"{flows}/{form['flow_id']}", answers)
    if result["type"] != "create_entry":
        raise DemoError(f"Home Assistant would not set up {domain}: {result.get('errors')}.")
