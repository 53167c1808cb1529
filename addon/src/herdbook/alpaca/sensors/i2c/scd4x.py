"""The SCD40 and SCD41: carbon dioxide, temperature and humidity, measured every five seconds."""

from collections.abc import Iterator, Mapping
from typing import Final

from adafruit_scd4x import SCD4X  # type: ignore[import-untyped]
from msgspec.structs import replace

from herdbook.alpaca.sensors.i2c.bus import Bus
from herdbook.alpaca.sensors.i2c.chip import Chip, ChipSensor, ChipSettings, answering, asked
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.alpaca.sensors.plugin import Found, Plugin, Surroundings
from herdbook.alpaca.sensors.value import Unreadable
from herdbook.clock import Clock

_ADDRESS: Final = 0x62  # it has no other
_IS_DATA_READY: Final = b"\xe4\xb8"
_STALE_MS: Final = 30_000
_MEASURED: Final = (
    Measurement(
        "co2", "CO₂", "number", "ppm", "carbon_dioxide", spread=50, valid=(250, 40_000)
    ),
    Measurement(
        "temperature", "temperature", "number", "°C", "temperature", precision=1, spread=0.5,
        valid=(-10, 60),
    ),
    Measurement(
        "humidity", "humidity", "number", "%", "humidity", precision=0, spread=3, valid=(0, 100)
    ),
)  # fmt: skip


class Scd4xConfig(ChipSettings, frozen=True, kw_only=True, tag="scd4x"):
    """An SCD40 or SCD41 on `bus`."""


class _Air:
    """Asks a driver for its newest values, and starts one that has stopped to measure."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self.chip = Chip(bus, _ADDRESS, self._made)
        self._clock = clock
        self._new_ms = 0
        self._any = False

    def values(self, driver: SCD4X) -> Mapping[str, float]:
        """By the part of the id."""
        if driver.data_ready:
            self._new_ms, self._any = self._clock.monotonic_ms(), True
        elif self._clock.monotonic_ms() - self._new_ms > _STALE_MS:
            self.chip.forget()
            raise Unreadable("the chip does not measure; it is started again")
        elif not self._any:
            raise Unreadable("the chip has just been started; it takes five seconds")
        return {
            "co2": float(driver.CO2),
            "temperature": driver.temperature,
            "humidity": driver.relative_humidity,
        }

    def _made(self, bus: Bus, address: int) -> SCD4X:
        driver = SCD4X(bus, address)
        driver.start_periodic_measurement()
        self._new_ms, self._any = self._clock.monotonic_ms(), False
        return driver


def _open(settings: Scd4xConfig, surroundings: Surroundings) -> ChipSensor[SCD4X]:
    air = _Air(surroundings.shared(Bus, settings.bus), surroundings.clock)

    def values(driver: SCD4X) -> Mapping[str, float]:
        return {f"{settings.id}_{part}": value for part, value in air.values(driver).items()}

    measurements = [
        surroundings.named(replace(one, id=f"{settings.id}_{one.id}"), settings.name)
        for one in _MEASURED
    ]
    return ChipSensor(settings, measurements, air.chip, values)


def _discover(surroundings: Surroundings) -> Iterator[Found]:
    def is_one(bus: Bus, address: int) -> bool:
        answer = asked(bus, address, _IS_DATA_READY, 3)
        return _crc8(answer[:2]) == answer[2]

    for bus, address in answering(surroundings, (_ADDRESS,), is_one):
        yield Found(
            f"an SCD4x (CO₂, temperature, humidity) at {address:#04x} of the I²C bus {bus}",
            {"kind": "scd4x", "id": "scd4x", "name": "Air", "bus": bus},
        )


def _crc8(data: bytes) -> int:
    """Sensirion's checksum: polynomial 0x31, beginning with 0xff."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31 if crc & 0x80 else crc << 1) & 0xFF
    return crc


PLUGIN = Plugin(Scd4xConfig, _open, _discover)
