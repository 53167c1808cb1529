"""Counts of the day and of the herd, on the Llama's device."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import (
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import Herd, HerdbookConfigEntry
from .entity import LlamaEntity

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class HerdbookSensorDescription(SensorEntityDescription):
    """A sensor and where its value stands."""

    value_fn: Callable[[Herd], int]


SENSORS = (
    HerdbookSensorDescription(
        key="observations_today",
        translation_key="observations_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda herd: herd.today.observations,
    ),
    HerdbookSensorDescription(
        key="readings_today",
        translation_key="readings_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda herd: herd.today.readings,
    ),
    HerdbookSensorDescription(
        key="alpacas_connected",
        translation_key="alpacas_connected",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda herd: sum(node.approved and node.online for node in herd.nodes.values()),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: HerdbookConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the Llama's sensors."""
    async_add_entities(HerdbookSensor(entry.runtime_data, description) for description in SENSORS)


class HerdbookSensor(LlamaEntity, SensorEntity):
    """One count."""

    entity_description: HerdbookSensorDescription

    @property
    @override
    def native_value(self) -> int:
        """The count now."""
        return self.entity_description.value_fn(self.coordinator.data)
