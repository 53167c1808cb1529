"""One trace's page: where it was used, what it appears with, and what can be done with it.

Its address has the trace's random id: a name is what somebody wrote.
"""

import asyncio
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from aiohttp import web
from markupsafe import Markup

from herdbook.errors import InputError, TraceUnknown, VaultLocked
from herdbook.journal.entry import read_day
from herdbook.journal.traces import Traces
from herdbook.journal.uses import Stretch, Traced, Use
from herdbook.llama.panel.desk import desk_of, fields_of, signed_in
from herdbook.llama.panel.heatmap import rows
from herdbook.llama.panel.markdown import render
from herdbook.llama.panel.month import Month
from herdbook.web.rendering import is_htmx

_ENTRIES: Final = 20
_BESIDE: Final = 30
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Day:
    """A day's entries that have the trace, newest first, each with its text as HTML."""

    day: date
    entries: list[tuple[Traced, Markup]]


async def show(request: web.Request) -> web.Response:
    """The page, or older entries for it; with ``?before=`` those before a day."""
    return await _page(request, None)


async def rename(request: web.Request) -> web.Response:
    """Give the trace another name. If another trace has that one, ask whether to merge the two."""
    trace_id, traces = request.match_info["trace"], _traces(request)
    session, _ = signed_in(request)
    async with session.writing:
        trace = await traces.rename(trace_id, (await fields_of(request)).get("name", ""))
        clash = None if trace.id == trace_id else await traces.find(trace.id)
        use = await traces.find(trace_id)
    pages = desk_of(request).pages
    if clash is None:
        return pages.go(request, "trace", trace=trace_id)
    if is_htmx(request):
        return pages.page("parts/clash.html", {"use": use, "clash": clash})
    return await _page(request, clash)


async def merge(request: web.Request) -> web.Response:
    """Put another trace in this one's place, on every entry: that of an id, or else of a name."""
    traces = _traces(request)
    fields = await fields_of(request)
    session, _ = signed_in(request)
    async with session.writing:
        into = fields.get("into") or await _named(request, traces, fields.get("name", ""))
        await traces.merge(request.match_info["trace"], into)
    return desk_of(request).pages.go(request, "trace", trace=into)


async def delete(request: web.Request) -> web.Response:
    """Take the trace off every entry."""
    session, _ = signed_in(request)
    async with session.writing:
        await _traces(request).delete(request.match_info["trace"])
    return desk_of(request).pages.go(request, "traces")


async def _page(request: web.Request, clash: Use | None) -> web.Response:
    desk = desk_of(request)
    session, opening = signed_in(request)
    trace_id, today = request.match_info["trace"], desk.today()
    before = _before(request.query.get("before", ""))
    try:
        async with session.writing:
            traces = _traces(request)
            use = await traces.find(trace_id)
            stretch = await traces.stretch(trace_id, before, least=_ENTRIES)
            days = await asyncio.to_thread(_days, stretch)
            files = await desk.vaults.journal(opening).files.of_entries(
                [one.entry.id for one in stretch.entries]
            )
            shown = {
                "use": use,
                "days": days,
                "files": files,
                "older": stretch.older,
                "before": before,
            }
            if is_htmx(request):
                return desk.pages.page("parts/stretch.html", shown)
            months = _months(today)
            counts = await traces.per_day(trace_id, months[0].first, months[-1].last)
            beside = await traces.appears_with(trace_id, limit=_BESIDE)
    except VaultLocked:
        return desk.pages.go(request, "home")
    shown |= {"person": opening.person, "clash": clash, "today": today}
    return desk.pages.page("trace.html", shown | {"months": rows(months, counts), "beside": beside})


def _months(today: date) -> list[Month]:
    """Those up to today's, the oldest first."""
    this = Month.of(today)
    back = [this.moved(months - _MONTHS + 1) for months in range(_MONTHS)]
    return [month for month in back if month is not None]


def _traces(request: web.Request) -> Traces:
    _, opening = signed_in(request)
    return desk_of(request).vaults.journal(opening).traces


async def _named(request: web.Request, traces: Traces, name: str) -> str:
    strings = desk_of(request).pages.strings
    try:
        return (await traces.named(name)).trace.id
    except TraceUnknown as error:
        raise InputError(strings("trace.none_of_that_name"), fix=strings("trace.choose")) from error


def _days(stretch: Stretch) -> list[Day]:
    """Long texts take a while."""
    return [
        Day(day, [(one, render(one.entry.text)) for one in entries])
        for day, entries in groupby(stretch.entries, lambda one: one.entry.day)
    ]


def _before(text: str) -> date | None:
    return read_day(text) if text else None
