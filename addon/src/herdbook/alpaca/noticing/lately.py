"""Where a measurement was in the last day, against what its hours usually are.

A machine under load is warmer than usual for days, and prices wander for weeks. What an hour should
show then is what is usual at that hour and as much more or less as the last day's hours had.
"""

from collections import deque
from statistics import median
from typing import Final

_HOURS: Final = 24
_LEAST_HOURS: Final = 12


class Lately:
    """The last day's departures from usual, of hours that are numbered one after the other."""

    def __init__(self) -> None:
        self._past: deque[tuple[int, float]] = deque(maxlen=_HOURS)

    def add(self, hour: int, departure: float) -> None:
        """Take a completed hour."""
        self._past.append((hour, departure))

    def departure(self, hour: int) -> float | None:
        """The middle one before an hour; None while less than half a day is known."""
        past = [departure for known, departure in self._past if 0 < hour - known <= _HOURS]
        return median(past) if len(past) >= _LEAST_HOURS else None
