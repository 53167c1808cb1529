"""What goes wrong in `bench.house`, when, how badly, and which sensors could show it.

Every incident has a *window*, from its beginning until its effects are gone, and a difficulty:
`easy`, `medium` or `hard` scale how strong it is and how long it lasts (1, 0.6 and 0.35 of the full
strength; two of five are easy, two medium, one hard). The first three weeks have none; after that
each device has one every six to twelve days, of a kind that befits it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.house import DAY, MINUTE, House, Series

HOUR: Final = 3600
CALM_WEEKS: Final = 3
_STRENGTH: Final = {"easy": 1.0, "medium": 0.6, "hard": 0.35}
_DIFFICULTIES: Final = ("easy", "easy", "medium", "medium", "hard")
_DEVICES: Final[dict[str, tuple[str, ...]]] = {
    "living": ("window", "window", "crowd", "stuck", "missing", "offset", "drift"),
    "garden": ("stuck", "missing", "offset", "drift"),
    "freezer": ("ajar", "ajar", "dead", "stuck", "missing"),
    "meter": ("left on", "left on", "missing"),
    "water": ("leak", "leak", "burst", "missing"),
    "boiler": ("fails", "fails", "stuck", "missing"),
    "node": ("runaway", "runaway", "fan"),
    "hall": ("still", "missing"),
    "door": ("night", "open", "open"),
    "cellar": ("night", "night", "missing"),
}


@dataclass(frozen=True)
class Incident:
    """Something out of the ordinary: seconds since 1970; `series` are the names it shows in."""

    kind: str
    difficulty: str
    start: float
    end: float
    series: frozenset[str]


def happen(house: House, seed: int) -> list[Incident]:
    """Let things go wrong in a house; changes its series."""
    rng = random.Random(f"incidents {seed}")
    incidents = []
    for device, kinds in _DEVICES.items():
        at = house.start + CALM_WEEKS * 7 * DAY + rng.uniform(0, 9) * DAY
        while at < house.start + house.minutes * MINUTE - 3 * DAY:
            incident = _Happening(house, rng, device, at).happen(rng.choice(kinds))
            incidents.append(incident)
            at = incident.end + rng.uniform(6, 12) * DAY
    return sorted(incidents, key=lambda incident: incident.start)


class _Happening:
    """One incident being made."""

    def __init__(self, house: House, rng: random.Random, device: str, at: float) -> None:
        self._house, self._rng, self._device, self._at = house, rng, device, at
        self._difficulty = rng.choice(_DIFFICULTIES)
        self._strong = _STRENGTH[self._difficulty]
        self._names: set[str] = set()
        self._end = at

    def happen(self, kind: str) -> Incident:
        getattr(self, "_" + kind.replace(" ", "_"))()
        end = self._end + max(HOUR / 2, 0.25 * (self._end - self._at))
        return Incident(kind, self._difficulty, self._at, end, frozenset(self._names))

    def _of(self, kind: str) -> Series:
        return next(one for one in self._house.series if one.kind == kind)

    def _own(self, *forms: str) -> Series:
        return self._rng.choice(
            [one for one in self._house.series if one.device == self._device and one.form in forms]
        )

    def _lasts(self, least: float, most: float) -> float:
        """Hours, of which a hard one has fewer."""
        self._end = self._at + HOUR * (least + (most - least) * self._strong * self._rng.random())
        return (self._end - self._at) / HOUR

    def _change(
        self, series: Series, change: Callable[[float, float], float | None], after: float = 0.0
    ) -> None:
        """Change each value, by the hours since the beginning, until `after` the end."""
        self._names.add(series.name)
        digits = 0.1 if series.kind not in ("humidity", "co2", "water") else 1
        for index in range(len(series.values)):
            at = self._house.start + index * series.step
            value = series.values[index]
            if self._at <= at < self._end + after * HOUR and value is not None:
                changed = change(value, (at - self._at) / HOUR)
                series.values[index] = (
                    None if changed is None else round(round(changed / digits) * digits, 3)
                )

    def _swell(self, rise_h: float) -> Callable[[float], float]:
        """From 0 towards 1 within some hours, and back after the end."""
        lasted = (self._end - self._at) / HOUR

        def part(hours: float) -> float:
            up: float = 1 - 0.5 ** (min(hours, lasted) / rise_h)
            down: float = 0.5 ** (max(0.0, hours - lasted) / rise_h)
            return up * down

        return part

    def _window(self) -> None:
        self._lasts(0.75, 3)
        part = self._swell(0.4)
        fall = self._strong * self._rng.uniform(4, 9)
        dry, air = self._strong * self._rng.uniform(8, 18), self._strong * self._rng.uniform(0.7, 1)
        self._change(self._of("temperature"), lambda v, h: v - fall * part(h), 1)
        self._change(self._of("humidity"), lambda v, h: max(15, v - dry * part(h)), 1)
        self._change(self._of("co2"), lambda v, h: v + (430 - v) * air * part(h), 1)

    def _crowd(self) -> None:
        self._lasts(1.5, 5)
        part, more = self._swell(0.7), self._strong * self._rng.uniform(1200, 2200)
        self._change(self._of("co2"), lambda v, h: v + more * part(h), 1)
        self._change(self._of("humidity"), lambda v, h: min(95, v + more / 150 * part(h)), 1)

    def _stuck(self) -> None:
        self._lasts(14, 40)
        series = self._own("number")
        held = next(
            value
            for index, value in enumerate(series.values)
            if value is not None and self._house.start + index * series.step >= self._at - HOUR
        )
        self._change(series, lambda v, h: held)

    def _missing(self) -> None:
        self._lasts(1, 12)
        self._change(self._own("number", "binary", "counter"), lambda v, h: None)

    def _offset(self) -> None:
        self._lasts(8, 36)
        series = self._own("number")
        by = self._rng.choice((-1, 1)) * self._strong * self._rng.uniform(6, 12) * series.scale
        if series.kind == "outdoor":
            by = abs(by)  # moved into the sun, or indoors
        self._change(series, lambda v, h: v + by)

    def _drift(self) -> None:
        self._end = self._at + self._rng.uniform(9, 14) * DAY
        series, days = self._own("number"), (self._end - self._at) / DAY
        by = self._rng.choice((-1, 1)) * self._strong * self._rng.uniform(8, 14) * series.scale
        self._change(series, lambda v, h: v + by * h / 24 / days)

    def _ajar(self) -> None:
        self._lasts(1.5, 9)
        part, warmer = self._swell(1.5), self._strong * self._rng.uniform(8, 14)
        self._change(self._of("freezer"), lambda v, h: v + warmer * part(h), 2)
        self._change(self._of("compressor"), lambda v, h: max(v, 76.0))

    def _dead(self) -> None:
        self._lasts(5, 16)
        speed, lasted = self._rng.uniform(0.8, 1.6), (self._end - self._at) / HOUR

        def warm(value: float, hours: float) -> float:
            gone = min(hours, lasted) * speed
            return value + min(25.0, gone) * (1 if hours <= lasted else 0.5 ** (hours - lasted))

        self._change(self._of("freezer"), warm, 3)
        self._change(self._of("compressor"), lambda v, h: 0.8)

    def _left_on(self) -> None:
        self._lasts(3, 12)
        watts = self._strong * self._rng.uniform(1200, 2200)
        self._change(self._of("power"), lambda v, h: v + watts)

    def _flow(self, litres_h: float) -> None:
        series = self._of("water")
        lasted = (self._end - self._at) / HOUR
        self._change(series, lambda v, h: v + litres_h * h)
        for index, value in enumerate(series.values):
            if value is not None and self._house.start + index * series.step >= self._end:
                series.values[index] = value + round(litres_h * lasted)

    def _leak(self) -> None:
        self._lasts(4, 14)
        self._flow(self._strong * self._rng.uniform(25, 90))

    def _burst(self) -> None:
        self._lasts(0.4, 1)
        self._flow(self._strong * self._rng.uniform(1500, 2500))

    def _fails(self) -> None:
        self._lasts(6, 16)
        part = self._swell(0.4)
        self._change(self._of("boiler"), lambda v, h: v + (18 - v) * part(h), 1)

    def _runaway(self) -> None:
        self._lasts(1.5, 12)
        more = self._strong * self._rng.uniform(60, 95)
        part = self._swell(0.2)
        self._change(self._of("cpu"), lambda v, h: min(100.0, v + more))
        self._change(self._of("core"), lambda v, h: v + more / 4 * part(h), 1)

    def _fan(self) -> None:
        self._lasts(5, 24)
        part, warmer = self._swell(0.3), self._strong * self._rng.uniform(9, 16)
        self._change(self._of("core"), lambda v, h: v + warmer * part(h), 1)

    def _still(self) -> None:
        self._lasts(26, 50)
        self._change(self._of("motion"), lambda v, h: 0.0)

    def _night(self) -> None:
        """Somewhere between one and four o'clock, for a few minutes."""
        local = self._house.local(self._at)
        self._at += (DAY - local % DAY) + self._rng.uniform(1.0, 4.0) * HOUR
        self._end = self._at + self._rng.uniform(3, 15) * MINUTE
        rng = self._rng
        self._change(self._own("binary"), lambda v, h: float(h < 0.05 or rng.random() < 0.5))

    def _open(self) -> None:
        self._lasts(0.8, 6)
        self._change(self._of("door"), lambda v, h: 1.0)
