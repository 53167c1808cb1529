"""Whether Home Assistant has its Llama."""

from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import HerdbookConfigEntry
from .entity import LlamaEntity

PARALLEL_UPDATES = 0

CONNECTION = BinarySensorEntityDescription(
    key="connection",
    translation_key="connection",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: HerdbookConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the Llama's connectivity."""
    async_add_entities([LlamaConnection(entry.runtime_data, CONNECTION)])


class LlamaConnection(LlamaEntity, BinarySensorEntity):
    """On while the socket to the Llama is open."""

    @property
    @override
    def available(self) -> bool:
        """Always: saying that the Llama is gone is what it is for."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Whether the Llama is there."""
        return self.coordinator.last_update_success
