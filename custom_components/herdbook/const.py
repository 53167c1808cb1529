"""Names that more than one file of the integration needs."""

import logging
from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "herdbook"
LOGGER: Final = logging.getLogger(__package__)
PLATFORMS: Final = [Platform.BINARY_SENSOR, Platform.EVENT, Platform.SENSOR]
