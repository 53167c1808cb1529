"""How far is further than ever: a limit that is learned from the largest score of each day.

A house has bursts, and each sensor its own: a kettle, a defrosting freezer, a busy processor. What
such a score does not exceed on ordinary days cannot be said beforehand, but it can be looked up, in
the largest score of each of the last four weeks' days. The larger half of them tells how far days
differ: as if what lies beyond the median had an exponential tail, the limit is where one day in
fifteen hundred would be. It is further out while few days are known.

A day on which something was said does not count for that, or the next window left open would have
to be larger; except in the first three weeks, in which little is known to be ordinary. What was
seen on two ordinary days, in these weeks on one, is within the limit. What happens on every seventh
day is no news, so the fourth largest of all days counts, said or not; and for three days after
something was said the same is no news either.
"""

import math
from statistics import fmean, median
from typing import Final

from msgspec import Struct

_DAYS: Final = 28
_ONE_IN: Final = 1500.0
_DOUBT: Final = 3.0  # by the number of days: what the spread may be larger
_DOUBT_AT_FIRST: Final = 20.0  # by its square
_SEEN: Final = 1.15
_SEEN_RANK: Final = 2
_YOUNG_DAYS: Final = 21
_ANY_RANK: Final = 4
_NO_NEWS_DAYS: Final = 3


class Limit(Struct):
    """The limit of one score. `base` is the least it can be; `days` hold (maximum, was it said)."""

    base: float
    today: int | None = None
    most: float = 0.0
    said: bool = False
    goes_on: bool = False
    days: list[tuple[float, bool]] = []
    learned: float = 0.0
    last_said: tuple[int, float] | None = None

    def take(self, score: float, day: int) -> float:
        """Take a score of a local day (a number that grows); returns the limit before it."""
        if day != self.today:
            if self.today is not None and (self.said or not self.goes_on):
                self.days = [*self.days[1 - _DAYS :], (self.most, self.said)]
                if self.said:
                    self.last_said = self.today, self.most
            self.learned = self._learn(day)
            self.today, self.most, self.said, self.goes_on = day, 0.0, False, False
        self.most = max(self.most, score)
        return max(self.base, self.learned)

    def say(self) -> None:
        """Today something was said because of this score."""
        self.said = True

    def go_on(self) -> None:
        """What was said on an earlier day goes on: one incident counts as one day."""
        self.goes_on = True

    def _learn(self, day: int) -> float:
        young = len(self.days) < _YOUNG_DAYS
        ordinary = sorted((most for most, said in self.days if young or not said), reverse=True)
        every = sorted((most for most, _ in self.days), reverse=True)
        rank = 1 if young else _SEEN_RANK
        seen = max(_ranked(ordinary, rank), _ranked(every, _ANY_RANK))
        limit = max(_tail(ordinary), _SEEN * seen)
        if self.last_said is not None and day - self.last_said[0] <= _NO_NEWS_DAYS:
            limit = max(limit, _SEEN * self.last_said[1])
        return limit


def _tail(largest_first: list[float]) -> float:
    """What one ordinary day in many exceeds."""
    if not largest_first:
        return 0.0
    middle = median(largest_first)
    upper = largest_first[: (len(largest_first) + 1) // 2]
    beyond = fmean(upper) - middle
    days = len(largest_first)
    doubt = 1 + _DOUBT / days + _DOUBT_AT_FIRST / days**2
    return middle + beyond * math.log(_ONE_IN / 2) * doubt


def _ranked(largest_first: list[float], rank: int) -> float:
    return largest_first[rank - 1] if 0 < rank <= len(largest_first) else 0.0
