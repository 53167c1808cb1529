"""Thermometers on a 1-Wire bus (DS18B20 and its family), as the kernel's w1_therm gives them.

The kernel answers with the sensor's nine bytes twice: with whether their checksum is right, and
with the temperature in thousandths of a degree. Two right checksums are wrong nonetheless:

- 85 °C exactly is what a sensor holds from its power-on until it has measured: it lost its power.
- Nine zeros have the checksum zero: the bus is shorted.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta
from msgspec.structs import replace

from herdbook.alpaca.sensors.number import beginning_of
from herdbook.alpaca.sensors.plugin import Found, Plugin, Surroundings
from herdbook.alpaca.sensors.settings import ValueSettings
from herdbook.alpaca.sensors.value import Unreadable, ValueSensor

_DEVICES: Final = "sys/bus/w1/devices"
_FAMILIES: Final = "10|22|28|3b|42"  # DS18S20, DS1822, DS18B20, DS1825, DS28EA00
_POWER_ON: Final = 85_000
_ANSWER: Final = re.compile(
    r"(?P<bytes>(?:[0-9a-f]{2} ){9}): crc=[0-9a-f]{2} (?P<right>YES|NO)\n.* t=(?P<t>-?\d{1,7})\n*"
)


class OneWireConfig(ValueSettings, frozen=True, kw_only=True, tag="onewire"):
    """`device` is the sensor's own number, as its folder in `/sys/bus/w1/devices` is called."""

    device: Annotated[str, Meta(pattern=rf"^({_FAMILIES})-[0-9a-f]{{12}}\Z")]


class OneWireSensor(ValueSensor[OneWireConfig]):
    """Reads it anew each time; that takes it most of a second, and one on a bus at a time."""

    patience = 60.0

    def __init__(self, settings: OneWireConfig, surroundings: Surroundings) -> None:
        super().__init__(
            replace(
                settings,
                unit=settings.unit or "°C",
                device_class=settings.device_class or "temperature",
            )
        )
        self._file = surroundings.root / _DEVICES / settings.device / "w1_slave"

    def value(self) -> float:
        """See `ValueSensor`."""
        try:
            answer = beginning_of(self._file)
        except FileNotFoundError as error:
            raise Unreadable(
                "{device} is not on the 1-Wire bus", device=self.settings.device
            ) from error
        return temperature(answer)


def temperature(answer: bytes) -> float:
    """The degrees Celsius in the kernel's answer. Raises `Unreadable`."""
    found = _ANSWER.fullmatch(answer.decode("ascii", "replace"))
    if found is None:
        raise Unreadable("the kernel gives no temperature")
    if found["right"] == "NO":
        raise Unreadable("its checksum is wrong: the wire is disturbed, or too long")
    if not any(bytes.fromhex(found["bytes"])):
        raise Unreadable("it answers nothing but zeros: the bus is shorted")
    thousandths = int(found["t"])
    if thousandths == _POWER_ON:
        raise Unreadable("it says 85 °C, as after each power-on: its supply fails")
    return thousandths / 1000


def _discover(surroundings: Surroundings) -> Iterator[Found]:
    for folder in sorted((surroundings.root / _DEVICES).glob("*-*")):
        if re.fullmatch(rf"(?:{_FAMILIES})-[0-9a-f]{{12}}", folder.name):
            yield Found(
                f"the 1-Wire thermometer {folder.name}, {_shows(folder / 'w1_slave')}",
                {
                    "kind": "onewire",
                    "id": f"onewire_{folder.name[3:]}",
                    "name": f"Thermometer {folder.name[-4:]}",
                    "device": folder.name,
                    "valid": [-55, 125],
                },
            )


def _shows(file: Path) -> str:
    try:
        return f"at {temperature(beginning_of(file)):.1f} °C"
    except Unreadable as error:
        return str(error)
    except OSError as error:
        return f"which cannot be read: {error.strerror}"


PLUGIN = Plugin(OneWireConfig, OneWireSensor, _discover)
