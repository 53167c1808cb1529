"""Turns a reading out of its usual range into an observation, in words.

The sentence is built from the evidence and holds no number that is not in it.
"""

from typing import Final

from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.eventlog.event import ObservationPayload
from herdbook.house.baselines import Baseline, Departure

_MOST_DIGITS: Final = 6
_ATTACHED_UNITS: Final = ("%", "°")


class Observer:
    """Watches one measurement that has a `spread`; feed it every value."""

    def __init__(self, measurement: Measurement, spread: float, quiet: float, pace: float) -> None:
        self._measurement = measurement
        self._pace = pace
        self._baseline = Baseline(
            spread=spread,
            quiet=quiet * pace,
            valid=measurement.valid,
            usual=measurement.usual,
        )

    def notice(self, value: float, monotonic_s: float) -> ObservationPayload | None:
        """The observation to be made of a value, if any."""
        departure = self._baseline.update(value, monotonic_s * self._pace)
        return None if departure is None else observation(self._measurement, departure)


def observation(measurement: Measurement, departure: Departure) -> ObservationPayload:
    """The departure with its numbers as precise as the measurement, and its sentence."""
    digits = _telling_digits(measurement.precision, departure)
    value = round(departure.value, digits)
    low, high = (round(limit, digits) for limit in departure.usual)
    unit = measurement.unit
    return ObservationPayload(
        sensor=measurement.id,
        sensor_name=measurement.name,
        kind=departure.kind,
        sentence=(
            f"{measurement.name} is {_quantity(value, digits, unit)}."
            f" It is usually between {_number(low, digits)} and {_quantity(high, digits, unit)}."
        ),
        value=value,
        unit=unit,
        usual=(low, high),
        confidence=departure.confidence,
    )


def _telling_digits(precision: int, departure: Departure) -> int:
    """As many decimals as it takes to see that the value is outside."""
    low, high = departure.usual
    for digits in range(precision, _MOST_DIGITS):
        value = round(departure.value, digits)
        if value > round(high, digits) or value < round(low, digits):
            return digits
    return _MOST_DIGITS


def _quantity(value: float, digits: int, unit: str | None) -> str:
    if unit is None:
        return _number(value, digits)
    space = "" if unit in _ATTACHED_UNITS else " "
    return f"{_number(value, digits)}{space}{unit}"


def _number(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")
