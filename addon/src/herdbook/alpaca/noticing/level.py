"""Is the value as it usually is at this hour of the week? Four ways to ask, one answer.

A single value may lie above the highest or below the lowest. The hour's lowest may stay above what
it usually falls to (a compressor that never rests), its highest below what it usually reaches (one
that never starts), its middle to either side. Each is counted in robust standard deviations of
comparable hours, and each has a `Limit`. What the other days show at this hour counts half, so that
a public holiday may look like a Sunday. And what an hour shows need not be as far off if it was so
three hours ago and at each hour since: that has a limit of its own.
"""

from collections import deque
from collections.abc import Iterator
from statistics import median
from typing import Final, Literal

from msgspec import Struct

from herdbook.alpaca.noticing.finding import Aspect, Kind, Range
from herdbook.alpaca.noticing.hours import DAY, Comparable, Hours, Usual
from herdbook.alpaca.noticing.limit import Limit

type Part = Literal["low", "middle", "high"]

_BASE: Final = 5.5
_LASTING_BASE: Final = 3.4
_LASTING_HOURS: Final = 4  # the beginnings of this hour and of the three before
_OTHER_DAYS: Final = 2.0
_OF_SPREAD: Final = 0.25
_OF_SPAN: Final = 0.02
_OF_TYPICAL: Final = 0.7
_OF_HIGHEST: Final = 0.15
_RESIDUALS_KEPT: Final = 0.02  # an hour's part in what is typical, once much is known
_FIRST_RESIDUALS: Final = 0.3  # by the days known: a tenth after two
_TAIL: Final = 0.9
_TAIL_SIGMAS: Final = 1.645  # of a normal distribution, to either side


class Departure(Struct, frozen=True):
    """One way in which the level departs: `score` to `limit`, `usual` in the sensor's unit."""

    kind: Kind
    aspect: Aspect
    value: float
    score: float
    limit: float
    usual: Range
    name: str


class _Question(Struct, frozen=True):
    """What is asked: is this part of comparable hours further up (1) or down (-1) than ever?"""

    aspect: Aspect
    of: Part
    sign: int

    @property
    def name(self) -> str:
        return f"{self.aspect} {'above' if self.sign > 0 else 'below'}"


_OF_VALUE: Final = (_Question("value", "high", 1), _Question("value", "low", -1))
_FLOOR: Final = _Question("floor", "low", 1)
_CEILING: Final = _Question("ceiling", "high", -1)
_OF_HOUR: Final = (_Question("hour", "middle", 1), _Question("hour", "middle", -1))


