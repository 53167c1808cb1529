"""What a node's page shows: its sensors now and before, what it noticed, and how it is."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from aiohttp import web

from herdbook.alpaca.knowledge import Noticed, SensorNow
from herdbook.alpaca.page.desk import desk_of, pages_of
from herdbook.alpaca.page.pages import NodePages
from herdbook.errors import StorageError
from herdbook.house.rollup import HOUR_MS, Rollup
from herdbook.web import chart
from herdbook.web.rendering import is_htmx

SPANS: Final = ("day", "week", "month")
_DAYS: Final = {"day": 1, "week": 7, "month": 30}
_DAY_MS: Final = 24 * HOUR_MS
_SIZES: Final = ((720, 300), (350, 240))
_LAST_WORDS: Final = 5
_LISTED: Final = 200


async def home(request: web.Request) -> web.Response:
    """What is measured now; by htmx, which asks again and again, only what changes."""
    desk = desk_of(request)
    said, trouble = list[Noticed](), ""
    try:
        said = await desk.knowledge.observations(_LAST_WORDS)
    except StorageError as error:  # what the sensors show is to be seen all the more
        trouble = f"{error.message} {error.fix}".rstrip()
    return desk.page(
        request,
        "parts/live.html" if is_htmx(request) else "home.html",
        {
            "status": await desk.knowledge.status(),
            "sensors": desk.knowledge.sensors(),
            "said": said,
            "trouble": trouble,
        },
    )


async def observe(request: web.Request) -> web.Response:
    """Have the node observe now, where that is allowed."""
    desk = desk_of(request)
    if not desk.write:
        raise web.HTTPForbidden
    await desk.knowledge.observe()
    return await home(request) if is_htmx(request) else pages_of(request).go(request, "home")


async def observations(request: web.Request) -> web.Response:
    """What it noticed, the newest first."""
    said = await desk_of(request).knowledge.observations(_LISTED)
    return desk_of(request).page(request, "observations.html", {"said": said})


async def memories(request: web.Request) -> web.Response:
    """What it remembers."""
    facts = await desk_of(request).knowledge.memories.memories(_LISTED)
    return desk_of(request).page(request, "memories.html", {"facts": facts})


async def thoughts(request: web.Request) -> web.Response:
    """What its model did, if it has one."""
    kept = desk_of(request).knowledge.thoughts
    if kept is None:
        raise web.HTTPNotFound
    steps = await kept.thoughts(_LISTED)
    by_conversation = groupby(steps, lambda step: step.conversation)
    conversations = [list(its)[::-1] for _, its in by_conversation]
    return desk_of(request).page(request, "thoughts.html", {"conversations": conversations})


async def status(request: web.Request) -> web.Response:
    """How it is."""
    desk = desk_of(request)
    return desk.page(request, "status.html", {"status": await desk.knowledge.status()})


async def sensor(request: web.Request) -> web.Response:
    """One sensor's last day, week or month, drawn and as a table."""
    desk, pages = desk_of(request), pages_of(request)
    shown = _sensor(desk.knowledge.sensors(), request.match_info["sensor"])
    span = request.match_info["span"]
    end = desk.clock.wall_ms()
    start = end - _DAYS[span] * _DAY_MS
    read = await desk.knowledge.history(shown.id, start, end)
    charts = []
    if read.points and read.series is not None:
        for width, height in _SIZES:
            marks = _marks(pages, span, start, end, sparse=width < 500)
            drawn = chart.Span(start, end, read.step_ms, marks)
            charts.append(chart.draw(read.points, drawn, width, height, share=read.series.yes_no))
    return desk.page(
        request,
        "sensor.html",
        {
            "sensor": shown,
            "span": span,
            "spans": SPANS,
            "series": read.series,
            "charts": charts,
            "complete": read.complete,
            "whole": chart.whole(read.points),
            "rows": _rows(pages, read.points, by_hour=span == "day"),
        },
    )


def _sensor(sensors: Sequence[SensorNow], sensor_id: str) -> SensorNow:
    for one in sensors:
        if one.id == sensor_id:
            return one
    raise web.HTTPNotFound


def _marks(pages: NodePages, span: str, start: int, end: int, *, sparse: bool) -> list[int]:
    if span == "day":
        return chart.hour_marks(start, end, pages.zone, 6 if sparse else 3)
    apart = {"week": 2 if sparse else 1, "month": 10 if sparse else 5}[span]
    return chart.day_marks(start, end, pages.zone, apart)


def _rows(pages: NodePages, points: Sequence[Rollup], *, by_hour: bool) -> list[Rollup]:
    """The lines of the table: hours, or days of this machine's zone."""

    def period(point: Rollup) -> object:
        return point.start_ms // HOUR_MS if by_hour else pages.date_of(point.start_ms)

    periods = (chart.whole(list(its)) for _, its in groupby(points, period))
    return [row for row in periods if row is not None]
