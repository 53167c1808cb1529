"""A month of the calendar, and the ones around it."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from typing import Final, Self

from herdbook.errors import DayInvalid

_NAME: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar."""

    first: date

    @classmethod
    def of(cls, day: date) -> Self:
        """The month that has a day."""
        return cls(day.replace(day=1))

    @classmethod
    def named(cls, name: str) -> Self:
        """The month of a name in an address. Raises `DayInvalid`."""
        found = _NAME.fullmatch(name)
        if found is None or found[1] == "0000":
            raise DayInvalid(f"“{name[:40]}” is not a month.", fix="Write it as in 2026-11.")
        return cls(date(int(found[1]), int(found[2]), 1))

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
