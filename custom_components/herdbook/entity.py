"""What the Llama's own entities share: its device, and being gone when it is."""

from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import HerdbookCoordinator


class LlamaEntity(CoordinatorEntity[HerdbookCoordinator]):
    """An entity on the Llama's device."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: HerdbookCoordinator, description: EntityDescription) -> None:
        """Take its name from the description's key."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.hello.llama_id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, coordinator.hello.llama_id)})
