"""What becomes of a sample before anybody is told: smoothing and deadband of one measurement.

Both act here, on what a sensor gave, so that every kind has them alike and no plugin has to know of
them. In this order, and each for its own ears:

- *Smoothing* N: the middle one of the last N readings. A single wild one disappears, a step
  passes after half of them, and no value is ever said that was not read. It acts on all that
  follows: the state, the log and what is noticed. A fault begins it anew.
- *Deadband* D: a value that is less than D from the one said last is neither said nor kept, for at
  most five minutes (or an interval, if that is longer). What is noticed hears it nonetheless: a
  sensor that stands still and one that wavers a little are not the same.
"""

from collections import deque
from statistics import median_low
from typing import Final

from herdbook.alpaca.sensors.measurement import Measurement

LONGEST_SILENCE_S: Final = 300.0


class Conditioning:
    """The last samples of one measurement. Times in milliseconds of the monotonic clock."""

    def __init__(self, measurement: Measurement, interval: float) -> None:
        self._last: deque[float] = deque(maxlen=measurement.smoothing)
        self._deadband = measurement.deadband
        self._silence_ms = said_every(measurement, interval) * 1000
        self._said: tuple[float, int] | None = None

    def smoothed(self, value: float) -> float:
        """The value to go on with."""
        self._last.append(value)
        return median_low(self._last)

    def is_news(self, value: float, at_ms: int) -> bool:
        """Whether a smoothed value is to be said and kept; it counts as said then."""
        if self._deadband and self._said is not None:
            said, said_ms = self._said
            if abs(value - said) < self._deadband and at_ms - said_ms < self._silence_ms:
                return False
        self._said = (value, at_ms)
        return True

    def failed(self) -> None:
        """There was no value: nothing before it counts for the next."""
        self._last.clear()
        self._said = None


def said_every(measurement: Measurement, interval: float) -> float:
    """How many seconds may pass from one state of a measurement to the next."""
    return max(interval, LONGEST_SILENCE_S) if measurement.deadband else interval
