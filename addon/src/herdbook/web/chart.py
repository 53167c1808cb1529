"""A sensor's readings as the shapes of a drawing. Pure: numbers in, SVG path data out.

Each point is what was read in one stretch of time: the line goes through the means, the band from
the least to the most. Where nothing was read there is a gap.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from herdbook.house.rollup import HOUR_MS, Rollup

_STEPS: Final = (1, 2, 2.5, 5, 10)
_DIGIT: Final = 6.8
"""How wide a digit beside a level is at most, in the drawing's units."""

_ASIDE: Final = 2.0
"""How far the band of a single point goes to either side of it."""

_QUARTER_MS: Final = HOUR_MS // 4
_GAP: Final = 2.5
"""Stretches without a reading, from which on there is a gap."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid: where it is, in the drawing's units, and what it stands for."""

    at: float
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of this size, its plot between `left` and `right`, `top` and `bottom`."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    band: str
    line: str
    dots: str
    """Points with a gap on either side, which make no line."""

    levels: list[Tick]
    times: list[Tick]
    decimals: int
    """How many digits after the point the levels need."""


@dataclass(frozen=True, slots=True)
class Span:
    """What is drawn: from `start_ms` to `end_ms`, a point for every `step_ms`, marks at `marks`."""

    start_ms: int
    end_ms: int
    step_ms: int
    marks: Sequence[int]


def draw(points: Sequence[Rollup], span: Span, width: int, height: int, *, share: bool) -> Chart:
    """At least one point, as a drawing. `share`: yes and no, between none and all of the time."""
    levels = [0.0, 0.5, 1.0] if share else _levels(points)
    low, high = levels[0], levels[-1]
    decimals = _decimals(levels)
    widest = max(len(f"{level:,.{decimals}f}") for level in levels)
    left, right, top, bottom = max(46.0, 10 + _DIGIT * widest), width - 8.0, 10.0, height - 26.0

    def x(moment: float) -> float:
        part = (moment - span.start_ms) / (span.end_ms - span.start_ms)
        return round(left + part * (right - left), 1)

    def y(value: float) -> float:
        return round(bottom - (value - low) / (high - low) * (bottom - top), 1)

    middle = span.step_ms // 2
    band: list[str] = []
    line: list[str] = []
    dots: list[str] = []
    for run in _runs(points, span.step_ms):
        places = [x(min(point.start_ms + middle, span.end_ms)) for point in run]
        alone = len(run) == 1
        (dots if alone else line).append(_path(places, [y(point.mean) for point in run]))
        if alone:
            [place] = places
            run, places = run * 2, [max(left, place - _ASIDE), min(right, place + _ASIDE)]
        if share:
            band.append(_area(places, [y(point.mean) for point in run], [bottom] * len(run)))
        else:
            lows = [y(point.least) for point in run]
            band.append(_area(places, [y(point.most) for point in run], lows))
    return Chart(
        width,
        height,
        left,
        right,
        top,
        bottom,
        " ".join(band),
        " ".join(line),
        " ".join(dots),
        [Tick(y(level), level) for level in levels],
        [Tick(x(mark), mark) for mark in span.marks],
        decimals,
    )


def spark(points: Sequence[Rollup], start_ms: int, end_ms: int) -> str:
    """The means of hours, as a line in a drawing of 120 by 32."""
    if not points:
        return ""
    low = min(point.mean for point in points)
    high = max(point.mean for point in points)
    height = high - low or 1.0
    slope = 116 / (end_ms - start_ms)
    return " ".join(
        _path(
            [round(2 + (point.start_ms - start_ms) * slope, 1) for point in run],
            [round(29 - (point.mean - low) / height * 26, 1) for point in run],
        )
        for run in _runs(points, HOUR_MS)
    )


def hour_marks(start_ms: int, end_ms: int, zone: tzinfo, apart: int) -> list[int]:
    """The moments to be named below a drawing: full hours of the household, so many apart.

    Its clocks need not agree with those of UTC.
    """
    first = start_ms - start_ms % _QUARTER_MS
    quarters = (
        datetime.fromtimestamp(at / 1000, zone) for at in range(first, end_ms + 1, _QUARTER_MS)
    )
    return _within(
        start_ms, end_ms, (one for one in quarters if one.minute == 0 and one.hour % apart == 0)
    )


def day_marks(start_ms: int, end_ms: int, zone: tzinfo, apart: int) -> list[int]:
    """The same of longer spans: midnights, so many days apart, back from the last day."""
    day = datetime.fromtimestamp(end_ms / 1000, zone).date()
    first = datetime.fromtimestamp(start_ms / 1000, zone).date()
    days = (day - timedelta(days=back) for back in range(0, (day - first).days + 1, apart))
    return _within(start_ms, end_ms, (datetime.combine(one, time.min, zone) for one in days))


def _within(start_ms: int, end_ms: int, moments: Iterable[datetime]) -> list[int]:
    found = sorted(int(moment.timestamp() * 1000) for moment in moments)
    return [moment for moment in found if start_ms <= moment <= end_ms]


def whole(rows: list[Rollup]) -> Rollup | None:
    """All of them as one."""
    if not rows:
        return None
    count = sum(one.count for one in rows)
    return Rollup(
        rows[0].start_ms,
        count,
        min(one.least for one in rows),
        max(one.most for one in rows),
        sum(one.mean * one.count for one in rows) / count,
    )


def _levels(points: Sequence[Rollup]) -> list[float]:
    """Three to six round numbers, from below the least to above the most."""
    low = min(point.least for point in points)
    high = max(point.most for point in points)
    if high == low:
        low, high = low - 1, high + 1
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(one for one in _STEPS if one * power >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def _decimals(levels: Sequence[float]) -> int:
    step = levels[1] - levels[0]
    decimals = max(0, -math.floor(math.log10(step)))
    return decimals if math.isclose(round(step, decimals), step) else decimals + 1


def _runs(points: Sequence[Rollup], step_ms: int) -> Iterator[list[Rollup]]:
    run = [points[0]]
    for before, point in pairwise(points):
        if point.start_ms - before.start_ms > _GAP * step_ms:
            yield run
            run = []
        run.append(point)
    yield run


def _path(places: Sequence[float], heights: Sequence[float]) -> str:
    steps = " ".join(f"{x:g},{y:g}" for x, y in zip(places, heights, strict=True))
    # A line of one point is a dot, as its end is round.
    return f"M{steps}" if len(places) > 1 else f"M{steps}h0"


def _area(places: Sequence[float], above: Sequence[float], below: Sequence[float]) -> str:
    there = [f"{x:g},{y:g}" for x, y in zip(places, above, strict=True)]
    back = [f"{x:g},{y:g}" for x, y in zip(places, below, strict=True)]
    return f"M{' '.join([*there, *reversed(back)])}Z"
