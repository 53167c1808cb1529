"""The BME280: temperature, humidity and pressure."""

from collections.abc import Iterator, Mapping
from typing import Final

from adafruit_bme280.basic import (  # type: ignore[import-untyped]
    Adafruit_BME280_I2C as Driver,
)
from msgspec.structs import replace

from herdbook.alpaca.sensors.i2c.bus import Bus
from herdbook.alpaca.sensors.i2c.chip import (
    Address,
    Chip,
    ChipSensor,
    ChipSettings,
    answering,
    asked,
)
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.alpaca.sensors.plugin import Found, Plugin, Surroundings

_CHIP_ID_REGISTER: Final = b"\xd0"
_CHIP_ID: Final = b"\x60"
_MEASURED: Final = (
    Measurement(
        "temperature", "temperature", "number", "°C", "temperature", precision=1, spread=0.5,
        valid=(-40, 85),
    ),
    Measurement(
        "humidity", "humidity", "number", "%", "humidity", precision=1, spread=3, valid=(0, 100)
    ),
    Measurement(
        "pressure", "pressure", "number", "hPa", "atmospheric_pressure", precision=1, spread=2,
        valid=(300, 1100),
    ),
)  # fmt: skip


class Bme280Config(ChipSettings, frozen=True, kw_only=True, tag="bme280"):
    """A BME280 at `address`, 0x76 or 0x77, of `bus`."""

    address: Address = 0x76


def _open(settings: Bme280Config, surroundings: Surroundings) -> ChipSensor[Driver]:
    def values(driver: Driver) -> Mapping[str, float]:
        return {
            f"{settings.id}_temperature": driver.temperature,
            f"{settings.id}_humidity": driver.relative_humidity,
            f"{settings.id}_pressure": driver.pressure,
        }

    measurements = [
        surroundings.named(replace(one, id=f"{settings.id}_{one.id}"), settings.name)
        for one in _MEASURED
    ]
    bus = surroundings.shared(Bus, settings.bus)
    return ChipSensor(settings, measurements, Chip(bus, settings.address, Driver), values)


def _discover(surroundings: Surroundings) -> Iterator[Found]:
    def is_one(bus: Bus, address: int) -> bool:
        return asked(bus, address, _CHIP_ID_REGISTER, 1) == _CHIP_ID

    for bus, address in answering(surroundings, (0x76, 0x77), is_one):
        yield Found(
            f"a BME280 (temperature, humidity, pressure) at {address:#04x} of the I²C bus {bus}",
            {"kind": "bme280", "id": "bme280", "name": "Air", "bus": bus, "address": address},
        )


PLUGIN = Plugin(Bme280Config, _open, _discover)
