"""What an Alpaca can read: one module per kind, all behind the one small protocol `Sensor`."""

from herdbook.alpaca.config import AlpacaConfig, FileConfig, RoomConfig, SensorConfig, SystemConfig
from herdbook.alpaca.sensors.file import FileSensor
from herdbook.alpaca.sensors.measurement import Sensor
from herdbook.alpaca.sensors.room import RoomSensor
from herdbook.alpaca.sensors.system import SystemSensor
from herdbook.clock import Clock


def open_sensors(config: AlpacaConfig, clock: Clock) -> list[Sensor]:
    """The sensors of a configuration, in its order."""
    return [_open(sensor, clock) for sensor in config.sensor]


def _open(config: SensorConfig, clock: Clock) -> Sensor:
    match config:
        case SystemConfig():
            return SystemSensor(config, clock)
        case RoomConfig():
            return RoomSensor(config, clock)
        case FileConfig():
            return FileSensor(config)
