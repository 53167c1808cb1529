"""What is usual for a sensor, and when a value is not. Arithmetic only: no I/O, no own clock.

Values are in the sensor's unit, times in seconds on any clock that never goes back.

*What is usual.* Either a configured range, or one that is learned from the last week: four robust
standard deviations to either side of the median (1.4826 times the median absolute deviation), and
at any rate the middle nine tenths of what there was and two spreads more, for a house has more than
one ordinary state: a third of the day it is night. A deviation below the sensor's `spread` means
nothing, so the standard deviation is never taken for less; without one it is a tenth of what most
of the values span. On the first day the range is up to twice as wide: an evening does not know the
night. And it takes in all that was ever seen with its span to either side, six times the span at
first, once after a day. The last half hour is not learned from: what
begins now is not usual yet. Nothing is said before ten minutes have been learned, without a
`spread` before two days.

*When a value departs.* At the second sample in a row outside a learned range, at the first outside
a configured one. It is back once it is inside by a twentieth of the range's width. The same kind of
departure is not said again within `quiet` seconds, however often the value comes and goes.

*Confidence* is how much is known times how clear the case is. What is known grows from 0.5 to 1
over the first day of learning and is 1 for a configured range. The case is 0.5 clear at the edge
of the range, and its doubt halves with every half width of the range that the value lies beyond.
"""

from collections import deque
from statistics import median
from typing import Final, Literal

from msgspec import Struct

type Range = tuple[float, float]
type Kind = Literal["above_usual", "below_usual"]

MINUTE_S: Final = 60.0
DAY_S: Final = 86_400.0
WARM_UP_S: Final = 10 * MINUTE_S
WARM_UP_SAMPLES: Final = 5
FRESH_S: Final = 30 * MINUTE_S
WINDOW_S: Final = 7 * DAY_S
CAPACITY: Final = 512
_CLOSEST_S: Final = 5.0
_DEVIATIONS: Final = 4.0
_BEYOND_COMMON: Final = 2.0  # spreads
_RARE: Final = 0.05
_OF_SPAN: Final = 0.1
_UNKNOWN_S: Final = 2 * DAY_S
_OF_VALUE: Final = 0.01
_MAD_TO_SIGMA: Final = 1.4826  # for normally distributed values
_BACK_INSIDE: Final = 0.05
_IN_A_ROW: Final = 2


class Departure(Struct, frozen=True):
    """A value has left what is usual: what an observation is made of."""

    kind: Kind
    value: float
    usual: Range
    confidence: float


class Baseline:
    """What is usual for one measurement. Feed it every sample, in the order of time."""

    def __init__(
        self,
        *,
        spread: float | None,
        quiet: float,
        valid: Range | None = None,
        usual: Range | None = None,
    ) -> None:
        self._spread = spread
        self._quiet = quiet
        self._valid = valid
        self._configured = usual
        self._past = _Past()
        self._learned: Range | None = None
        self._outside: Kind | None = None
        self._leaving: Kind | None = None
        self._in_a_row = 0
        self._said: dict[Kind, float] = {}

    @property
    def usual(self) -> Range | None:
        """The usual range now, or None while it is being learned."""
        return self._configured or self._learned

    def update(self, value: float, at: float) -> Departure | None:
        """Take one finite sample; returns a departure when one is to be said."""
        usual = self.usual
        known = self._known
        if self._configured is None and self._past.add(value, at):
            self._learned = self._learn()
        if usual is None:
            return None
        side = self._side_of(value, usual)
        if side is None or side == self._outside:
            self._outside, self._leaving, self._in_a_row = side, None, 0
            return None
        self._in_a_row = self._in_a_row + 1 if side == self._leaving else 1
        self._leaving = side
        if self._configured is None and self._in_a_row < _IN_A_ROW:
            return None
        self._outside, self._leaving, self._in_a_row = side, None, 0
        if side in self._said and at - self._said[side] < self._quiet:
            return None
        self._said[side] = at
        return Departure(side, value, usual, round(known * _clearness(value, usual), 2))

    def _side_of(self, value: float, usual: Range) -> Kind | None:
        low, high = usual
        margin = (high - low) * _BACK_INSIDE
        if value > high or (self._outside == "above_usual" and value > high - margin):
            return "above_usual"
        if value < low or (self._outside == "below_usual" and value < low + margin):
            return "below_usual"
        return None

    @property
    def _known(self) -> float:
        if self._configured is not None:
            return 1.0
        return 0.5 + 0.5 * self._day_seen

    @property
    def _day_seen(self) -> float:
        return min(1.0, self._past.span / DAY_S)

    def _learn(self) -> Range | None:
        values = sorted(self._past.values)
        if self._past.span < WARM_UP_S or len(values) < WARM_UP_SAMPLES:
            return None
        middle = median(values)
        sigma = _MAD_TO_SIGMA * median(abs(value - middle) for value in values)
        caution = 2 - self._day_seen
        rare = int(len(values) * _RARE)
        spread = self._spread
        if spread is None:
            spread = max(_OF_SPAN * (values[-1 - rare] - values[rare]), _OF_VALUE * abs(middle))
        reach = caution * _DEVIATIONS * max(sigma, spread)
        common = caution * _BEYOND_COMMON * spread
        low = min(middle - reach, values[rare] - common)
        high = max(middle + reach, values[-1 - rare] + common)
        if self._spread is None and self._past.span < _UNKNOWN_S:
            return None  # it has not shown yet what it can do
        seen = (6 - 5 * self._day_seen) * (values[-1] - values[0])
        low, high = min(low, values[0] - seen), max(high, values[-1] + seen)
        if self._valid is not None:
            low, high = max(low, self._valid[0]), min(high, self._valid[1])
        return low, high


class _Past:
    """The last week but its last half hour, in at most `CAPACITY` samples, thinned as needed."""

    def __init__(self) -> None:
        self._fresh: deque[tuple[float, float]] = deque()
        self._samples: deque[tuple[float, float]] = deque()
        self._apart = _CLOSEST_S

    @property
    def span(self) -> float:
        """Seconds from the first sample learned from to the last."""
        return self._samples[-1][0] - self._samples[0][0] if self._samples else 0.0

    @property
    def values(self) -> list[float]:
        return [value for _, value in self._samples]

    def add(self, value: float, at: float) -> bool:
        """Take a sample if one is due; returns whether there is now something else to learn."""
        if not self._fresh or at - self._fresh[-1][0] >= self._apart:
            self._fresh.append((at, value))
        changed = False
        while self._fresh and at - self._fresh[0][0] >= FRESH_S:
            self._learn(*self._fresh.popleft())
            changed = True
        return changed

    def _learn(self, at: float, value: float) -> None:
        samples = self._samples
        if samples and at - samples[-1][0] < self._apart:
            return
        samples.append((at, value))
        while at - samples[0][0] > WINDOW_S:
            samples.popleft()
        if len(samples) > CAPACITY:
            self._samples = deque(list(samples)[::2])
            self._apart = 2 * self.span / CAPACITY


def _clearness(value: float, usual: Range) -> float:
    low, high = usual
    beyond = max(value - high, low - value, 0.0)
    half_width = (high - low) / 2
    return 1 - 0.5 * 0.5 ** (beyond / half_width) if half_width else 1.0
