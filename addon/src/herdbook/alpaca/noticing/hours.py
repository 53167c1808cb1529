"""What each hour of the last eight weeks showed, and what that makes usual at an hour of the week.

Of an hour three numbers are kept: its lowest, its middle and its highest reading (averages of a
minute). Hours are counted in local time, so that habits keep their place when clocks change.

*Usual* at an hour is what the same hour of the week and its two neighbours showed in up to eight
weeks; and, beside it, what those three hours showed on each of the last fourteen days. The first
knows a Sunday, the second a public holiday and what changed last week.
"""

import math
from array import array
from collections.abc import Iterable, Iterator
from statistics import median
from typing import Final, Self

from msgspec import Struct

from herdbook.alpaca.noticing.scale import Scale

WEEKS: Final = 8
WEEK: Final = 168
DAY: Final = 24
KEPT: Final = WEEKS * WEEK
_DAYS: Final = 14
_RECENT_DAYS: Final = 28
_NEIGHBOURS: Final = (-1, 0, 1)
_TAIL: Final = 0.9
_TAIL_SIGMAS: Final = 1.2816  # of a normal distribution's nine tenths


class Usual(Struct, frozen=True):
    """Where one number usually is: its middle, and a standard deviation to either side."""

    middle: float
    down: float
    up: float

    def beyond(self, value: float, sign: int, least: float) -> float:
        """How far a value is up (1) or down (-1), in deviations that are at least `least`."""
        return sign * (value - self.middle) / max(self.up if sign > 0 else self.down, least)

    def edge(self, deviations: float, sign: int, least: float) -> float:
        """The value that is so far up (1) or down (-1)."""
        return self.middle + sign * deviations * max(self.up if sign > 0 else self.down, least)


class Comparable(Struct, frozen=True):
    """What is usual of the lowest, the middle and the highest number of comparable hours."""

    low: Usual
    middle: Usual
    high: Usual


class Reached(Struct, frozen=True):
    """From where to where the lowest, the middle and the highest number went."""

    low: tuple[float, float]
    middle: tuple[float, float]
    high: tuple[float, float]


