"""A sensor that is a number in a file, as the kernel offers them under ``/sys``."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from herdbook.alpaca.sensors.measurement import Fault, Sample
from herdbook.alpaca.sensors.number import number_in
from herdbook.alpaca.sensors.plugin import Found, Plugin, Surroundings
from herdbook.alpaca.sensors.settings import ValueSettings


class FileConfig(ValueSettings, frozen=True, kw_only=True, tag="file"):
    """A number in a file: a thermal zone, hwmon, or what another program writes."""

    path: Annotated[str, Meta(min_length=1)]


class FileSensor:
    """Reads the file anew each time, so that it may come and go."""

    pace = 1.0

    def __init__(self, config: FileConfig) -> None:
        self._config = config
        self.interval = config.interval
        self.quiet = config.quiet
        self._measurement = config.made()
        self.measurements = (self._measurement,)

    def read(self) -> dict[str, Sample]:
        """See `Sensor`."""
        return {self._measurement.id: self._sample()}

    def _sample(self) -> Sample:
        path = self._config.path
        try:
            value = number_in(path)
        except OSError as error:
            return Fault(f"{self._measurement.name}: cannot read {path}: {error.strerror}.")
        except ValueError:  # UnicodeDecodeError is one
            return Fault(f"{self._measurement.name}: {path} holds no number.")
        return self._config.sample(self._measurement, value)


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
