"""How moments, days and measured numbers are told, in the language of who reads."""

import re
from abc import ABC, abstractmethod
from datetime import UTC, date, datetime, tzinfo
from typing import Final

from herdbook.house.observation import Observation
from herdbook.web.spelled import spelled
from herdbook.web.strings import Strings

_WHOLE_FROM: Final = 1000
_TENTHS_FROM: Final = 10
"""From which on a measured number is shown without decimals, and with one; below, with two."""


class Telling(ABC):
    """Tells in the words of `strings`, by the clocks of `zone`."""

    __slots__ = ()

    zone: tzinfo

    @property
    @abstractmethod
    def strings(self) -> Strings:
        """The words of the language."""

    @property
    @abstractmethod
    def clock(self) -> str:
        """“24” where the hours of a day are counted through, “12” where they begin anew at noon."""

    def words(self) -> dict[str, object]:
        """What templates may call to tell something, by the names they know it by."""
        return {
            "t": self.strings,
            "iso_of": _iso_of,
            "time_of": self.time_of,
            "moment_of": self.moment_of,
            "date_of": self.date_of,
            "long_date": self.long_date,
            "short_date": self.short_date,
            "day_of": self.day_of,
            "month_name": self.month_name,
            "month_short": self.month_short,
            "weekday": self.weekday,
            "weekday_short": self.weekday_short,
            "capital": _capital,
            "unbroken": _unbroken,
            "sensor_name": _sensor_name,
            "mark_of": self.mark_of,
            "number": self.strings.number,
            "measured": self.measured,
            "step_name": self.step_name,
            "spelled": self.spelled,
            "readings_of": self.readings_of,
        }

    def time_of(self, moment: int | str) -> str:
        """A wall time, in milliseconds or as ISO 8601, as hours and minutes of the household."""
        time = _moment(moment).astimezone(self.zone)
        if self.clock == "24":
            return time.strftime("%H:%M")
        hour = f"{time.hour % 12 or 12}:{time.minute:02}"
        if time.hour < 12:
            return self.strings("dates.am", time=hour)
        return self.strings("dates.pm", time=hour)

    def date_of(self, moment: int | str) -> date:
        """The household's day of a wall time."""
        return _moment(moment).astimezone(self.zone).date()

    def moment_of(self, moment: int | str, year: int | None = None) -> str:
        """A wall time as a day and a time, “20 November, 22:15”.

        Where `year` is known to the reader, another one is told: “20 November 2026, 22:15”.
        """
        date = self.date_of(moment)
        day = self.short_date(date)
        if year is not None and year != date.year:
            day = self.strings("dates.day_year", day=day, year=f"{date.year:04}")
        return self.strings("dates.moment", day=day, time=self.time_of(moment))

    def weekday(self, day: date) -> str:
        """“Friday”."""
        return self.weekday_name(day.weekday())

    def weekday_name(self, number: int) -> str:
        """“Monday” for 0."""
        return self.strings("dates.weekdays").split()[number]

    def weekday_short(self, day: date) -> str:
        """“Fr”, as it heads a column."""
        return self.strings("dates.weekdays_short").split()[day.weekday()]

    def short_date(self, day: date) -> str:
        """“20 November”."""
        return self.strings("dates.day", day=self._number(day), month=self._month(day))

    def day_of(self, day: date) -> str:
        """“20 November 2026”."""
        return self.strings("dates.day_year", day=self.short_date(day), year=f"{day.year:04}")

    def month_name(self, day: date) -> str:
        """“November 2026”."""
        return self.strings("dates.month", month=self._month(day), year=f"{day.year:04}")

    def month_short(self, day: date) -> str:
        """“Nov”, as it begins a row."""
        return self.strings("dates.months_short").split()[day.month - 1]

    def long_date(self, day: date) -> str:
        """“Friday, 20 November 2026”."""
        return self.strings(
            "dates.long",
            weekday=self.weekday(day),
            day=self._number(day),
            month=self._month(day),
            year=f"{day.year:04}",
        )

    def mark_of(self, moment: int) -> str:
        """A day as it stands below a drawing: “20 Nov”."""
        day = self.date_of(moment)
        return self.strings("dates.day", day=day.day, month=self.month_short(day))

    def measured(self, value: float, unit: str = "") -> str:
        """A measured number and its unit, “21.4 °C”, as precise as one can tell at a glance."""
        number = self.strings.number(value, _decimals_of(value))
        return f"{number}\N{NO-BREAK SPACE}{unit}" if unit else number

    def step_name(self, tool: str) -> str:
        """“Looked back” for a step of a model; of a newer node's, what that calls it."""
        key = f"herd.step_{tool}"
        return self.strings(key) if key in self.strings else tool

    def spelled(self, text: str) -> str:
        """What a step of a model said, or what came of it: “source: boiler, hours: 24”."""
        return spelled(text, self.moment_of)

    def readings_of(self, observation: Observation) -> str:
        """What an observation rests on, oldest first: “20.5 · 17 · 14.2 °C”."""
        *earlier, last = observation.values
        told = [self.measured(value) for value in earlier]
        return " · ".join((*told, self.measured(last, observation.unit or "")))

    def _month(self, day: date) -> str:
        return self.strings("dates.months").split()[day.month - 1]

    def _number(self, day: date) -> str:
        """Which day of its month: some languages count the first one otherwise than the others."""
        return self.strings("dates.first") if day.day == 1 else str(day.day)


def _moment(moment: int | str) -> datetime:
    if isinstance(moment, int):
        return datetime.fromtimestamp(moment / 1000, UTC)
    return datetime.fromisoformat(moment)


def _capital(text: str) -> str:
    """A date as a line begins with it: many languages write months and weekdays small."""
    return text[:1].upper() + text[1:]


def _unbroken(sentence: str, unit: str | None) -> str:
    """What the house says, with no line ending between a number and its unit."""
    if unit is None:
        return sentence
    return re.sub(rf"(?<=\d) (?={re.escape(unit)})", "\N{NBSP}", sentence)


def _sensor_name(sensor: str, name: str = "") -> str:
    """What people call it; or else “Room temperature” for “room_temperature”."""
    return name or _capital(sensor.replace("_", " "))


def _decimals_of(value: float) -> int:
    if value == int(value) or abs(value) >= _WHOLE_FROM:
        return 0
    return 1 if abs(value) >= _TENTHS_FROM else 2


def _iso_of(moment: int | str) -> str:
    return _moment(moment).isoformat(timespec="seconds")
