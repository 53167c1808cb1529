"""A slow drift: all of the last three days moved one way, against one week ago and against two.

A sensor that ages, or was moved, shows the whole day higher or lower: the least, the middle and
the most of its hours. What people do, or the sun, moves one of them. Against two weeks ago, too,
because what came back from somewhere is no drift. How far is too far is a `Limit`, learned from
days of some time ago, or what a drift has shown so far would be usual.
"""

from statistics import median
from typing import Final

from herdbook.alpaca.noticing.finding import Finding, confidence
from herdbook.alpaca.noticing.hours import DAY, Hours
from herdbook.alpaca.noticing.limit import Limit
from herdbook.alpaca.noticing.scale import Scale
from herdbook.alpaca.noticing.ticks import HOUR_S

LEAST_DAYS: Final = 35.0
_BASE: Final = 3.0
_MARGIN: Final = 2.0  # the days beside one another show the same weather
_OF_SPAN: Final = 0.1
_BEHIND: Final = 10
_LAGS: Final = (7, 14)
_ECHO_DAYS: Final = 14


class Drift:
    """The drift of one measurement; `said_on` is the local day on which one was said last."""

    def __init__(
        self, hours: Hours, limits: dict[str, Limit], spread: float | None, said_on: int | None
    ) -> None:
        self._hours = hours
        self._limit = limits.setdefault("drift", Limit(0.0))
        self._spread = spread
        self.said_on = said_on

    def completed(self, today: int, *, is_open: bool) -> Finding | None:
        """What is to be said at the beginning of a local day."""
        score = self._score(today)
        limit = max(_BASE, _MARGIN * self._limit.take(self._score(today - _BEHIND), today))
        echo = self.said_on is not None and today - self.said_on <= _ECHO_DAYS
        if score <= limit or echo or is_open or self._hours.days < LEAST_DAYS:
            return None
        now, before = self._three(today - 3), self._three(today - 3 - _LAGS[0])
        if now is None or before is None:
            return None
        self.said_on = today
        return Finding(
            "drift",
            now[1],
            None,
            confidence(self._hours.days, score / limit, enough_days=LEAST_DAYS),
            _LAGS[0] * DAY * HOUR_S,
            before=before[1],
            known_days=round(self._hours.days, 1),
        )

    def _score(self, today: int) -> float:
        """How far it had moved by a day, to the least that means anything; 0 where unknown."""
        now = self._three(today - 3)
        earlier = [self._three(today - 3 - lag) for lag in _LAGS]
        if now is None:
            return 0.0
        shifts = []
        for before in earlier:
            if before is None:
                return 0.0
            shifts += [one - other for one, other in zip(now, before, strict=True)]
        least = self._spread or max(_OF_SPAN * self._hours.span(Scale()), 1e-9)
        return max(min(shifts), min(-one for one in shifts), 0.0) / least

    def _three(self, first_day: int) -> tuple[float, float, float] | None:
        """Of three days from this one on the usual least, middle and most."""
        known = [
            day for later in range(3) if (day := self._hours.day(first_day + later)) is not None
        ]
        if len(known) < 3:
            return None
        low, middle, high = (median(part) for part in zip(*known, strict=True))
        return low, middle, high
