"""Watches a measurement that is yes or no: when it comes, and how long it lasts.

Kept are, for today and the 56 local days before, the hours in which it was on and those in which it
was read. *Unusual time*: it comes on at an hour at which, with the hours beside it, it never was on
before, on any day; and so many hours around are empty that chance would have put seven of what was
seen into them, so a sensor that is hardly ever on has no hours of its own. *First time*: it
comes on, and in a fortnight or more it never did. *Long lasting*: it has been on, or off, clearly
longer than on ordinary days; see `Limit`. What was strange does not become usual by happening once,
but by happening on three days of a fortnight; and the same within three days is no news.
"""

from typing import Final

from msgspec import Struct

from herdbook.alpaca.noticing.finding import Finding, confidence
from herdbook.alpaca.noticing.hours import DAY
from herdbook.alpaca.noticing.limit import Limit
from herdbook.alpaca.noticing.ticks import HOUR_S

KEPT_DAYS: Final = 56
LEAST_DAYS: Final = 14
_BY_CHANCE: Final = 7.0
_HABIT_DAYS: Final = 3
_NO_NEWS_DAYS: Final = 3
_ON_LEAST_S: Final = 1800.0
_OFF_LEAST_S: Final = 6 * HOUR_S
_MARGIN: Final = 1.25
_AGAIN_S: Final = 6 * HOUR_S
_LASTING_DAYS: Final = 7


class Day(Struct):
    """A local day: bits of the hours it was on, was on strangely, and was read at all."""

    on: int = 0
    strange: int = 0
    known: int = 0


class StateLearned(Struct):
    """What a `StateWatch` keeps across restarts."""

    days: dict[int, Day] = {}
    limits: dict[str, Limit] = {}


class StateWatch:
    """One measurement of form `binary`."""

    restless = False

    def __init__(self, *, quiet: float, learned: StateLearned | None = None) -> None:
        learned = learned or StateLearned()
        self._days = learned.days
        self._limits = learned.limits
        self._quiet = max(quiet, _AGAIN_S)
        self._state: bool | None = None
        self._since: float | None = None
        self._long = False
        self._said: float | None = None

    @property
    def known_days(self) -> float:
        """How many days have been learned."""
        return sum(day.known.bit_count() for day in self._days.values()) / DAY

    def learned(self) -> StateLearned:
        """What is worth keeping."""
        return StateLearned(self._days, self._limits)

    def update(self, value: float, at: float, local_s: float) -> Finding | None:
        """Take a reading, at a monotonic and a local time; what is to be said of it."""
        hour = int(local_s // HOUR_S)
        state = bool(value)
        before, self._state = self._state, state
        today = self._today(hour // DAY)
        found = None
        if before is not None and before != state:
            found = self._turned(at, hour, today)
            self._since = at
        elif self._since is not None:
            found = self._lasts(at - self._since, hour)
        bit = 1 << hour % DAY
        today.known |= bit
        if state and not today.strange & bit:
            today.on |= bit
        return found

    def _today(self, number: int) -> Day:
        today = self._days.get(number)
        if today is None:
            today = self._days[number] = Day()
            for old in [day for day in self._days if day < number - KEPT_DAYS]:
                del self._days[old]
        return today

    def _turned(self, at: float, hour: int, today: Day) -> Finding | None:
        long, self._long = self._long, False
        if long:
            return Finding(
                "recovered",
                float(bool(self._state)),
                None,
                confidence(self.known_days, 2.0, enough_days=LEAST_DAYS),
                at - (at if self._since is None else self._since),
                known_days=round(self.known_days, 1),
            )
        return self._comes(at, hour, today) if self._state else None

    def _comes(self, at: float, hour: int, today: Day) -> Finding | None:
        number, of_day = divmod(hour, DAY)
        past = {day: kept for day, kept in self._days.items() if day != number}
        days = len(past)
        if days < LEAST_DAYS or today.on & _around(of_day):
            return None
        first = not any(day.on for day in past.values()) and not today.on
        if not first and not self._strange(past, of_day):
            return None
        if any(
            past[day].strange & _around(of_day) for day in past if number - day <= _NO_NEWS_DAYS
        ):
            today.strange |= 1 << of_day
            return None
        recent = (day for day in past if number - day < LEAST_DAYS)
        if sum(bool(past[day].strange & _around(of_day)) for day in recent) + 1 >= _HABIT_DAYS:
            return None
        today.strange |= 1 << of_day
        if self._said is not None and at - self._said < self._quiet:
            return None
        self._said = at
        return Finding(
            "first_time" if first else "unusual_time",
            1.0,
            None,
            confidence(days, 2.0 if first else 1.5, enough_days=2 * LEAST_DAYS),
            known_days=days,
            quiet_hours=None if first else _stretch(past, of_day),
        )

    def _strange(self, past: dict[int, Day], of_day: int) -> bool:
        """Whether it is amid hours that would not all be empty by chance."""
        if any(day.on & _around(of_day) for day in past.values()):
            return False
        stretch = _stretch(past, of_day)
        if stretch is None:
            return False
        hours = (stretch[1] - stretch[0]) % DAY
        on_hours = sum(day.on.bit_count() for day in past.values())
        return on_hours * hours / DAY >= _BY_CHANCE

    def _lasts(self, lasted: float, hour: int) -> Finding | None:
        name, least = ("on", _ON_LEAST_S) if self._state else ("off", _OFF_LEAST_S)
        limit = self._limits.setdefault(name, Limit(0.0))
        longest = limit.take(lasted, hour // DAY)
        least = max(least, _MARGIN * longest)
        if self._long:
            limit.go_on()
            return None
        if lasted <= least or len(limit.days) < _LASTING_DAYS:
            return None
        limit.say()
        self._long = True
        return Finding(
            "long_lasting",
            float(bool(self._state)),
            (0.0, longest),
            confidence(self.known_days, lasted / least, enough_days=LEAST_DAYS),
            lasted,
            known_days=round(self.known_days, 1),
        )


def _around(hour: int) -> int:
    """The bits of an hour of the day and its two neighbours."""
    return 1 << hour | 1 << (hour + 1) % DAY | 1 << (hour - 1) % DAY


def _stretch(past: dict[int, Day], hour: int) -> tuple[int, int] | None:
    """From and to which hour of the day it never was on, around `hour`."""
    ever = 0
    for day in past.values():
        ever |= day.on
    if not ever or ever >> hour & 1:
        return None
    first = last = hour
    while not ever >> (first - 1) % DAY & 1:
        first -= 1
    while not ever >> (last + 1) % DAY & 1:
        last += 1
    return first % DAY, (last + 1) % DAY
