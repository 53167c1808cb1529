"""The page of one sensor: what it read in the last day, week or quarter, or on one day of any year.

Drawn, and as a table.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import groupby
from typing import Final

from aiohttp import web

from herdbook.errors import DayInvalid, NodeUnknown
from herdbook.house.readings import Reading
from herdbook.house.rollup import HOUR_MS, Rollup
from herdbook.house.series import Series
from herdbook.journal.entry import read_day
from herdbook.llama.panel.desk import Desk, desk_of, signed_in
from herdbook.web.chart import Span, day_marks, draw, hour_marks, whole

_DAY_MS: Final = 24 * HOUR_MS
_TEN_MINUTES_MS: Final = 600_000
SPANS: Final = ("day", "week", "quarter")
_DAYS: Final = {"day": 1, "week": 7, "quarter": 90}
_WIDE: Final = (720, 300)
_NARROW: Final = (350, 240)


async def show(request: web.Request) -> web.Response:
    """A span of time until now."""
    desk = desk_of(request)
    span = request.match_info["span"]
    now = desk.clock.wall_ms()
    return await _page(request, span, now - _DAYS[span] * _DAY_MS, now)


async def show_day(request: web.Request) -> web.Response:
    """One day of the household, from midnight to midnight."""
    zone = desk_of(request).zone
    day = read_day(request.match_info["day"])
    if not date.min < day < date.max:
        raise DayInvalid("There is no day before the first, nor after the last.")
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    start, end = _midnight(day, zone), _midnight(after, zone) - 1
    return await _page(request, "day", start, end, on=day, before=before, after=after)


async def _page(
    request: web.Request, span: str, start: int, end: int, **of_a_day: object
) -> web.Response:
    """A span of time of one sensor; what is said of a single day is of that day."""
    signed_in(request)
    desk = desk_of(request)
    node_id = request.match_info["node_id"]
    series = await desk.book.one_series(int(request.match_info["series"]))
    node = await desk.book.node(node_id)
    if node is None or series is None or series.node_id != node_id:
        raise NodeUnknown("No node of that id has such a sensor.")
    points, rows = await _read(desk, series, span, start, end)
    charts = []
    if points:
        step = {"day": _TEN_MINUTES_MS, "week": HOUR_MS, "quarter": _DAY_MS}[span]
        for width, height in (_WIDE, _NARROW):
            marks = _marks(span, start, end, desk.zone, sparse=width < 500)
            drawn = Span(start, end, step, marks)
            charts.append(draw(points, drawn, width, height, share=series.yes_no))
    return desk.pages.page(
        "sensor.html",
        {
            "node": node,
            "series": series,
            "span": span,
            "spans": SPANS,
            "charts": charts,
            "whole": whole(rows),
            "rows": rows,
            "unchecked": await desk.book.unchecked(series.id),
            "timeless": await desk.book.timeless(series.id),
            "on": None,
            "today": desk.today(),
            **of_a_day,
        },
    )


def _midnight(day: date, zone: tzinfo) -> int:
    return int(datetime.combine(day, time.min, zone).timestamp() * 1000)


async def _read(
    desk: Desk, series: Series, span: str, start: int, end: int
) -> tuple[list[Rollup], list[Rollup]]:
    """What is drawn, and the lines of the table."""
    hours = await desk.book.by_hour(series.id, start, end + 1)
    if span == "day":
        fine = _by_step(await desk.book.readings(series.id, start, end + 1), _TEN_MINUTES_MS)
        # Single readings may be gone while their hours are there.
        return fine or hours, hours
    days = await desk.book.by_day(series.id, start, end + 1)
    return (hours if span == "week" else days), days


def _by_step(readings: Iterable[Reading], step_ms: int) -> list[Rollup]:
    rolled = []
    for start, its in groupby(readings, lambda one: one.at_ms - one.at_ms % step_ms):
        values = [one.value for one in its]
        mean = sum(values) / len(values)
        rolled.append(Rollup(start, len(values), min(values), max(values), mean))
    return rolled


def _marks(span: str, start: int, end: int, zone: tzinfo, *, sparse: bool) -> list[int]:
    """The moments that are named below the drawing."""
    if span == "day":
        return hour_marks(start, end, zone, 6 if sparse else 3)
    return day_marks(
        start, end, zone, {"week": 2 if sparse else 1, "quarter": 30 if sparse else 14}[span]
    )
