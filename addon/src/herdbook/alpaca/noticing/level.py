"""Is the value as it usually is at this hour of the week? Four ways to ask, one answer.

A single value may lie above the highest or below the lowest. The hour's lowest may stay above what
it usually falls to (a compressor that never rests), its highest below what it usually reaches (one
that never starts), its middle to either side. Each is counted in robust standard deviations of
comparable hours, and each has a `Limit`. What the other days show at this hour counts half, so that
a public holiday may look like a Sunday. And what an hour shows need not be as far off if it was so
three hours ago and at each hour since: that has a limit of its own.

Nothing is beyond its limit that two of the last four weeks' days reached at this hour. And one hour
says little of a level that the sensor is at, at some hour, on most days: that has to last.

To be quick, a question that is asked every minute is compared with its furthest answer of the hour
so far first (`_Edge.known`): only what is further, or beyond the limit, is counted.
"""

import math
from collections import deque
from collections.abc import Sequence
from statistics import median
from typing import Final, Literal, Protocol

from msgspec import Struct

from herdbook.alpaca.noticing.finding import Aspect, Kind, Range
from herdbook.alpaca.noticing.hours import DAY, Comparable, Hours, Reached, Usual
from herdbook.alpaca.noticing.limit import Limit

type Part = Literal["low", "middle", "high"]


class _Parts[T](Protocol):
    """Something of each part of an hour."""

    @property
    def low(self) -> T: ...
    @property
    def middle(self) -> T: ...
    @property
    def high(self) -> T: ...


_VALUE_MARGIN: Final = 1.25  # one of an hour's many is more a matter of chance than the hour
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


class _Question(Struct, frozen=True):
    """What is asked: is this part of comparable hours further up (1) or down (-1) than ever?"""

    aspect: Aspect
    of: Part
    sign: int
    name: str


class Departure(Struct, frozen=True):
    """One way in which the level departs: `score` to `limit`. See `Level.usual_of`."""

    question: _Question
    name: str
    value: float
    score: float
    limit: float

    @property
    def kind(self) -> Kind:
        """Whether it is above or below."""
        return "above_usual" if self.question.sign > 0 else "below_usual"


_OF_VALUE: Final = (
    _Question("value", "high", 1, "value above"),
    _Question("value", "low", -1, "value below"),
)
_FLOOR: Final = _Question("floor", "low", 1, "floor above")
_CEILING: Final = _Question("ceiling", "high", -1, "ceiling below")
_OF_HOUR: Final = (
    _Question("hour", "middle", 1, "hour above"),
    _Question("hour", "middle", -1, "hour below"),
)


class _Edge:
    """What one question compares with in one hour."""

    def __init__(
        self,
        sign: int,
        least: float,
        day: Usual,
        week: Usual | None,
        reached: Range | None,
        spread: float | None,
    ) -> None:
        self.sign = sign
        self._day, self._week = day, week
        self._least = least
        self.known = -math.inf
        """Up to here (times the sign) a score is within its limit, and noted."""
        self.least = 0.0
        """Of a lasting question, the least of the scores at the beginnings of the hours."""
        self._reached = -math.inf
        if reached is not None:
            self._reached = reached[1] if sign > 0 else -reached[0]
        self._from = -math.inf if spread is None else sign * (week or day).middle + spread

    def score(self, value: float) -> float:
        """How far it is beyond the comparable hours, in robust deviations."""
        sign = self.sign
        if sign * value <= self._from:
            return 0.0
        score = self._day.beyond(value, sign, self._least)
        if self._week is not None:
            score = min(_OTHER_DAYS * score, self._week.beyond(value, sign, self._least))
        return score

    def at(self, score: float) -> float:
        """The value from which on there is a score."""
        sign = self.sign
        edge = sign * self._day.edge(score, sign, self._least)
        if self._week is not None:
            other = sign * self._day.edge(score / _OTHER_DAYS, sign, self._least)
            edge = max(other, sign * self._week.edge(score, sign, self._least))
        return sign * max(edge, self._from, self._reached)

    def is_new(self, value: float) -> bool:
        """Whether all but one of the last weeks' days stayed below at this hour."""
        return self.sign * value > self._reached


