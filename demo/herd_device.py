"""What Home Assistant shows of one Alpaca. Owns finding its device and entities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demo.hass_api import HassApi


@dataclass(frozen=True)
class HerdDevice:
    """An Alpaca's device in Home Assistant; `entities` are entity ids with their names on it.

    `unique_ids` are those of all its entities, those disabled too.
    """

    device_id: str
    name: str
    entities: Mapping[str, str]
    unique_ids: frozenset[str]

    def ending(self, suffix: str) -> str:
        """The one entity whose id ends so; an empty string when there is none."""
        return next((one for one in self.entities if one.endswith(suffix)), "")

    def of(self, domain: str) -> tuple[str, ...]:
        """The entities of one domain."""
        return tuple(one for one in self.entities if one.startswith(f"{domain}."))


async def find_device(hass: HassApi, node_id: str) -> HerdDevice | None:
    """The device that MQTT discovery made for a node, or None when there is none yet."""
    for device in await hass.command("config/device_registry/list"):
        if any(node_id in identifier for _, identifier in device["identifiers"]):
            found = [
                entity
                for entity in await hass.command("config/entity_registry/list")
                if entity["device_id"] == device["id"]
            ]
            found.sort(key=_order)
            return HerdDevice(
                device["id"],
                device["name"],
                {
                    one["entity_id"]: one["name"] or one["original_name"]
                    for one in found
                    if not one["disabled_by"]
                },
                frozenset(one["unique_id"] for one in found),
            )
    return None


def _order(entity: dict[str, Any]) -> tuple[bool, str]:
    # Diagnostics after what the house is about.
    return entity["entity_category"] is not None, entity["entity_id"]
