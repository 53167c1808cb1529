"""Made-up series of strangers, of six quite different characters, for `bench.noticing`.

What a house shows is made in `bench.house`. These stand for what public collections of labelled
series have: servers, a machine that fails, counts of traffic, an exchange of advertisements, steps
in a level, and talk about a name. They are not copies of any: each character is a few lines of
arithmetic, written from what such a series is, and all follows from the seed.

As in such collections, nothing is known of a series but its times and values; rows are missing; and
a tenth of each series is labelled: a window for each of its one to three anomalies, which begins at
any place in the window's first half and ends with it at the latest. The first sixth of a series has
none.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

DAY: Final = 86_400
_LABELLED: Final = 0.1
_CALM: Final = 1 / 6
_GAPS: Final = 0.0004
_START: Final = 1_400_000_000

type Row = tuple[float, float]


@dataclass(frozen=True)
class Strange:
    """A series: rows of (seconds since 1970, value), and windows of (start, end) with a kind."""

    name: str
    rows: list[Row]
    windows: list[tuple[float, float, str]]


class _Series:
    """One being made: its random numbers, and by the index of a row what is strange there."""

    def __init__(self, seed: str, step: int, days: int) -> None:
        self.rng = random.Random(seed)
        self.step = step
        self.count = days * DAY // step
        self.values: list[float] = []
        self.windows: list[tuple[float, float, str]] = []
        self.places = self._places()

    def _places(self) -> list[tuple[int, int]]:
        """Of each anomaly the first index, and one past the window's end."""
        number = self.rng.choice((1, 2, 2, 3))
        width = int(self.count * _LABELLED / number)
        free = self.count - int(self.count * _CALM) - number * width
        cuts = sorted(self.rng.uniform(0, free) for _ in range(number))
        places = []
        for order, cut in enumerate(cuts):
            first = int(self.count * _CALM + cut) + order * width
            places.append((first + int(self.rng.uniform(0.05, 0.5) * width), first + width))
        self._width = width
        return places

    def label(self, place: tuple[int, int], kind: str) -> None:
        """Note what was put there."""
        start, end = place[1] - self._width, place[1]
        self.windows.append((self.at(start), self.at(end), kind))

    def at(self, index: int) -> float:
        return float(_START + index * self.step)

    def of_day(self, index: int) -> float:
        """The hour of the day."""
        return self.at(index) % DAY / 3600

    def steps(self, hours: float) -> int:
        return max(1, round(hours * 3600 / self.step))

    def change(
        self, place: tuple[int, int], hours: float, change: Callable[[float, float], float]
    ) -> None:
        """Change values by their part of the way through, which at the latest the window ends."""
        first, end = place
        count = min(self.steps(hours), end - first)
        for index in range(first, first + count):
            self.values[index] = change(self.values[index], (index - first) / count)

    def made(self, name: str, digits: int) -> Strange:
        rows, skip = [], 0
        for index, value in enumerate(self.values):
            if skip == 0 and self.rng.random() < _GAPS:
                skip = self.rng.randint(1, 12)
            if skip:
                skip -= 1
                continue
            rows.append((self.at(index), round(value, digits)))
        return Strange(name, rows, self.windows)


def _server(seed: str) -> _Series:
    """How busy it is, in per cent: noise, bursts at any time, a job every night."""
    made = _Series(seed, 300, 14)
    rng = made.rng
    idle, burst, job = rng.uniform(2, 30), rng.uniform(5, 20), rng.choice((0.0, 15.0, 30.0))
    often, noise, busy = rng.choice((0.003, 0.01, 0.03)), rng.uniform(0.2, 2), 0.0
    for index in range(made.count):
        busy = 0.6 * busy + (rng.expovariate(1 / burst) if rng.random() < often else 0)
        nightly = job if 2 <= made.of_day(index) < 2.5 else 0
        made.values.append(min(100.0, max(0.0, idle + busy + nightly + rng.gauss(0, noise))))
    for place in made.places:
        kind = rng.choice(("runaway", "runaway", "down", "restless"))
        more, hours = rng.uniform(30, 60), rng.uniform(2, 14)
        if kind == "runaway":
            made.change(place, hours, lambda v, _, by=more: min(100.0, v + by))  # type: ignore[misc]
        elif kind == "down":
            made.change(place, hours, lambda v, _: 0.0)
        else:
            made.change(place, hours, lambda v, _: min(100.0, v + rng.expovariate(1 / (2 * burst))))
        made.label(place, kind)
    return made


def _machine(seed: str) -> _Series:
    """Degrees of a part of it: it wanders by load, falls when it is stopped, fails after days."""
    made = _Series(seed, 300, 70)
    rng = made.rng
    usual, load, slow = rng.uniform(60, 95), 0.0, 0.0
    for index in range(made.count):
        slow = 0.9995 * slow + rng.gauss(0, 0.12)
        load = 0.97 * load + rng.gauss(0, 0.5)
        day = 1.5 * math.sin(2 * math.pi * (made.of_day(index) - 9) / 24)
        made.values.append(usual + slow + load + day + rng.gauss(0, 0.4))
    for place in made.places:
        kind = rng.choice(("stopped", "fails", "fails", "hot"))
        hours, by = rng.uniform(6, 30), rng.uniform(20, 45)
        if kind == "stopped":
            made.change(place, hours, lambda v, p, by=by: v - by * min(1, 8 * p, 8 * (1 - p)))  # type: ignore[misc]
        elif kind == "hot":
            made.change(place, hours, lambda v, p, by=by: v + by / 2 * min(1, 4 * p))  # type: ignore[misc]
        else:  # warmer for a day and more, then it stops
            made.change(
                place,
                hours + 24,
                lambda v, p, by=by: v + 0.4 * by * p / 0.7 if p < 0.7 else v - 1.5 * by,  # type: ignore[misc]
            )
        made.label(place, kind)
    return made


