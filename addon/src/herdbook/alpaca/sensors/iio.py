"""Sensors that have a driver in the kernel's Industrial I/O: one channel of one device.

`in_<channel>_input` is the value. Where there is none it is (`_raw` + `_offset`) × `_scale`, of the
channel or of its kind. Units are those of the kernel's ABI (testing/sysfs-bus-iio), here turned
into those that people use.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from msgspec import Meta
from msgspec.structs import replace

from herdbook.alpaca.sensors.number import beginning_of, number_in
from herdbook.alpaca.sensors.plugin import Found, Plugin, Surroundings
from herdbook.alpaca.sensors.settings import ValueSettings
from herdbook.alpaca.sensors.value import Unreadable, ValueSensor

_DEVICES: Final = "sys/bus/iio/devices"


class _Quantity(NamedTuple):
    """What the kernel's number times `factor` is in `unit`."""

    factor: float
    unit: str | None
    device_class: str | None
    precision: int


_NUMBER: Final = _Quantity(1, None, None, 1)
_QUANTITIES: Final = {
    "concentration_co2": _Quantity(10_000, "ppm", "carbon_dioxide", 0),
    "current": _Quantity(0.001, "A", "current", 3),
    "humidityrelative": _Quantity(0.001, "%", "humidity", 1),
    "illuminance": _Quantity(1, "lx", "illuminance", 1),
    "power": _Quantity(0.001, "W", "power", 2),
    "pressure": _Quantity(10, "hPa", "atmospheric_pressure", 1),
    "temp": _Quantity(0.001, "°C", "temperature", 1),
    "voltage": _Quantity(0.001, "V", "voltage", 3),
}


class IioConfig(ValueSettings, frozen=True, kw_only=True, tag="iio"):
    """`device` is what its `name` says, or its number as `iio:device0`; `channel` as in `in_…`.

    What the channel measures gives `unit`, `device_class` and the factor before `scale`.
    """

    device: Annotated[str, Meta(pattern=r"^[^/\x00-\x1f]{1,64}\Z")]
    channel: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,63}\Z")]


class IioSensor(ValueSensor[IioConfig]):
    """Looks for its device each time: numbers change when one is pulled out and put back."""

    def __init__(self, settings: IioConfig, surroundings: Surroundings) -> None:
        quantity = _quantity(settings.channel)
        super().__init__(
            replace(
                settings,
                unit=settings.unit or quantity.unit,
                device_class=settings.device_class or quantity.device_class,
            )
        )
        self._factor = quantity.factor
        self._devices = surroundings.root / _DEVICES

    def value(self) -> float:
        """See `ValueSensor`."""
        device = next((one for one in _folders(self._devices) if self._is_it(one)), None)
        if device is None:
            raise Unreadable("there is no IIO device {device}", device=self.settings.device)
        try:
            return channel_value(device, self.settings.channel) * self._factor
        except FileNotFoundError as error:
            raise Unreadable(
                "{device} has no channel {channel}",
                device=self.settings.device,
                channel=self.settings.channel,
            ) from error
        except ValueError as error:
            raise Unreadable("{device} gives no number", device=self.settings.device) from error

    def _is_it(self, folder: Path) -> bool:
        return self.settings.device in {folder.name, _name(folder)}


def channel_value(device: Path, channel: str) -> float:
    """A channel in the kernel's own unit. Raises `OSError` and `ValueError`."""
    processed = device / f"in_{channel}_input"
    if processed.exists():
        return number_in(processed)
    raw = number_in(device / f"in_{channel}_raw")
    offset, scale = _of(device, channel, "offset"), _of(device, channel, "scale")
    return (raw + (offset or 0.0)) * (1.0 if scale is None else scale)


def _of(device: Path, channel: str, what: str) -> float | None:
    """The channel's own, or that of all of its kind, if any."""
    for name in (channel, re.split(r"[\d_-]", channel)[0]):
        path = device / f"in_{name}_{what}"
        if path.exists():
            return number_in(path)
    return None


def _quantity(channel: str) -> _Quantity:
    fitting = (one for kind, one in _QUANTITIES.items() if re.match(rf"{kind}(?![a-z])", channel))
    return next(fitting, _NUMBER)


def _folders(devices: Path) -> list[Path]:
    return sorted(devices.glob("iio:device*"))


def _name(folder: Path) -> str | None:
    try:
        return beginning_of(folder / "name").decode("utf-8", "replace").strip()
    except OSError:
        return None  # it was pulled out a moment ago


def _discover(surroundings: Surroundings) -> Iterator[Found]:
    for folder in _folders(surroundings.root / _DEVICES):
        device = _name(folder) or folder.name
        channels = {
            match[1]
            for file in folder.glob("in_*")
            if (match := re.fullmatch(r"in_([a-z][a-z0-9_-]*)_(?:input|raw)", file.name))
        }
        for channel in sorted(channels):
            yield Found(
                f"the channel {channel} of the IIO device {device}",
                {
                    "kind": "iio",
                    "id": re.sub(r"[^a-z0-9]+", "_", f"{device}_{channel}".lower())[:32].strip("_"),
                    "name": f"{device} {channel}"[:64],
                    "device": device,
                    "channel": channel,
                    "precision": _quantity(channel).precision,
                },
            )


PLUGIN = Plugin(IioConfig, IioSensor, _discover)
