"""A sensor with one value. Owns what becomes of a value, and of why there is none."""

from abc import ABC, abstractmethod

from herdbook.alpaca.sensors.measurement import Fault, Sample
from herdbook.alpaca.sensors.settings import ValueSettings


class Unreadable(Exception):
    """There is no value now; `str()` is why, in a few words that follow the sensor's name."""


class ValueSensor[Settings: ValueSettings](ABC):
    """See `herdbook.alpaca.sensors.measurement.Sensor`. A kind of its own says what `value` is."""

    pace = 1.0

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.interval = settings.interval
        self.quiet = settings.quiet
        self.measurement = settings.made()
        self.measurements = (self.measurement,)

    @abstractmethod
    def value(self) -> float:
        """What is read, before `scale`. Raises `Unreadable` or `OSError` when nothing is."""

    def read(self) -> dict[str, Sample]:
        """See `Sensor`."""
        return {self.measurement.id: self._sample()}

    def _sample(self) -> Sample:
        try:
            return self.settings.sample(self.measurement, self.value())
        except Unreadable as error:
            return Fault(f"{self.measurement.name}: {error}.")
        except OSError as error:
            return Fault(f"{self.measurement.name}: {error.strerror or error}.")
