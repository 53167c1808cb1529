"""The calendar: a month with its written days, and the year around it."""

from calendar import Calendar

from aiohttp import web

from herdbook.errors import VaultLocked
from herdbook.llama.panel.desk import desk_of, signed_in
from herdbook.llama.panel.heatmap import rows
from herdbook.llama.panel.month import Month


async def now(request: web.Request) -> web.Response:
    """Go to this month."""
    desk = desk_of(request)
    return desk.pages.go(request, "calendar", month=Month.of(desk.today()).name)


async def show(request: web.Request) -> web.Response:
    """A month. While the vault is locked, today's page with its door."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    month = Month.named(request.match_info["month"])
    year = [Month(month.first.replace(month=number)) for number in range(1, 13)]
    try:
        async with session.writing:
            journal = desk.vaults.journal(opening)
            counts = await journal.counts(year[0].first, year[-1].last)
            years = await journal.years()
    except VaultLocked:
        return desk.pages.go(request, "home")
    weeks = Calendar(desk.pages.first_weekday).monthdayscalendar(
        month.first.year, month.first.month
    )
    return desk.pages.page(
        "calendar.html",
        {
            "person": opening.person,
            "month_end": month.last,
            "month": month,
            "previous": month.moved(-1),
            "next": month.moved(1),
            "year_before": month.moved(-12),
            "year_after": month.moved(12),
            "weeks": [
                [month.first.replace(day=number) if number else None for number in week]
                for week in weeks
            ],
            "counts": counts,
            "months": rows(year, counts),
            "latest": max(counts, default=month.first),
            "years": years,
            "today": desk.today(),
        },
    )