class Level:
    """The level of one measurement; `spread` is the least deviation that means anything."""

    def __init__(self, hours: Hours, limits: dict[str, Limit], spread: float | None) -> None:
        self._hours = hours
        self._limits = limits
        self._spread = spread
        self._earlier: dict[str, deque[tuple[int, float]]] = {}
        self._hour: int | None = None
        self._week: Comparable | None = None
        self._day: Comparable | None = None
        self._least: dict[Part, float] = {"low": 0.0, "middle": 0.0, "high": 0.0}
        self.typical: dict[Part, float] = {"low": 0.0, "middle": 0.0, "high": 0.0}
        """How far an hour's three numbers typically are from what was usual."""

    @property
    def least(self) -> float:
        """The least standard deviation that is believed of an hour's middle."""
        return self._least["middle"]

    @property
    def usual(self) -> Range | None:
        """From the usual lowest to the usual highest of this hour, without any margin."""
        best = self._week or self._day
        return None if best is None else (best.low.middle, best.high.middle)

    def completed(self, hour: int, readings: list[float]) -> None:
        """Learn an hour."""
        expected = self._hours.same_hour_of_week(hour) or self._hours.same_hour_of_day(hour)
        if expected is not None:
            self._learn("low", abs(min(readings) - expected.low.middle))
            self._learn("middle", abs(median(readings) - expected.middle.middle))
            self._learn("high", abs(max(readings) - expected.high.middle))
        self._hours.add(hour, readings)
        self._hour = None

    def judge(self, value: float, window: list[float] | None, hour: int) -> Iterator[Departure]:
        """All scores of a tick; `window` are the last hour's ticks when it is whole."""
        if hour != self._hour:
            self._compare(hour)
        day = self._day
        if day is None:
            return
        for question in _OF_VALUE:
            yield self._now(question, value, day, hour)
        if window is None:
            return
        middle = median(window)
        for question, of_hour in (
            (_FLOOR, min(window)),
            (_CEILING, max(window)),
            (_OF_HOUR[0], middle),
            (_OF_HOUR[1], middle),
        ):
            now = self._now(question, of_hour, day, hour)
            yield now
            yield self._for_hours(question, now, day, hour)

    def _now(self, question: _Question, value: float, day: Comparable, hour: int) -> Departure:
        sign, least = question.sign, self._least[question.of]
        usual = _part(day, question.of)
        score = usual.beyond(value, sign, least)
        if self._week is not None:
            usual = _part(self._week, question.of)
            score = min(_OTHER_DAYS * score, usual.beyond(value, sign, least))
        if self._spread is not None and sign * (value - usual.middle) < self._spread:
            score = 0.0
        return self._departure(question, question.name, value, score, day, hour, _BASE)

    def _for_hours(
        self, question: _Question, now: Departure, day: Comparable, hour: int
    ) -> Departure:
        """The least of the scores now and at the beginnings of this hour and the three before."""
        earlier = self._earlier.setdefault(now.name, deque(maxlen=_LASTING_HOURS))
        if not earlier or earlier[-1][0] != hour:
            earlier.append((hour, now.score))
        score = 0.0
        if len(earlier) == _LASTING_HOURS and hour - earlier[0][0] == _LASTING_HOURS - 1:
            score = min(now.score, *(past for _, past in earlier))
        name = f"{now.name} for hours"
        return self._departure(question, name, now.value, score, day, hour, _LASTING_BASE)

    def _departure(
        self,
        question: _Question,
        name: str,
        value: float,
        score: float,
        day: Comparable,
        hour: int,
        base: float,
    ) -> Departure:
        sign, least = question.sign, self._least[question.of]
        limit = self._limits.setdefault(name, Limit(base)).take(score, hour // DAY)
        edge = _part(day, question.of).edge(limit, sign, least)
        if self._week is not None:
            other = _part(day, question.of).edge(limit / _OTHER_DAYS, sign, least)
            edge = sign * max(
                sign * other, sign * _part(self._week, question.of).edge(limit, sign, least)
            )
        best = self._week or day
        if sign > 0:
            kind: Kind = "above_usual"
            usual = min(best.low.middle, edge), edge
        else:
            kind = "below_usual"
            usual = edge, max(best.high.middle, edge)
        return Departure(kind, question.aspect, value, score, limit, usual, name)

    def _learn(self, part: Part, residual: float) -> None:
        """A step towards what nine of ten residuals do not exceed; no list of them is kept."""
        typical = self.typical[part]
        step = max(typical, min(residual, 3 * typical or residual)) * max(
            _RESIDUALS_KEPT, _FIRST_RESIDUALS / (self._hours.days + 1)
        )
        self.typical[part] += step * (_TAIL if residual > typical else _TAIL - 1)

    def _compare(self, hour: int) -> None:
        self._hour = hour
        self._week = self._hours.same_hour_of_week(hour)
        self._day = self._hours.same_hour_of_day(hour)
        if self._spread is not None:
            known = self._spread * _OF_SPREAD
        else:
            known = max(_OF_SPAN * self._hours.span(), 1e-9)
        # Where the highest is a matter of chance, the lowest may be, too: who showers twice?
        known = max(known, _OF_HIGHEST * self.typical["high"] / _TAIL_SIGMAS)
        for part, typical in self.typical.items():
            self._least[part] = max(known, _OF_TYPICAL * typical / _TAIL_SIGMAS)


def _part(comparable: Comparable, part: Part) -> Usual:
    match part:
        case "low":
            return comparable.low
        case "middle":
            return comparable.middle
        case "high":
            return comparable.high
