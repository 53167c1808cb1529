"""The ADS1115: a voltage at one of its four inputs."""

from collections.abc import Iterator
from typing import Annotated, Final

from adafruit_ads1x15 import ADS1115, AnalogIn
from msgspec import Meta
from msgspec.structs import replace

from herdbook.alpaca.sensors.i2c.bus import Bus
from herdbook.alpaca.sensors.i2c.chip import Address, BusNumber, Chip, answering, asked
from herdbook.alpaca.sensors.plugin import Found, Plugin, Surroundings
from herdbook.alpaca.sensors.settings import ValueSettings
from herdbook.alpaca.sensors.value import ValueSensor

_ADDRESSES: Final = (0x48, 0x49, 0x4A, 0x4B)
_CONFIG_REGISTER: Final = b"\x01"
_AFTER_POWER_ON: Final = b"\x85\x83"
# The largest voltage that is told apart, and the driver's word for it.
_GAINS: Final = {6.144: 2 / 3, 4.096: 1, 2.048: 2, 1.024: 4, 0.512: 8, 0.256: 16}


class Ads1115Config(ValueSettings, frozen=True, kw_only=True, tag="ads1115"):
    """Input `channel` of an ADS1115 at `address`, 0x48 to 0x4b, of `bus`, up to `range` volts."""

    channel: Annotated[int, Meta(ge=0, le=3)]
    bus: BusNumber = 1
    address: Address = 0x48
    range: float = 4.096

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.range not in _GAINS:
            raise ValueError(f"“range” must be one of {', '.join(map(str, _GAINS))}")


class Ads1115Sensor(ValueSensor[Ads1115Config]):
    """Measures anew at each reading; several may share one chip."""

    def __init__(self, settings: Ads1115Config, surroundings: Surroundings) -> None:
        voltage = settings.unit is None and settings.device_class is None
        super().__init__(
            replace(settings, unit="V", device_class="voltage") if voltage else settings
        )
        bus = surroundings.shared(Bus, settings.bus)
        self._chip = Chip(bus, settings.address, self._made)

    def value(self) -> float:
        """See `ValueSensor`: volts."""
        return self._chip.ask(lambda driver: AnalogIn(driver, self.settings.channel).voltage)

    def _made(self, bus: Bus, address: int) -> ADS1115:
        return ADS1115(bus, gain=_GAINS[self.settings.range], address=address)


def _discover(surroundings: Surroundings) -> Iterator[Found]:
    def is_one(bus: Bus, address: int) -> bool:
        # Other chips have these addresses, too. One that was used since its power-on is not known.
        return asked(bus, address, _CONFIG_REGISTER, 2) == _AFTER_POWER_ON

    for bus, address in answering(surroundings, _ADDRESSES, is_one):
        yield Found(
            f"an ADS1115 (four voltages) at {address:#04x} of the I²C bus {bus}",
            {
                "kind": "ads1115",
                "id": "ads1115_0",
                "name": "Voltage 0",
                "channel": 0,
                "bus": bus,
                "address": address,
                "precision": 3,
            },
        )


PLUGIN = Plugin(Ads1115Config, Ads1115Sensor, _discover)
