"""The sensors of a configuration, opened."""

from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.sensors.measurement import Sensor
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.alpaca.sensors.registry import Registry


def open_sensors(config: AlpacaConfig, surroundings: Surroundings) -> list[Sensor]:
    """In the order of the file. Raises `ConfigError` for those that cannot be."""
    kinds = Registry()
    return [kinds.open(settings, surroundings) for settings in config.sensor]