class Hours:
    """The hours of one measurement, by the number of the local hour since 1970."""

    PACKED: Final = 3 * KEPT * array("f").itemsize
    """Bytes of its columns."""

    def __init__(self) -> None:
        self._low, self._middle, self._high = (
            array("f", [math.nan]) * KEPT,
            array("f", [math.nan]) * KEPT,
            array("f", [math.nan]) * KEPT,
        )
        self._newest: int | None = None
        self._count = 0

    @property
    def days(self) -> float:
        """How many days' worth of hours are known."""
        return self._count / DAY

    def add(self, hour: int, readings: list[float]) -> None:
        """Take a completed hour with at least one reading. One that comes again takes its place."""
        newest = hour if self._newest is None else self._newest
        if hour <= newest - KEPT:
            return
        for skipped in range(max(newest + 1, hour - KEPT), hour + 1):
            self._forget(skipped % KEPT)
        slot = hour % KEPT
        if math.isnan(self._middle[slot]):
            self._count += 1
        self._low[slot] = min(readings)
        self._middle[slot] = median(readings)
        self._high[slot] = max(readings)
        self._newest = max(newest, hour)

    def same_hour_of_week(self, hour: int, scale: Scale) -> Comparable | None:
        """What was usual at this hour of earlier weeks; None before there is one."""
        hours = [hour - WEEK * week + near for week in range(1, WEEKS + 1) for near in _NEIGHBOURS]
        return self._comparable(hours, 1, scale)

    def same_hour_of_day(self, hour: int, scale: Scale) -> Comparable | None:
        """What was usual at this hour of the last fortnight's days; None before two of them."""
        hours = [hour - DAY * day + near for day in range(1, _DAYS + 1) for near in _NEIGHBOURS]
        return self._comparable(hours, 2, scale)

    def a_day_apart(self) -> list[tuple[float, float]]:
        """The middles of each hour and of the same one a day later, where both are known."""
        if self._newest is None:
            return []
        pairs = []
        for hour in range(self._newest - KEPT + DAY + 1, self._newest + 1):
            before, after = self._middle[(hour - DAY) % KEPT], self._middle[hour % KEPT]
            if not math.isnan(before + after):
                pairs.append((before, after))
        return pairs

    def reached(self, hour: int) -> Reached | None:
        """Between what all but one of the last four weeks' days stayed at this hour."""
        lows, middles, highs = [], [], []
        for day in range(1, _RECENT_DAYS + 1):
            near = [hour - DAY * day + beside for beside in _NEIGHBOURS]
            middle = list(self._known(near, self._middle))
            if middle:
                lows.append(list(self._known(near, self._low)))
                middles.append(middle)
                highs.append(list(self._known(near, self._high)))
        if len(middles) < 2:
            return None
        return Reached(*(_but_one(days) for days in (lows, middles, highs)))

    def of_days(self, day: int) -> tuple[float, float] | None:
        """From where to where the hours' middles go on a usual one of the four weeks before."""
        known = []
        for ago in range(1, _RECENT_DAYS + 1):
            first = (day - ago) * DAY
            if middles := list(self._known(range(first, first + DAY), self._middle)):
                known.append((min(middles), max(middles)))
        if not known:
            return None
        return median(low for low, _ in known), median(high for _, high in known)

    def day(self, day: int) -> tuple[float, float, float] | None:
        """The second least, the middle and the second most of a local day's hours.

        Of each hour its middle. None unless at least half of the day is known.
        """
        middles = sorted(self._known(range(day * DAY, (day + 1) * DAY), self._middle))
        if len(middles) * 2 < DAY:
            return None
        return middles[1], median(middles), middles[-2]

    def span(self, scale: Scale) -> float:
        """How far apart the hours' lowest and highest are, but for the twentieth at either end."""
        lows = sorted(value for value in self._low if not math.isnan(value))
        highs = sorted(value for value in self._high if not math.isnan(value))
        if not lows:
            return 0.0
        rare = len(lows) // 20
        return scale.of(highs[-1 - rare]) - scale.of(lows[rare])

    def packed(self) -> tuple[int, bytes]:
        """The newest hour (-1: none) and all three columns, for `unpack`."""
        columns = (self._low.tobytes(), self._middle.tobytes(), self._high.tobytes())
        return -1 if self._newest is None else self._newest, b"".join(columns)

    @classmethod
    def unpack(cls, newest: int, columns: bytes) -> Self:
        """The hours that `packed` gave. Raises `ValueError` for bytes of another length."""
        if len(columns) != cls.PACKED:
            raise ValueError("these are not eight weeks of hours")
        hours = cls()
        size = cls.PACKED // 3
        for number, name in enumerate(("_low", "_middle", "_high")):
            setattr(hours, name, array("f", columns[number * size : (number + 1) * size]))
        hours._newest = None if newest < 0 else newest
        hours._count = sum(not math.isnan(value) for value in hours._middle)
        return hours

    def _forget(self, slot: int) -> None:
        if not math.isnan(self._middle[slot]):
            self._count -= 1
        self._low[slot] = self._middle[slot] = self._high[slot] = math.nan

    def _known(self, hours: Iterable[int], column: "array[float]") -> Iterator[float]:
        if self._newest is None:
            return
        for hour in hours:
            if self._newest - KEPT < hour <= self._newest:
                value = column[hour % KEPT]
                if not math.isnan(value):
                    yield value

    def _comparable(self, numbers: list[int], least: int, scale: Scale) -> Comparable | None:
        """`least` is how many times the hour itself or its neighbours must be known."""
        low = sorted(self._known(numbers, self._low))
        if len(low) < least * len(_NEIGHBOURS):
            return None
        middle = sorted(self._known(numbers, self._middle))
        high = sorted(self._known(numbers, self._high))
        return Comparable(_usual(low, scale), _usual(middle, scale), _usual(high, scale))


def _but_one(days: list[list[float]]) -> tuple[float, float]:
    """The second least of the days' least, and the second most of their most."""
    return sorted(map(min, days))[1], sorted(map(max, days))[-2]


def _usual(values: list[float], scale: Scale) -> Usual:
    """Of sorted values, on a scale: the median, and the spread to the tenth and the ninth tenth."""
    middle = scale.of(median(values))
    place = round(_TAIL * (len(values) - 1))
    return Usual(
        middle,
        (middle - scale.of(values[-1 - place])) / _TAIL_SIGMAS,
        (scale.of(values[place]) - middle) / _TAIL_SIGMAS,
    )