class Level:
    """The level of one measurement; `spread` is the least deviation that means anything."""

    def __init__(self, hours: Hours, limits: dict[str, Limit], spread: float | None) -> None:
        self._hours = hours
        self._limits = limits
        self._spread = spread
        self._earlier: dict[str, deque[tuple[int, float]]] = {}
        self._hour: int | None = None
        self._compared: int | None = None
        self._week: Comparable | None = None
        self._day: Comparable | None = None
        self._of_days: Range | None = None
        self._edges: dict[str, _Edge] = {}
        self._reached: Reached | None = None
        self._least: dict[Part, float] = {"low": 0.0, "middle": 0.0, "high": 0.0}
        self._least_lasting = dict(self._least)
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

    def judge(
        self, value: float, ordered: Sequence[float] | None, hour: int, *, all_of_them: bool
    ) -> list[Departure]:
        """The departures of a tick that are beyond their limits, or all of them.

        `ordered` are the last hour's ticks from the least to the most, when it is whole.
        """
        if hour != self._hour:
            self._compare(hour)
        if self._day is None:
            return []
        asked = [(question, value) for question in _OF_VALUE]
        if ordered is not None:
            count = len(ordered)
            middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
            asked += (
                (_FLOOR, ordered[0]),
                (_CEILING, ordered[-1]),
                (_OF_HOUR[0], middle),
                (_OF_HOUR[1], middle),
            )
        found = []
        for question, number in asked:
            edge = self._edges.get(question.name) or self._edge(question, self._day)
            if all_of_them or edge.sign * number > edge.known:
                of_many = question in _OF_VALUE and ordered is not None
                found.append(self._now(question, edge, number, hour, of_many=of_many))
            if question in _OF_VALUE:
                continue
            name = f"{question.name} for hours"
            edge = self._edges.get(name) or self._edge(question, self._day, name)
            if lasting := self._for_hours(question, edge, name, number, hour):
                found.append(lasting)
        return found if all_of_them else [one for one in found if one.score > one.limit]

    def _now(
        self, question: _Question, edge: _Edge, value: float, hour: int, *, of_many: bool
    ) -> Departure:
        score = edge.score(value)
        limit = self._limits[question.name].take(score, hour // DAY)
        if of_many:
            limit *= _VALUE_MARGIN
        if not edge.is_new(value):
            score = min(score, limit)
        if score <= limit:
            edge.known = max(edge.known, edge.sign * value)
        return Departure(question, question.name, value, score, limit)

    def _for_hours(
        self, question: _Question, edge: _Edge, name: str, value: float, hour: int
    ) -> Departure | None:
        """The least of the scores now and at the beginnings of this hour and the three before."""
        earlier = self._earlier.setdefault(name, deque(maxlen=_LASTING_HOURS))
        score = 0.0
        if not earlier or earlier[-1][0] != hour:
            score = edge.score(value)
            earlier.append((hour, score))
            edge.least = 0.0
            if len(earlier) == _LASTING_HOURS and hour - earlier[0][0] == _LASTING_HOURS - 1:
                edge.least = min(past for _, past in earlier)
        elif edge.least <= 0:
            return None
        score = min(edge.least, edge.score(value))
        limit = self._limits[name].take(score, hour // DAY)
        if not edge.is_new(value):
            score = min(score, limit)
        return Departure(question, name, value, score, limit)

    def _edge(self, question: _Question, day: Comparable, name: str | None = None) -> _Edge:
        """What a question compares with in this hour; `name` when it is asked for hours."""
        base = _BASE if name is None else _LASTING_BASE
        self._limits.setdefault(name or question.name, Limit(base))
        reached = None if self._reached is None else _part(self._reached, question.of)
        if name is None and question not in _OF_VALUE and reached and self._of_days:
            # Where it is at some hour of most days, a single hour says little.
            reached = min(reached[0], self._of_days[0]), max(reached[1], self._of_days[1])
        edge = self._edges[name or question.name] = _Edge(
            question.sign,
            self._least[question.of] if name is None else self._least_lasting[question.of],
            _part(day, question.of),
            None if self._week is None else _part(self._week, question.of),
            reached,
            self._spread,
        )
        return edge

    def usual_of(self, departure: Departure) -> Range:
        """What would have been usual, in the sensor's unit."""
        edge = self._edges[departure.name].at(departure.limit)
        low, high = self.usual or (edge, edge)
        if departure.question.sign > 0:
            return min(low, edge), edge
        return edge, max(high, edge)

    def _learn(self, part: Part, residual: float) -> None:
        """A step towards what nine of ten residuals do not exceed; no list of them is kept."""
        typical = self.typical[part]
        step = max(typical, min(residual, 3 * typical or residual)) * max(
            _RESIDUALS_KEPT, _FIRST_RESIDUALS / (self._hours.days + 1)
        )
        self.typical[part] += step * (_TAIL if residual > typical else _TAIL - 1)

    def _compare(self, hour: int) -> None:
        if self._compared is None or self._compared // DAY != hour // DAY:
            self._of_days = self._hours.of_days(hour // DAY)
        self._hour = self._compared = hour
        self._edges = {}
        self._week = self._hours.same_hour_of_week(hour)
        self._day = self._hours.same_hour_of_day(hour)
        self._reached = self._hours.reached(hour)
        if self._spread is not None:
            known = self._spread * _OF_SPREAD
        else:
            known = max(_OF_SPAN * self._hours.span(), 1e-9)
        # Where the highest is a matter of chance, the lowest of an hour may be, too: who showers
        # twice? Not so the lowest of four hours.
        chance = max(known, _OF_HIGHEST * self.typical["high"] / _TAIL_SIGMAS)
        for part, typical in self.typical.items():
            own = _OF_TYPICAL * typical / _TAIL_SIGMAS
            self._least[part] = max(chance, own)
            self._least_lasting[part] = max(known, own)


def _part[T](comparable: _Parts[T], part: Part) -> T:
    match part:
        case "low":
            return comparable.low
        case "middle":
            return comparable.middle
        case "high":
            return comparable.high
