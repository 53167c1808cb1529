"""Three months in a house, made up beforehand: what the sensors read, and what there is to tell.

Everything here is known without any of the product's code, so that what a Llama says in the end can
be held against it. The same seed makes the same months.
"""

import random
from array import array
from collections import defaultdict
from itertools import accumulate
from typing import Final, NamedTuple

STEP_MS: Final = 30_000
STEPS_A_DAY: Final = 86_400_000 // STEP_MS
HOUR_MS: Final = 3_600_000
START_MS: Final = 1_793_534_400_000  # 2026-11-01 12:00 UTC
SUBJECTS: Final = ("bathroom", "cellar", "kitchen", "garden", "attic")
ASPECTS: Final = ("airing", "drying", "warming up")


class Reads(NamedTuple):
    """A sensor: whole numbers of the last of its decimals, of which the first is near `base`."""

    name: str
    unit: str | None
    decimals: int
    base: int
    yes_no: bool = False


SENSORS: Final = (
    Reads("temperature", "°C", 1, 210),
    Reads("outside", "°C", 1, -35),
    Reads("humidity", "%", 0, 500),
    Reads("co2", "ppm", 0, 4_000),
    Reads("pressure", "hPa", 1, 10_132),
    Reads("power", "W", 2, 90_000),
    Reads("level", None, 3, 70_000),
    Reads("motion", None, 0, 0, yes_no=True),
    Reads("door", None, 0, 0, yes_no=True),
    Reads("cpu", "%", 1, 2_500),
)


class Boot(NamedTuple):
    """A start of the machine, in 1970, and after how many steps it learns the time, if ever."""

    step: int
    learns: int | None


class Hour(NamedTuple):
    """The readings of a sensor in an hour."""

    count: int
    least: float
    most: float
    mean: float


class Months:
    """What happens in `days` days of steps of half a minute."""

    def __init__(self, days: int, seed: int = 5) -> None:
        chance = random.Random(seed)
        self.steps = days * STEPS_A_DAY
        # A sleeping thread wakes some milliseconds late.
        self.times = array("q", map(_at, range(self.steps), chance.choices(range(5), k=self.steps)))
        self.values = [self._read(sensor, chance) for sensor in SENSORS]
        self.boots = self._start(chance)
        self.noticed = sorted(chance.sample(range(self.steps), days * 25))
        self.told = self._tell(days * 10, chance)

    def timed(self) -> list[range]:
        """The steps whose time somebody knows, sooner or later, as runs."""
        ends = [boot.step for boot in self.boots[1:]] + [self.steps]
        return [
            range(boot.step, end)
            for boot, end in zip(self.boots, ends, strict=True)
            if boot.learns is not None and boot.step + boot.learns < end
        ]

    def hours(self, number: int) -> dict[int, Hour]:
        """What a sensor read in each hour of which somebody knows the time, by its start."""
        sensor, values, of = SENSORS[number], self.values[number], defaultdict[int, list[int]](list)
        for run in self.timed():
            for step in run:
                of[self.times[step] // HOUR_MS * HOUR_MS].append(values[step])
        one = 10**sensor.decimals
        return {
            start: Hour(len(its), min(its) / one, max(its) / one, sum(its) / len(its) / one)
            for start, its in of.items()
        }

    def remembered(self) -> dict[tuple[str, str], str]:
        """Which facts stand in the end."""
        facts: dict[tuple[str, str], str] = {}
        for _, subject, aspect, value in sorted(self.told):
            facts.pop((subject, aspect), None)
            if value:
                facts[subject, aspect] = value
        return facts

    def _read(self, sensor: Reads, chance: random.Random) -> "array[int]":
        if sensor.yes_no:
            return array("i", chance.choices((0, 1), (9, 1), k=self.steps))
        changes = chance.choices((-2, -1, 0, 0, 0, 0, 1, 2), k=self.steps - 1)
        return array("i", accumulate(changes, initial=sensor.base))

    def _start(self, chance: random.Random) -> list[Boot]:
        """Eight starts of the machine; one of them ends before anybody tells it the time."""
        later = sorted(chance.sample(range(STEPS_A_DAY // 2, self.steps - STEPS_A_DAY // 2), 6))
        boots = [Boot(step, chance.randrange(400)) for step in (0, *later)]
        lost = Boot(boots[3].step + 500, None)
        return sorted([*boots, lost, Boot(lost.step + 90, 20)])

    def _tell(self, count: int, chance: random.Random) -> list[tuple[int, str, str, str]]:
        """Facts, and as an empty value that one does not hold any more, with their steps."""
        steps = chance.sample(range(self.steps), count)
        return sorted(
            (
                step,
                chance.choice(SUBJECTS),
                chance.choice(ASPECTS),
                chance.choice(("", "a day", "an hour", "two hours", "half a night")),
            )
            for step in steps
        )


def _at(step: int, late_ms: int) -> int:
    return START_MS + step * STEP_MS + late_ms
