"""Who is in the simulated room, what the weather is, and what goes wrong: all from one seed.

Owns the schedule of a household in winter, as pure functions of the seed and of simulated time in
seconds. Time 0 is 18:00 of a Monday; times before it are the past the room has when a node starts.
"""

import math
import random
from typing import Final, Literal

from msgspec import Struct

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
_STARTS_AT: Final = 18 * HOUR
_WEEKEND: Final = (5, 6)


class Conditions(Struct, frozen=True):
    """What acts on the room during one minute."""

    outdoor_c: float
    sun_w: float
    people: int
    thermostat_c: float
    window_open: bool
    door_open: bool
    motion: bool


class Incident(Struct, frozen=True):
    """Something out of the ordinary between two moments: a forgotten window, or `guests` people."""

    kind: Literal["window", "guests"]
    start: float
    end: float
    guests: int = 0


class Household:
    """The life around the room. Without `first_incident` (simulated seconds) nothing goes wrong."""

    def __init__(self, seed: int, first_incident: float | None = None) -> None:
        self._seed = seed
        self._rng = self._random("incidents")
        self._incidents: list[Incident] = []
        self._stays: dict[int, list[tuple[float, float, int]]] = {}
        if first_incident is not None:
            self._incidents.append(self._incident(first_incident))

    def conditions(self, minute: int) -> Conditions:
        """What acts on the room in the simulated minute `minute` (negative: before the start)."""
        moment = minute * MINUTE
        incident = self.incident_at(moment)
        guests = incident.guests if incident else 0
        people = self._residents(moment) + guests
        chance = self._random("minute", minute)
        coming_or_going = self._residents(moment - MINUTE) != self._residents(moment)
        door_chance = 0.05 if guests else 0.01 if people else 0.0
        hour = _hour(moment)
        return Conditions(
            outdoor_c=self._outdoor(moment),
            sun_w=self._sun(moment),
            people=people,
            thermostat_c=21.0 if 6 <= hour < 22.5 else 18.0,
            window_open=incident is not None and incident.kind == "window",
            motion=chance.random() < 1 - 0.45**people,
            door_open=chance.random() < door_chance or coming_or_going,
        )

    def incident_at(self, moment: float) -> Incident | None:
        """What is going wrong at a moment, if anything."""
        while self._incidents and self._incidents[-1].end <= moment:
            last = self._incidents[-1]
            self._incidents.append(self._incident(last.end + self._rng.uniform(8, 24) * HOUR))
        return next((i for i in reversed(self._incidents) if i.start <= moment < i.end), None)

    def _incident(self, start: float) -> Incident:
        guests = self._rng.randint(5, 8)
        lasts = self._rng.uniform(45, 90) * MINUTE
        if 10 <= _hour(start) < 21 and self._rng.random() < 0.5:
            return Incident("guests", start, start + lasts, guests)
        return Incident("window", start, start + lasts)

    def _residents(self, moment: float) -> int:
        day, hour = _day(moment), _hour(moment)
        return sum(people for start, end, people in self._stays_of(day) if start <= hour < end)

    def _stays_of(self, day: int) -> list[tuple[float, float, int]]:
        """When people are in the room on a day: from hour, to hour, how many."""
        if day not in self._stays:
            rng = self._random("stays", day)
            if day % 7 in _WEEKEND:
                rises, leaves, returns = rng.gauss(8.5, 0.4), rng.gauss(12.5, 0.5), 15.0
                returns += rng.choice((-2.0, 0.0, 1.0))
                retires = rng.gauss(23.2, 0.3)
            else:
                rises, leaves = rng.gauss(6.7, 0.2), rng.gauss(8.2, 0.15)
                returns, retires = rng.gauss(17.0, 0.3), rng.gauss(22.7, 0.3)
            dinner = rng.uniform(18.5, 20)
            self._stays[day] = [
                (rises, leaves, rng.choice((1, 2))),
                (returns, retires, 1),
                (dinner, retires, 1),
            ]
        return self._stays[day]

    def _outdoor(self, moment: float) -> float:
        day, hour = _day(moment), _hour(moment)
        today, tomorrow = self._mildness(day), self._mildness(day + 1)
        drift = today + (tomorrow - today) * hour / 24
        return 3.0 + drift + 3.5 * math.cos(2 * math.pi * (hour - 15) / 24)

    def _mildness(self, day: int) -> float:
        return self._random("weather", day).gauss(0, 2)

    def _sun(self, moment: float) -> float:
        clear = self._random("sun", _day(moment)).random()
        return max(0.0, 250 * clear * math.sin(math.pi * (_hour(moment) - 8) / 8.5))

    def _random(self, *of: str | int) -> random.Random:
        return random.Random(f"{self._seed} {' '.join(map(str, of))}")


def _day(moment: float) -> int:
    return math.floor((moment + _STARTS_AT) / DAY)


def _hour(moment: float) -> float:
    return (moment + _STARTS_AT) % DAY / HOUR