def _traffic(seed: str) -> _Series:
    """How many pass in half an hour: days, weeks, and chance."""
    made = _Series(seed, 1800, 140)
    rng = made.rng
    most, weekend = rng.uniform(200, 15_000), rng.uniform(0.5, 1.2)
    grain, today, day = rng.uniform(0.02, 0.06), 1.0, -1
    for index in range(made.count):
        hour, number = made.of_day(index), int(made.at(index) // DAY)
        if number != day:
            day, today = number, rng.gauss(1, 0.05)
        free = (number + 3) % 7 >= 5
        shape = 0.08 + math.exp(-(((hour - 8.5) / 2.2) ** 2)) * (0.4 if free else 1.0)
        shape += 0.9 * math.exp(-(((hour - 17.5) / 3.2) ** 2))
        passing = most * shape * today * (weekend if free else 1)
        made.values.append(max(0.0, passing * rng.gauss(1, grain) + rng.gauss(0, passing**0.5)))
    for place in made.places:
        kind = rng.choice(("storm", "feast", "holiday"))
        part, hours = rng.uniform(0.0, 0.3), rng.uniform(8, 30)
        if kind == "storm":
            made.change(place, hours, lambda v, _, part=part: v * part)  # type: ignore[misc]
        elif kind == "feast":
            more = rng.uniform(0.6, 1.5) * most
            made.change(place, hours / 3, lambda v, _, more=more: v + more)  # type: ignore[misc]
        else:
            made.change(place, 24, lambda v, _, part=part: v * (0.3 + part))  # type: ignore[misc]
        made.label(place, kind)
    return made


def _exchange(seed: str) -> _Series:
    """What a thousand advertisements cost, by the hour: heavy tails, hardly a day in it."""
    made = _Series(seed, 3600, 68)
    rng = made.rng
    usual, wide, slow = rng.uniform(0.05, 5), rng.uniform(0.1, 0.35), 0.0
    for index in range(made.count):
        slow = 0.98 * slow + rng.gauss(0, 0.03)
        day = 0.12 * math.sin(2 * math.pi * made.of_day(index) / 24)
        made.values.append(usual * math.exp(slow + day + rng.gauss(0, wide)))
    for place in made.places:
        kind = rng.choice(("peak", "peak", "slump"))
        times = math.exp(rng.uniform(4, 7) * max(wide, 0.2))
        if kind == "peak":
            made.change(place, rng.uniform(1, 5), lambda v, _, times=times: v * times)  # type: ignore[misc]
        else:
            made.change(place, rng.uniform(6, 24), lambda v, _, times=times: v / times)  # type: ignore[misc]
        made.label(place, kind)
    return made


def _steps(seed: str) -> _Series:
    """A level with noise, or a square wave by day: it jumps, stands still or misses a day."""
    made = _Series(seed, 300, 14)
    rng = made.rng
    level, noise, wave = rng.uniform(-20, 80), rng.uniform(0.5, 5), rng.choice((0.0, 30.0, 60.0))
    for index in range(made.count):
        high = wave if 9 <= made.of_day(index) < 18 else 0
        made.values.append(level + high + rng.gauss(0, noise))
    for place in made.places:
        kind = rng.choice(("up", "down", "flat", "peak") if wave else ("up", "down", "peak"))
        by, hours = rng.uniform(6, 14) * noise + 0.5 * wave, rng.uniform(6, 24)
        morning = place[0] + made.steps((9 - made.of_day(place[0])) % 24)
        if kind == "flat" and morning + made.steps(9) > place[1]:
            kind = "down"  # no whole day of its wave is in the window
        if kind == "flat":
            made.change((morning, place[1]), 9, lambda v, _: v - wave)
        else:
            sign = -1 if kind == "down" else 1
            made.change(
                place,
                1 if kind == "peak" else hours,
                lambda v, _, by=sign * by: v + by,  # type: ignore[misc]
            )
        made.label(place, kind)
    return made


def _talk(seed: str) -> _Series:
    """How often a name is said in five minutes: days, small waves of talk, now and then news."""
    made = _Series(seed, 300, 50)
    rng = made.rng
    usual, wave = rng.uniform(3, 60), 0.0
    for index in range(made.count):
        wave *= 0.9
        if rng.random() < 0.002:
            wave += rng.expovariate(1 / (0.8 * usual))
        day = 1 + 0.6 * math.sin(2 * math.pi * (made.of_day(index) - 10) / 24)
        said = usual * day + wave
        made.values.append(max(0.0, round(rng.gauss(said, (1.5 * said) ** 0.5))))
    for place in made.places:
        height, hours = rng.uniform(8, 30) * usual, rng.uniform(2, 12)
        made.change(
            place,
            hours,
            lambda v, p, height=height: round(v + height * math.exp(-4 * p)),  # type: ignore[misc]
        )
        made.label(place, "news")
    return made


_CHARACTERS: Final[dict[str, tuple[Callable[[str], _Series], int]]] = {
    "server": (_server, 2),
    "machine": (_machine, 2),
    "traffic": (_traffic, 0),
    "exchange": (_exchange, 4),
    "steps": (_steps, 2),
    "talk": (_talk, 0),
}


def strangers(seed: int, each: int = 5) -> Iterator[Strange]:
    """`each` series of every character."""
    for character, (make, digits) in _CHARACTERS.items():
        for number in range(each):
            made = make(f"{character} {seed} {number}")
            yield made.made(f"{character}/{number}", digits)
