"""The calendar: a month with its written days, and the year around it."""

import re
from calendar import Calendar, monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from typing import Final, Self

from aiohttp import web

from herdbook.errors import DayInvalid, VaultLocked
from herdbook.llama.panel.desk import desk_of, signed_in

_MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar; `count` entries were written for it."""

    first: date
    count: int = 0

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first.replace(day=monthrange(self.first.year, self.first.month)[1])

    @property
    def name(self) -> str:
        """As it stands in addresses: ``2026-11``."""
        return self.first.isoformat()[:7]

    def moved(self, months: int) -> Self | None:
        """The month so many months on; None beyond the calendar."""
        index = self.first.year * 12 + self.first.month - 1 + months
        year, month = divmod(index, 12)
        return type(self)(date(year, month + 1, 1)) if MINYEAR <= year <= MAXYEAR else None


async def show(request: web.Request) -> web.Response:
    """A month. While the vault is locked, today's page with its door."""
    desk = desk_of(request)
    session, opening = signed_in(request)
    month = _month(request.match_info["month"])
    start = month.first.replace(month=1, day=1)
    try:
        async with session.writing:
            journal = desk.vaults.journal(opening)
            counts = await journal.counts(start, start.replace(month=12, day=31))
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
            "months": [_counted(start.replace(month=number), counts) for number in range(1, 13)],
            "years": years,
            "today": desk.today(),
        },
    )


def _counted(first: date, counts: dict[date, int]) -> Month:
    return Month(first, sum(count for day, count in counts.items() if day.month == first.month))


def _month(text: str) -> Month:
    found = _MONTH.fullmatch(text)
    if found is None or found[1] == "0000":
        raise DayInvalid(f"“{text[:40]}” is not a month.", fix="Write it as in 2026-11.")
    return Month(date(int(found[1]), int(found[2]), 1))
