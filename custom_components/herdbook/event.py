"""Observations, as an event entity for each Alpaca.

The entity sits on the device that MQTT discovery made for the Alpaca. That device belongs to the
MQTT config entry and may appear after the entity, vanish and come again: the entity follows it.
"""

from typing import Final, override

from homeassistant.components.event import EventEntity
from homeassistant.const import Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .client import Node, Observation
from .const import DOMAIN
from .coordinator import HerdbookConfigEntry, HerdbookCoordinator

PARALLEL_UPDATES = 0

# Not imported from the MQTT integration: its library is installed only where it is set up.
MQTT_DOMAIN: Final = "mqtt"
OTHER: Final = "other"
EVENT_TYPES: Final = [
    "above_usual",
    "below_usual",
    "sudden_change",
    "drift",
    "stuck",
    "missing",
    "first_time",
    "unusual_time",
    "long_lasting",
    "recovered",
    "asked",
    OTHER,
]


async def async_setup_entry(
    hass: HomeAssistant,
    entry: HerdbookConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entity for each approved Alpaca, now and whenever one is approved."""
    coordinator = entry.runtime_data
    known: set[str] = set()

    @callback
    def follow_herd() -> None:
        """Add who is new; forget who left the herd."""
        if not coordinator.last_update_success:
            return
        nodes = coordinator.data.nodes
        approved = {node_id for node_id, node in nodes.items() if node.approved}
        _async_remove_stale(hass, entry, set(nodes))
        async_add_entities(
            ObservationEvent(coordinator, nodes[node_id]) for node_id in sorted(approved - known)
        )
        known.clear()
        known.update(approved)

    follow_herd()
    entry.async_on_unload(coordinator.async_add_listener(follow_herd))


@callback
def _async_remove_stale(hass: HomeAssistant, entry: HerdbookConfigEntry, nodes: set[str]) -> None:
    """Remove the entities of Alpacas that the Llama no longer knows."""
    registry = er.async_get(hass)
    kept = {_unique_id(node_id) for node_id in nodes}
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if entity.domain == Platform.EVENT and entity.unique_id not in kept:
            registry.async_remove(entity.entity_id)


def _unique_id(node_id: str) -> str:
    return f"{node_id}_observation"


class ObservationEvent(CoordinatorEntity[HerdbookCoordinator], EventEntity):
    """The observations of one Alpaca."""

    _attr_has_entity_name = True
    _attr_translation_key = "observation"
    _attr_event_types = EVENT_TYPES

    def __init__(self, coordinator: HerdbookCoordinator, node: Node) -> None:
        """Sit on the Alpaca's device, if MQTT has made it already."""
        super().__init__(coordinator)
        self._node_id = node.node_id
        self._node_name = node.name
        self._attr_unique_id = _unique_id(node.node_id)
        self.device_entry = _mqtt_device(coordinator.hass, node.node_id)

    @property
    @override
    def available(self) -> bool:
        """While the Llama is there and the Alpaca is one of its herd."""
        node = self.coordinator.data.nodes.get(self._node_id)
        return super().available and node is not None and node.approved

    @property
    @override
    def suggested_object_id(self) -> str | None:
        """Name the Alpaca while no device does, or all would be called the same."""
        name = super().suggested_object_id
        return name if self.device_entry else f"{self._node_name} {name}"

    @override
    async def async_added_to_hass(self) -> None:
        """Start listening, to the Llama and to what becomes of the device."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._async_follow_device)
        )
        # Once the entity has a state: a trigger sees changes only, not the first state.
        start = self.hass.loop.call_soon(self._async_listen)
        self.async_on_remove(start.cancel)

    @callback
    def _async_listen(self) -> None:
        self.async_on_remove(self.coordinator.async_listen_to(self._node_id, self._async_observe))

    @callback
    def _async_observe(self, observation: Observation) -> None:
        known = observation.kind in EVENT_TYPES
        self._trigger_event(
            observation.kind if known else OTHER,
            {
                "sentence": observation.sentence,
                "sensor": observation.sensor,
                "sensor_name": observation.sensor_name,
                "value": observation.value,
                "unit": observation.unit,
                "usual": observation.usual and list(observation.usual),
                "observed_at": observation.observed_at.isoformat(timespec="milliseconds"),
                "clock": observation.clock,
                "confidence": observation.confidence,
                "seconds": observation.seconds,
                "values": list(observation.values),
                "before": observation.before,
                "known_days": observation.known_days,
            },
        )
        self.async_write_ha_state()

    @callback
    def _async_follow_device(self, event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        """Move to the Alpaca's device when it appears; Home Assistant unlinks removed ones."""
        if event.data["action"] == "remove" or self.registry_entry is None:
            return
        device = _mqtt_device(self.hass, self._node_id)
        if device is not None and device.id != self.registry_entry.device_id:
            er.async_get(self.hass).async_update_entity(self.entity_id, device_id=device.id)


@callback
def _mqtt_device(hass: HomeAssistant, node_id: str) -> dr.DeviceEntry | None:
    """The device that MQTT discovery made for an Alpaca."""
    registry = dr.async_get(hass)
    identifier = (MQTT_DOMAIN, f"{DOMAIN}_{node_id}")
    for entry in hass.config_entries.async_entries(MQTT_DOMAIN):
        device = registry.async_get_device_by_identifier(identifier, entry.entry_id)
        if device is not None:
            return device
    return None
