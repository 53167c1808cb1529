"""A sensor with one value. Owns what becomes of a value, and of why there is none."""

from abc import ABC, abstractmethod

from herdbook.alpaca.sensors.measurement import Fault, Sample
from herdbook.alpaca.sensors.settings import ValueSettings
from herdbook.alpaca.words.phrase import Field, Phrase


class Unreadable(Exception):
    """There is no value now, and why: in a few English words that follow the sensor's name.

    What varies in them may be named, as in `Phrase`; then they can be told in other languages.
    """

    def __init__(self, english: str, **fields: Field) -> None:
        self.phrase = Phrase.of(english, **fields)
        super().__init__(str(self.phrase))


def fault_of(name: str, error: Exception) -> Fault:
    """That something of this name has no value, and why."""
    why: Field = str(error)
    if isinstance(error, Unreadable):
        why = error.phrase
    elif isinstance(error, OSError) and error.strerror:
        why = error.strerror
    return Fault.of("{name}: {why}.", name=name, why=why)


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
        except (Unreadable, OSError) as error:
            return fault_of(self.measurement.name, error)
