"""The demo's dashboard: the day card beside the Alpaca's device. Owns its configuration."""

from typing import Any, Final

from demo.hass_api import HassApi
from demo.herd_device import HerdDevice

PATH: Final = "herdbook-demo"
_ROOM: Final = "Living room"
_ROOM_ID: Final = "_living_room_"
# The simulated room lives an hour in a minute: a tenth of an hour shows six of its hours.
_TREND_HOURS: Final = 0.1


def address(url: str) -> str:
    """Where the dashboard is, in Home Assistant at `url`."""
    return f"{url}/{PATH}"


async def save(hass: HassApi, device: HerdDevice) -> None:
    """Write the dashboard and make it what Home Assistant opens with."""
    existing = await hass.command("lovelace/dashboards/list")
    if not any(one["url_path"] == PATH for one in existing):
        await hass.command(
            "lovelace/dashboards/create",
            url_path=PATH,
            title="Herdbook",
            icon="mdi:notebook-heart-outline",
            mode="storage",
        )
    await hass.command("lovelace/config/save", url_path=PATH, config=_config(device))
    await hass.command("frontend/set_system_data", key="core", value={"default_panel": PATH})


def _config(device: HerdDevice) -> dict[str, Any]:
    room = [one for one in device.entities if _ROOM_ID in one]
    machine = [one for one in device.of("sensor") if one not in room]
    return {
        "views": [
            {
                "title": "Home",
                "type": "sections",
                "max_columns": 2,
                "sections": [
                    _section(
                        {"type": "custom:herdbook-day-card"},
                        _heading(device.name, "mdi:chip"),
                        {
                            "type": "entities",
                            "entities": [
                                {"entity": one, "name": device.entities[one]} for one in machine
                            ],
                        },
                    ),
                    _section(
                        _heading(_ROOM, "mdi:sofa"),
                        *(_tile(one, _name_in_room(device.entities[one])) for one in room),
                    ),
                ],
            }
        ]
    }


def _section(*cards: dict[str, Any]) -> dict[str, Any]:
    return {"type": "grid", "cards": list(cards)}


def _heading(text: str, icon: str) -> dict[str, Any]:
    return {"type": "heading", "heading": text, "icon": icon}


def _name_in_room(name: str) -> str:
    short = name.removeprefix(f"{_ROOM} ")
    return short[:1].upper() + short[1:]


def _tile(entity: str, name: str) -> dict[str, Any]:
    tile: dict[str, Any] = {"type": "tile", "entity": entity, "name": name}
    if entity.startswith("sensor."):
        tile["features"] = [{"type": "trend-graph", "hours_to_show": _TREND_HOURS}]
        tile["grid_options"] = {"columns": 12}
    return tile
