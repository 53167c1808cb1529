"""Is the value as it usually is at this hour of the week? Four ways to ask, one answer.

A single value may lie above the highest or below the lowest. The hour's lowest may stay above what
it usually falls to (a compressor that never rests), its highest below what it usually reaches (one
that never starts), its middle to either side. Each is counted in robust standard deviations of
comparable hours, and each has a `Limit`. What the other days show at this hour counts half, so that
a public holiday may look like a Sunday. And what an hour shows need not be as far off if it was so
three hours ago and at each hour since: that has a limit of its own.

A series with fewer than four readings an hour has each of them taken for its hour. Of a sensor with
no known spread, values are compared on a `Scale`. And after a week the hour's middle is asked once
more, against what is usual and as much more or less as the last day had (`Lately`).

Nothing is beyond its limit that two of the last four weeks' days reached at this hour; against the
last day, what is a hair beyond that is not, either. And one hour says little of a level that the
sensor is at, at some hour, on most days: that has to last.

To be quick, a question that is asked every minute is compared with its furthest answer of the hour
so far first (`Edge.known`): only what is further, or beyond the limit, is counted.
"""

import math
from collections import deque
from collections.abc import Sequence
from statistics import median
from typing import Final, Literal, Protocol

from herdbook.alpaca.noticing.edge import Departure, Edge, Part, Question
from herdbook.alpaca.noticing.finding import Range
from herdbook.alpaca.noticing.hours import DAY, Comparable, Hours, Reached, Usual
from herdbook.alpaca.noticing.lately import Lately
from herdbook.alpaca.noticing.limit import Limit
from herdbook.alpaca.noticing.scale import LEAST_PAIRS, Scale

type Residual = Part | Literal["lately"]


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
_BASE_BY_TIMES: Final = 0.75  # logarithms have no heavy tails
_LIMIT_BY_TIMES: Final = 0.85
_LASTING_HOURS: Final = 4  # the beginnings of this hour and of the three before
_LATELY_DAYS: Final = 7.0
_OF_SPREAD: Final = 0.25
_OF_SPAN: Final = 0.02
_OF_TYPICAL: Final = 0.7
_OF_HIGHEST: Final = 0.15
_RESIDUALS_KEPT: Final = 0.02  # an hour's part in what is typical, once much is known
_FIRST_RESIDUALS: Final = 0.3  # by the days known: a tenth after two
_TAIL: Final = 0.9
_TAIL_SIGMAS: Final = 1.645  # of a normal distribution, to either side


_OF_VALUE: Final = (
    Question("value", "high", 1, "value above"),
    Question("value", "low", -1, "value below"),
)
_FLOOR: Final = Question("floor", "low", 1, "floor above")
_CEILING: Final = Question("ceiling", "high", -1, "ceiling below")
_OF_HOUR: Final = (
    Question("hour", "middle", 1, "hour above"),
    Question("hour", "middle", -1, "hour below"),
)


_LATELY: Final = (
    Question("hour", "middle", 1, "lately above"),
    Question("hour", "middle", -1, "lately below"),
)


_OF_OTHERS: Final = ("drift", "stuck", "change")
"""Limits that are not of the level."""


