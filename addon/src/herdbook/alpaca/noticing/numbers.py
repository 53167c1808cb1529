"""Watches a measurement that is a number: its level, sudden changes, drift, and standing still.

For the first four days the range of `herdbook.house.baselines` decides, which knows no hours.
After that each way of departing has a score and a learned `Limit`, twice as far until a
week, and so a Sunday, has been seen. What is beyond its limit has to be so twice in a row, unless a
reading stands for a quarter of an hour. Then it is said once; the measurement is *open* until
nothing has been beyond six tenths of its limit for an hour. So one incident is one finding, however
it wavers. After thirty hours it is closed at any rate: by then its limits have learned it. Of what
lasted an hour or more the end is said too.
"""

from collections import deque
from itertools import islice
from statistics import median
from typing import Final, Literal

from msgspec import Struct

from herdbook.alpaca.noticing.drift import Drift
from herdbook.alpaca.noticing.edge import Departure
from herdbook.alpaca.noticing.finding import Finding, Kind, Range, confidence
from herdbook.alpaca.noticing.hours import DAY, Hours
from herdbook.alpaca.noticing.level import Level, Residual
from herdbook.alpaca.noticing.limit import Limit
from herdbook.alpaca.noticing.scale import Scale
from herdbook.alpaca.noticing.ticks import HOUR_S, Ticks
from herdbook.house.baselines import Baseline

FIRST_DAYS: Final = 4.0
_WEEK_DAYS: Final = 7.0
_FIRST_WEEK: Final = 2.0
_JUDGED_DAYS: Final = 2.0
ENOUGH_DAYS: Final = 14.0
_BELIEVED_ALONE_S: Final = 900.0
_STILL_OPEN: Final = 0.6
_NEW_S: Final = 30 * HOUR_S
_CHANGE_S: Final = 900.0
_CHANGE_BASE: Final = 8.0
_STUCK_LEAST_S: Final = 2 * HOUR_S
_STUCK_LEAST_STEPS: Final = 24
_STUCK_MARGIN: Final = 1.5
_STUCK_MOST_S: Final = 40 * HOUR_S
_SHOWN: Final = 12


class NumberLearned(Struct):
    """What a `NumberWatch` keeps across restarts."""

    newest: int = -1
    columns: bytes = b""
    typical: dict[Residual, float] = {}
    limits: dict[str, Limit] = {}
    open: Finding | None = None
    drifted_on: int | None = None
    scale: Scale | None = None

    def __post_init__(self) -> None:
        if len(self.columns) not in (0, Hours.PACKED):
            raise ValueError("the hours are not eight weeks of hours")


class _Change(Struct, frozen=True):
    """A quarter of an hour's middle against that of the one before."""

    value: float
    before: float
    score: float
    limit: float
    kind: Literal["sudden_change"] = "sudden_change"
    name: Literal["change"] = "change"


