"""Twelve months of a trace, day by day, as a table shows them."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from herdbook.journal.traces import Traces
from herdbook.llama.panel.months import Month

_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Row:
    """A month: its number of entries, and its days, each with its own.

    `next` is the first day after it, None at the end of the calendar.
    """

    first: date
    count: int
    days: list[tuple[date, int]]
    next: date | None


async def heatmap(traces: Traces, trace_id: str, today: date) -> list[Row]:
    """The twelve months up to today's, the oldest first. Raises `VaultLocked`."""
    this = Month(today.replace(day=1))
    months = [
        month for back in range(_MONTHS - 1, -1, -1) if (month := this.moved(-back)) is not None
    ]
    counts = await traces.per_day(trace_id, months[0].first, months[-1].last)
    return [_row(month, counts) for month in months]


def _row(month: Month, counts: dict[date, int]) -> Row:
    days = [month.first.replace(day=number) for number in range(1, month.last.day + 1)]
    after = month.moved(1)
    return Row(
        month.first,
        sum(counts.get(day, 0) for day in days),
        [(day, counts.get(day, 0)) for day in days],
        None if after is None else after.first,
    )