class Level:
    """The level of one measurement; `spread` is the least deviation that means anything."""

    def __init__(
        self,
        hours: Hours,
        limits: dict[str, Limit],
        spread: float | None,
        scale: Scale | None = None,
    ) -> None:
        self._hours = hours
        self.chosen = scale if spread is None else Scale()
        """The scale, once it is known: a spread that means something is one in the own unit."""
        self._limits = limits
        self._spread = spread
        self._lately = Lately()
        self._earlier: dict[str, deque[tuple[int, float]]] = {}
        self._hour: int | None = None
        self._compared: int | None = None
        self._week: Comparable | None = None
        self._day: Comparable | None = None
        self._of_days: Range | None = None
        self._edges: dict[str, Edge] = {}
        self._reached: Reached | None = None
        self._known = 0.0
        """The least deviation from what is usual that means anything, on the scale."""
        self.typical: dict[Residual, float] = {
            "low": 0.0,
            "middle": 0.0,
            "high": 0.0,
            "lately": 0.0,
        }
        """How far an hour's three numbers typically are from what was usual; and its middle from
        that and what the last day had more or less."""
        self._least = dict(self.typical)
        self._least_lasting = dict(self.typical)

    @property
    def least(self) -> float:
        """The least standard deviation that is believed of an hour's middle, on the scale."""
        return self._least["middle"]

    @property
    def scale(self) -> Scale:
        """On which values are compared."""
        return self.chosen or Scale()

    @property
    def usual(self) -> Range | None:
        """From the usual lowest to the usual highest of this hour, without any margin."""
        best = self._week or self._day
        if best is None:
            return None
        return self.scale.value(best.low.middle), self.scale.value(best.high.middle)

    def completed(self, hour: int, readings: list[float]) -> None:
        """Learn an hour."""
        scale = self.scale
        expected = self._hours.same_hour_of_week(hour, scale) or self._hours.same_hour_of_day(
            hour, scale
        )
        if expected is not None:
            self._learn("low", abs(scale.of(min(readings)) - expected.low.middle))
            self._learn("middle", abs(scale.of(median(readings)) - expected.middle.middle))
            self._learn("high", abs(scale.of(max(readings)) - expected.high.middle))
            departure = scale.of(median(readings)) - expected.middle.middle
            lately = self._lately.departure(hour)
            if lately is not None and self.typical["lately"]:
                self._learn("lately", abs(departure - lately))
            self._lately.add(hour, departure)
        self._hours.add(hour, readings)
        self._hour = None

    def judge(
        self,
        value: float,
        ordered: Sequence[float] | None,
        hour: int,
        *,
        coarse: bool = False,
        all_of_them: bool,
    ) -> list[Departure]:
        """The departures of a tick that are beyond their limits, or all of them.

        `ordered` are the last hour's ticks from the least to the most, when it is whole; `coarse`,
        whether there are too few in an hour for that, so that each is taken for the hour.
        """
        if hour != self._hour:
            self._compare(hour)
        if self._day is None:
            return []
        asked = [(question, value) for question in _OF_VALUE]
        if coarse:
            asked += ((question, value) for question in _OF_HOUR)
        elif ordered is not None:
            count = len(ordered)
            middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
            asked += (
                (_FLOOR, ordered[0]),
                (_CEILING, ordered[-1]),
                (_OF_HOUR[0], middle),
                (_OF_HOUR[1], middle),
            )
        found = self._against_the_last_day(
            asked[-1][1] if coarse or ordered is not None else None, hour, all_of_them=all_of_them
        )
        for question, number in asked:
            edge = self._edges.get(question.name) or self._edge(question, self._day)
            if (all_of_them or edge.sign * number > edge.known) and not (
                coarse and question in _OF_HOUR
            ):
                of_many = question in _OF_VALUE and ordered is not None
                found.append(self._now(question, edge, number, hour, of_many=of_many))
            if question in _OF_VALUE:
                continue
            name = f"{question.name} for hours"
            edge = self._edges.get(name) or self._edge(question, self._day, name)
            if lasting := self._for_hours(question, edge, name, number, hour):
                found.append(lasting)
        return found if all_of_them else [one for one in found if one.score > one.limit]

    def _against_the_last_day(
        self, value: float | None, hour: int, *, all_of_them: bool
    ) -> list[Departure]:
        departure = self._lately.departure(hour)
        if value is None or departure is None or self._day is None or not self._least["lately"]:
            return []
        found = []
        for question in _LATELY:
            edge = self._edges.get(question.name)
            if edge is None:
                expected = (self._week or self._day).middle.middle + departure
                self._limits.setdefault(question.name, Limit(_BASE)).base = self._base(_BASE)
                edge = self._edges[question.name] = Edge(
                    question.sign,
                    self._least["lately"],
                    Usual(expected, 0.0, 0.0),
                    None,
                    None if self._reached is None else self._widened(self._reached.middle),
                    self._spread,
                )
            if all_of_them or edge.sign * value > edge.known:
                found.append(self._now(question, edge, value, hour, of_many=False))
        return found if self._hours.days >= _LATELY_DAYS else []

    def _widened(self, reached: Range) -> Range:
        """By what means nothing: a hair beyond where it often was is no news."""
        low, high = (self.scale.of(value) for value in reached)
        return self.scale.value(low - self._known), self.scale.value(high + self._known)

    def _limit(self, name: str, score: float, hour: int) -> float:
        limit = self._limits[name]
        learned = limit.take(score, hour // DAY)
        return max(limit.base, learned * _LIMIT_BY_TIMES) if self.scale.unit else learned

    def _base(self, base: float) -> float:
        return base * _BASE_BY_TIMES if self.scale.unit else base

    def _now(
        self, question: Question, edge: Edge, value: float, hour: int, *, of_many: bool
    ) -> Departure:
        score = edge.score(self.scale.of(value))
        limit = self._limit(question.name, score, hour)
        if of_many:
            limit *= _VALUE_MARGIN
        if not edge.is_new(value):
            score = min(score, limit)
        if score <= limit:
            edge.known = max(edge.known, edge.sign * value)
        return Departure(question, question.name, value, score, limit)

    def _for_hours(
        self, question: Question, edge: Edge, name: str, value: float, hour: int
    ) -> Departure | None:
        """The least of the scores now and at the beginnings of this hour and the three before."""
        earlier = self._earlier.setdefault(name, deque(maxlen=_LASTING_HOURS))
        score = 0.0
        if not earlier or earlier[-1][0] != hour:
            score = edge.score(self.scale.of(value))
            earlier.append((hour, score))
            edge.least = 0.0
            if len(earlier) == _LASTING_HOURS and hour - earlier[0][0] == _LASTING_HOURS - 1:
                edge.least = min(past for _, past in earlier)
        elif edge.least <= 0:
            return None
        score = min(edge.least, edge.score(self.scale.of(value)))
        limit = self._limit(name, score, hour)
        if not edge.is_new(value):
            score = min(score, limit)
        return Departure(question, name, value, score, limit)

    def _edge(self, question: Question, day: Comparable, name: str | None = None) -> Edge:
        """What a question compares with in this hour; `name` when it is asked for hours."""
        base = self._base(_BASE if name is None else _LASTING_BASE)
        self._limits.setdefault(name or question.name, Limit(base)).base = base
        reached = None if self._reached is None else _part(self._reached, question.of)
        if name is None and question not in _OF_VALUE and reached and self._of_days:
            # Where it is at some hour of most days, a single hour says little.
            reached = min(reached[0], self._of_days[0]), max(reached[1], self._of_days[1])
        edge = self._edges[name or question.name] = Edge(
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
        asked = self._edges[departure.name]
        edge = asked.beyond_reached(self.scale.value(asked.at(departure.limit)))
        low, high = self.usual or (edge, edge)
        if departure.question.sign > 0:
            return min(low, edge), edge
        return edge, max(high, edge)

    def _learn(self, part: Residual, residual: float) -> None:
        """A step towards what nine of ten residuals do not exceed; no list of them is kept."""
        typical = self.typical[part]
        step = max(typical, min(residual, 3 * typical or residual)) * max(
            _RESIDUALS_KEPT, _FIRST_RESIDUALS / (self._hours.days + 1)
        )
        self.typical[part] += step * (_TAIL if residual > typical else _TAIL - 1)

    def _begin(self) -> None:
        """Choose the scale, and how far an hour typically is from another day's."""
        pairs = self._hours.a_day_apart()
        if len(pairs) < LEAST_PAIRS:
            return
        if self.chosen is None:
            self.chosen = Scale.chosen(pairs)
        scale = self.chosen
        apart = sorted(abs(scale.of(one) - scale.of(other)) for one, other in pairs)
        far = apart[round(_TAIL * (len(apart) - 1))] / math.sqrt(2)  # both vary
        self.typical["lately"] = far
        if scale.unit:  # what was learned so far was of another scale
            for name in [one for one in self._limits if one not in _OF_OTHERS]:
                del self._limits[name]
            self.typical.update(dict.fromkeys(self.typical, far))

    def _compare(self, hour: int) -> None:
        if self._compared is None or self._compared // DAY != hour // DAY:
            self._of_days = self._hours.of_days(hour // DAY)
            if not self.typical["lately"]:
                self._begin()
        self._hour = self._compared = hour
        self._edges = {}
        self._week = self._hours.same_hour_of_week(hour, self.scale)
        self._day = self._hours.same_hour_of_day(hour, self.scale)
        self._reached = self._hours.reached(hour)
        if self._spread is not None:
            self._known = self._spread * _OF_SPREAD
        else:
            self._known = max(_OF_SPAN * self._hours.span(self.scale), 1e-9)
        # Where the highest is a matter of chance, the lowest of an hour may be, too: who showers
        # twice? Not so the lowest of four hours.
        chance = max(self._known, _OF_HIGHEST * self.typical["high"] / _TAIL_SIGMAS)
        for part, typical in self.typical.items():
            own = typical / _TAIL_SIGMAS
            if not self.scale.unit and part != "lately":
                own *= _OF_TYPICAL  # by times, all hours vary alike
            self._least[part] = max(chance, own)
            self._least_lasting[part] = max(self._known, own)


def _part[T](comparable: _Parts[T], part: Part) -> T:
    match part:
        case "low":
            return comparable.low
        case "middle":
            return comparable.middle
        case "high":
            return comparable.high