class NumberWatch:
    """One measurement. `spread`, if known, is the least deviation that means anything."""

    def __init__(
        self,
        *,
        spread: float | None,
        quiet: float,
        valid: Range | None = None,
        learned: NumberLearned | None = None,
    ) -> None:
        learned = learned or NumberLearned()
        self._hours = Hours.unpack(learned.newest, learned.columns) if learned.columns else Hours()
        self._limits = learned.limits
        self._level = Level(self._hours, self._limits, spread, learned.scale)
        self._level.typical.update(learned.typical)
        self._drift = Drift(self._hours, self._limits, spread, learned.drifted_on)
        self._open = learned.open
        self._quiet = quiet
        self._ticks = Ticks()
        self._early = Baseline(spread=spread, quiet=max(quiet, HOUR_S), valid=valid)
        self._hour: int | None = None
        self._of_hour: list[float] = []
        self._in_a_row: dict[str, int] = {}
        self._opened: float | None = None  # of an incident that was open before a restart
        self._calm_since: float | None = None
        self._closed: float | None = None
        self._same: tuple[float, float] | None = None

    @property
    def known_days(self) -> float:
        """How many days have been learned."""
        return self._hours.days

    @property
    def restless(self) -> bool:
        """Whether something seems to begin: the next reading is wanted soon."""
        return bool(self._in_a_row) and self._open is None

    def learned(self) -> NumberLearned:
        """What is worth keeping."""
        newest, columns = self._hours.packed()
        return NumberLearned(
            newest,
            columns,
            self._level.typical,
            self._limits,
            self._open,
            self._drift.said_on,
            self._level.chosen,
        )

    def update(self, value: float, at: float, local_s: float) -> Finding | None:
        """Take one finite reading, at a monotonic and a local time; what is to be said of it."""
        hour = int(local_s // HOUR_S)
        early = self._first_days(value, at)
        still = self._stand_still(value, at, hour)
        tick = self._ticks.add(value, at)
        if tick is None:
            return early or still
        drifted = self._complete(hour)
        self._of_hour.append(tick)
        found = early or drifted or still
        if self.known_days < _JUDGED_DAYS:
            return found
        return self._tick(tick, at, hour) or found

    def _first_days(self, value: float, at: float) -> Finding | None:
        if self.known_days >= FIRST_DAYS:
            return None
        departure = self._early.update(value, at)
        if departure is None:
            return None
        return Finding(
            departure.kind,
            departure.value,
            departure.usual,
            departure.confidence,
            values=self._shown(),
            known_days=round(self.known_days, 1),
        )

    def _complete(self, hour: int) -> Finding | None:
        before, self._hour = self._hour, hour
        if before is None or before == hour:
            return None
        if self._of_hour:
            self._level.completed(before, self._of_hour)
            self._of_hour = []
        if before // DAY == hour // DAY:
            return None
        return self._drift.completed(hour // DAY, is_open=self._open is not None)

    def _tick(self, tick: float, at: float, hour: int) -> Finding | None:
        departures: list[Departure | _Change] = [
            *self._level.judge(
                tick,
                self._ticks.ordered if self._ticks.covers_an_hour else None,
                hour,
                coarse=self._ticks.step > _BELIEVED_ALONE_S,
                all_of_them=self._open is not None,
            )
        ]
        change = self._change(hour)
        if change is not None and self.known_days >= ENOUGH_DAYS:
            departures.append(change)
        doubt = _FIRST_WEEK if self.known_days < _WEEK_DAYS else 1.0
        beyond = [one for one in departures if one.score > doubt * one.limit]
        names = {one.name for one in beyond}
        self._in_a_row = {name: self._in_a_row.get(name, 0) + 1 for name in names}
        if self._open is not None:
            if self._open.kind == "stuck":
                return None
            return self._closing(departures, tick, at, self._open.kind)
        needed = 1 if self._ticks.step >= _BELIEVED_ALONE_S else 2
        sure = [one for one in beyond if self._in_a_row[one.name] >= needed]
        if not sure or self.known_days < FIRST_DAYS:
            return None
        for one in beyond:
            self._limits[one.name].say()
        # Where it came to says more than that it changed.
        worst = max(sure, key=lambda one: (one.kind != "sudden_change", one.score / one.limit))
        if self._closed is not None and at - self._closed < self._quiet:
            return None
        self._opened, self._calm_since = at, None
        self._open = self._finding(worst)
        return self._open

    def _closing(
        self, departures: list[Departure | _Change], tick: float, at: float, kind: Kind
    ) -> Finding | None:
        if self._opened is None:
            self._opened = at
        # After a high day an ordinary one is low against the last: that is no part of it.
        departures = [
            one for one in departures if not one.name.startswith("lately") or one.kind == kind
        ]
        new = at - self._opened < _NEW_S
        if new:
            for one in departures:
                if one.score > one.limit:
                    self._limits[one.name].go_on()
        if new and any(one.score > _STILL_OPEN * one.limit for one in departures):
            self._calm_since = None
            return None
        if self._calm_since is None:
            self._calm_since = at
        if at - self._calm_since < HOUR_S:
            return None
        lasted = self._calm_since - self._opened
        self._open, self._closed = None, at
        if lasted < HOUR_S or kind == "sudden_change":
            return None
        return self._recovered(tick, lasted)

    def _recovered(self, value: float, lasted: float) -> Finding:
        return Finding(
            "recovered",
            value,
            self._level.usual,
            confidence(self.known_days, 2.0, enough_days=ENOUGH_DAYS),
            lasted,
            values=self._shown(),
            known_days=round(self.known_days, 1),
        )

    def _finding(self, one: Departure | _Change) -> Finding:
        return Finding(
            one.kind,
            one.value,
            self._level.usual_of(one) if isinstance(one, Departure) else None,
            confidence(self.known_days, one.score / one.limit, enough_days=ENOUGH_DAYS),
            HOUR_S if isinstance(one, Departure) else 2 * _CHANGE_S,
            one.question.aspect if isinstance(one, Departure) else "value",
            None if isinstance(one, Departure) else one.before,
            self._shown(),
            round(self.known_days, 1),
        )

    def _change(self, hour: int) -> _Change | None:
        """The last quarter of an hour against the one before."""
        number = round(_CHANGE_S / self._ticks.step)
        if number == 0 or len(self._ticks.window) < 2 * number:
            return None
        last = [value for _, value in islice(reversed(self._ticks.window), 2 * number)]
        now, before = median(last[:number]), median(last[number:])
        base = _CHANGE_BASE * max(self._level.least, 1e-9)
        score = abs(self._level.scale.of(now) - self._level.scale.of(before)) / base
        limit = self._limits.setdefault("change", Limit(1.0)).take(score, hour // DAY)
        return _Change(now, before, score, limit)

    def _stand_still(self, value: float, at: float, hour: int) -> Finding | None:
        if self._same is None or self._same[0] != value:
            recovered = None
            if self._same is not None and self._open is not None and self._open.kind == "stuck":
                recovered = self._recovered(value, at - self._same[1])
                self._open, self._closed = None, at
            self._same = (value, at)
            return recovered
        limit = self._limits.setdefault("stuck", Limit(0.0))
        lasted = at - self._same[1]
        longest = limit.take(lasted, hour // DAY)
        least = max(_STUCK_LEAST_S, _STUCK_LEAST_STEPS * self._ticks.step, _STUCK_MARGIN * longest)
        if (
            lasted <= least
            or least > _STUCK_MOST_S
            or self.known_days < FIRST_DAYS
            or not self._level.least
        ):
            return None
        if self._open is not None:
            limit.go_on()
            return None
        limit.say()
        self._opened = self._same[1]
        self._open = Finding(
            "stuck",
            value,
            (0.0, longest),
            confidence(self.known_days, lasted / least, enough_days=ENOUGH_DAYS),
            lasted,
            values=self._shown(),
            known_days=round(self.known_days, 1),
        )
        return self._open

    def _shown(self) -> tuple[float, ...]:
        recent: deque[float] = deque((value for _, value in self._ticks.window), maxlen=_SHOWN)
        return tuple(recent)
