"""A sensor that is a number in a file, as the kernel offers them under ``/sys``."""

import os
import stat
from typing import Final

from herdbook.alpaca.config import FileConfig
from herdbook.alpaca.sensors.measurement import Fault, Measurement, Sample, checked

_MAX_BYTES: Final = 256
_SPREAD_DIGITS: Final = 5  # the least spread, in units of the last digit shown


class FileSensor:
    """Reads the file anew each time, so that it may come and go."""

    pace = 1.0

    def __init__(self, config: FileConfig) -> None:
        self._config = config
        self.interval = config.interval
        self.quiet = config.quiet
        self._measurement = Measurement(
            id=config.id,
            name=config.name,
            unit=config.unit,
            device_class=config.device_class,
            state_class=config.state_class,
            precision=config.precision,
            spread=_SPREAD_DIGITS * 10.0**-config.precision,
            valid=config.valid,
            usual=config.usual,
        )
        self.measurements = (self._measurement,)

    def read(self) -> dict[str, Sample]:
        """See `Sensor`."""
        return {self._measurement.id: self._sample()}

    def _sample(self) -> Sample:
        path = self._config.path
        try:
            text = _beginning_of(path).decode("ascii").strip()
            if "_" in text:
                raise ValueError  # Python reads 1_000; a sensor does not write it
            value = float(text)
        except OSError as error:
            return Fault(f"{self._measurement.name}: cannot read {path}: {error.strerror}.")
        except ValueError:  # UnicodeDecodeError is one
            return Fault(f"{self._measurement.name}: {path} holds no number.")
        return checked(self._measurement, value * self._config.scale)


def _beginning_of(path: str) -> bytes:
    """Up to `_MAX_BYTES` of a regular file; a pipe or a device is refused, for it might block."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a regular file")
        return os.read(descriptor, _MAX_BYTES)
    finally:
        os.close(descriptor)
