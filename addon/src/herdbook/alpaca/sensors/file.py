"""A sensor that is a number in a file, as the kernel offers them under ``/sys``."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from herdbook.alpaca.sensors.number import number_in
from herdbook.alpaca.sensors.plugin import Found, Plugin, Surroundings
from herdbook.alpaca.sensors.settings import ValueSettings
from herdbook.alpaca.sensors.value import Unreadable, ValueSensor


class FileConfig(ValueSettings, frozen=True, kw_only=True, tag="file"):
    """A number in a file: a thermal zone, hwmon, or what another program writes."""

    path: Annotated[str, Meta(min_length=1)]


class FileSensor(ValueSensor[FileConfig]):
    """Reads the file anew each time, so that it may come and go."""

    def value(self) -> float:
        """See `ValueSensor`."""
        path = self.settings.path
        try:
            return number_in(path)
        except OSError as error:
            raise Unreadable(
                "cannot read {path}: {error}", path=path, error=str(error.strerror)
            ) from error
        except ValueError as error:
            raise Unreadable("{path} holds no number", path=path) from error


def _open(config: FileConfig, _surroundings: Surroundings) -> FileSensor:
    return FileSensor(config)


def _discover(surroundings: Surroundings) -> Iterator[Found]:
    """The kernel's thermal zones."""
    for zone in sorted((surroundings.root / "sys/class/thermal").glob("thermal_zone*")):
        try:
            kind = (zone / "type").read_text("ascii").strip()
            value = number_in(zone / "temp") / 1000
        except (OSError, ValueError):
            continue  # a zone that is switched off
        yield Found(
            f"the thermal zone {kind}, at {value:.1f} °C",
            {
                "kind": "file",
                "id": zone.name.replace("thermal_zone", "thermal_"),
                "name": f"Temperature of {kind}",
                "path": f"/{(zone / 'temp').relative_to(surroundings.root)}",
                "unit": "°C",
                "device_class": "temperature",
                "scale": 0.001,
                "valid": [-40, 150],
            },
        )


PLUGIN = Plugin(FileConfig, _open, _discover)
