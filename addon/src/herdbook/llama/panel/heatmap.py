"""Months day by day, as a table shows them: how many entries each day has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from herdbook.llama.panel.month import Month


@dataclass(frozen=True, slots=True)
class Row:
    """A month: its number of entries, and its days, each with its own."""

    month: Month
    count: int
    days: list[tuple[date, int]]

    @property
    def first(self) -> date:
        """Its first day."""
        return self.month.first

    @property
    def name(self) -> str:
        """As it stands in addresses: ``2026-11``."""
        return self.month.name

    @property
    def next(self) -> date | None:
        """The first day after it; None at the end of the calendar."""
        after = self.month.moved(1)
        return None if after is None else after.first


def rows(months: Iterable[Month], counts: Mapping[date, int]) -> list[Row]:
    """Those months with the entries of each day, as `counts` has them."""
    return [_row(month, counts) for month in months]


def _row(month: Month, counts: Mapping[date, int]) -> Row:
    days = [month.first.replace(day=number) for number in range(1, month.last.day + 1)]
    found = [(day, counts.get(day, 0)) for day in days]
    return Row(month, sum(count for _, count in found), found)
