"""A made-up house with its people, seasons and sensors, for `bench.noticing`.

All follows from the seed: when the weeks begin (any day of a year; often clocks change in them),
how the people live, how warm it is, which sensors there are and how bad they are. Nothing here
knows how noticing works. What goes wrong is in `bench.incidents`.

The life is ordinary but not tidy: late evenings, a day at home, public holidays that look like
Sundays, guests for dinner, forgotten lights. None of that is an incident. Sensors have noise,
steps, single wild readings and minutes without any.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MINUTE: Final = 60
DAY: Final = 86_400
_ZONE: Final = ZoneInfo("Europe/Berlin")


@dataclass
class Series:
    """One sensor's readings, `step` seconds apart from the house's start; None where it has none.

    `kind` is what it measures, `device` what is read together; `scale` is how much one notices.
    """

    name: str
    device: str
    kind: str
    form: str
    step: int
    spread: float | None
    scale: float
    values: list[float | None] = field(default_factory=list)


class House:
    """The house with its series over `weeks`. Times are seconds since 1970."""

    def __init__(self, seed: int, weeks: int) -> None:
        self.rng = random.Random(f"house {seed}")
        first = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=self.rng.randrange(365))
        self.start = int(first.timestamp())
        self.minutes = weeks * 7 * 1440
        self._local = [self._offset(hour) for hour in range(weeks * 168)]
        self._live()
        self._weather()
        self.series = self._sensors()

    def local(self, at: float) -> float:
        """What a clock on the wall shows, in seconds since 1970."""
        return at + self._local[min(int(at - self.start) // 3600, len(self._local) - 1)]

    def _offset(self, hour: int) -> int:
        moment = datetime.fromtimestamp(self.start + hour * 3600, _ZONE)
        offset = moment.utcoffset()
        assert offset is not None
        return int(offset.total_seconds())

    def clock(self, minute: int) -> tuple[int, float]:
        """The local day, since the first, and the hour of the day with its fraction."""
        local = self.local(self.start + minute * MINUTE)
        return int((local - self.start) // DAY), local % DAY / 3600

    def _live(self) -> None:
        """Who is at home and awake, by the minute: 0 to 3 people, and what they do."""
        rng = self.rng
        habit = {
            name: rng.gauss(mean, 0.6)
            for name, mean in (
                ("rises", 6.6),
                ("leaves", 8.0),
                ("returns", 16.8),
                ("retires", 22.8),
            )
        }
        home_day = rng.choice((None, 0, 2, 4))
        people = rng.choice((1, 2, 2, 3))
        self.home: list[int] = []
        self.awake: list[int] = []
        plan: dict[int, tuple[float, float, float, float, float, int]] = {}
        for minute in range(self.minutes):
            day, hour = self.clock(minute)
            if day not in plan:
                weekday = (day + self.start // DAY + 3) % 7
                late = rng.random() < 0.08
                if weekday >= 5 or rng.random() < 0.02:  # or a public holiday
                    rises = rng.gauss(habit["rises"] + 1.8, 0.5)
                    leaves = rng.gauss(12.0, 1.2)
                    returns = leaves + (abs(rng.gauss(2.5, 1.2)) if rng.random() < 0.7 else 0)
                else:
                    rises = rng.gauss(habit["rises"], 0.25)
                    leaves = rng.gauss(habit["leaves"], 0.25)
                    returns = rng.gauss(habit["returns"], 0.5)
                    if weekday == home_day:
                        returns = leaves
                retires = rng.gauss(habit["retires"], 0.4) + (1.3 if late else 0)
                guests = rng.choice((1, 2, 3)) if rng.random() < 0.07 else 0
                plan[day] = rises, leaves, returns, retires, retires - 24, guests
            rises, leaves, returns, retires, _, guests = plan[day]
            up_late = day - 1 in plan and hour < plan[day - 1][4]
            inside = not leaves <= hour < returns
            here = people if inside else 0
            if 18.5 <= hour < 21.5:
                here += guests
            self.home.append(here)
            self.awake.append(here if (rises <= hour < retires or up_late) else 0)

    def _weather(self) -> None:
        rng = self.rng
        mild = 0.0
        front = 0.0
        self.outdoor: list[float] = []
        cloud = rng.random()
        for minute in range(self.minutes):
            if minute % 60 == 0:
                mild = 0.985 * mild + rng.gauss(0, 0.45)
                front = 0.9 * front + rng.gauss(0, 0.2)
                cloud = min(1.0, max(0.0, cloud + rng.gauss(0, 0.08)))
            _, hour = self.clock(minute)
            moment = datetime.fromtimestamp(self.start + minute * MINUTE, UTC)
            season = -math.cos(2 * math.pi * (moment.timetuple().tm_yday - 20) / 365)
            swing = (2.5 + 2.5 * (season + 1)) * (1.1 - cloud)
            self.outdoor.append(
                9.5 + 9.5 * season + mild + front + swing * math.cos(2 * math.pi * (hour - 15) / 24)
            )

    def _sensors(self) -> list[Series]:
        room = self._room()
        fridge = self._freezer()
        power, water = self._consumption()
        cpu, core = self._computer()
        motion, door, night = self._doors()
        made = [
            Series("living temperature", "living", "temperature", "number", 300, 0.5, 0.6),
            Series("living humidity", "living", "humidity", "number", 300, 3, 3),
            Series("living co2", "living", "co2", "number", 300, 50, 70),
            Series("outdoor temperature", "garden", "outdoor", "number", 600, 0.5, 1.5),
            Series("freezer temperature", "freezer", "freezer", "number", 120, 0.5, 1.0),
            Series("freezer power", "plug", "compressor", "number", 60, None, 30),
            Series("house power", "meter", "power", "number", 60, None, 250),
            Series("water", "water", "water", "counter", 60, None, 10),
            Series("boiler flow", "boiler", "boiler", "number", 120, 2, 4),
            Series("cpu use", "node", "cpu", "number", 60, 10, 15),
            Series("cpu temperature", "node", "core", "number", 60, 3, 3),
            Series("hall motion", "hall", "motion", "binary", 60, None, 1),
            Series("front door", "door", "door", "binary", 60, None, 1),
            Series("cellar motion", "cellar", "rare", "binary", 60, None, 1),
        ]
        boiler = self._boiler()
        sources: list[Callable[[int], float]] = [
            lambda m: room[m][0], lambda m: room[m][1], lambda m: room[m][2],
            lambda m: self.outdoor[m], lambda m: fridge[m][0], lambda m: fridge[m][1],
            lambda m: power[m], lambda m: water[m], lambda m: boiler[m],
            lambda m: cpu[m], lambda m: core[m],
            lambda m: motion[m], lambda m: door[m], lambda m: night[m],
        ]  # fmt: skip
        noise = (0.06, 0.4, 9, 0.15, 0.15, 0.4, 4, 0, 0.3, 0, 0.4, 0, 0, 0)
        steps = (0.1, 1, 1, 0.1, 0.1, 0.1, 1, 1, 0.1, 0.1, 0.5, 1, 1, 1)
        for series, source, sigma, step in zip(made, sources, noise, steps, strict=True):
            worse = self.rng.choice((0.5, 1.0, 1.0, 2.0))
            drop = self.rng.choice((0.0, 0.0005, 0.003))
            wild = self.rng.choice((0.0, 0.0, 1 / 4000)) if series.form == "number" else 0.0
            for minute in range(0, self.minutes, series.step // MINUTE):
                value: float | None = source(minute) + self.rng.gauss(0, sigma * worse)
                assert value is not None
                if wild and self.rng.random() < wild:
                    value += self.rng.choice((-1, 1)) * self.rng.uniform(3, 10) * series.scale
                value = round(value / step) * step
                series.values.append(None if self.rng.random() < drop else value)
        return made

    def _room(self) -> list[tuple[float, float, float]]:
        rng = self.rng
        warm, vapour, co2 = 20.5, 7.0, 500.0
        comfort, leak = rng.uniform(20, 22), rng.uniform(0.3, 0.7)
        made = []
        airing = 0
        for minute in range(self.minutes):
            _, hour = self.clock(minute)
            outside, people = self.outdoor[minute], self.home[minute]
            target = comfort if 6 <= hour < 22.5 else comfort - 2.5
            if airing == 0 and self.awake[minute] and rng.random() < 1 / 500:
                airing = rng.randint(3, 10)
            airing = max(0, airing - 1)
            air = leak / 60 + (0.05 if airing else 0)
            heat = min(0.06, max(0.0, (target - warm) * 0.05))
            warm += heat + 0.0006 * people - (0.0008 + air * 0.06) * (warm - outside)
            damp = 0.8 * saturation(outside)
            vapour += air * (damp - vapour) + 0.012 * people * (3 if 18 <= hour < 19.5 else 1) / 4
            co2 += air * (430 - co2) + 4.5 * people
            made.append((warm, min(99.0, 100 * vapour / saturation(warm)), co2))
        return made

    def _freezer(self) -> list[tuple[float, float]]:
        rng = self.rng
        cold, on, since = -18.0, False, 0
        defrost_every = rng.choice((480, 720, 1440))
        made = []
        for minute in range(self.minutes):
            if self.awake[minute] and rng.random() < 1 / 700:
                cold += rng.uniform(0.3, 1.5)  # opened
            frost = minute % defrost_every < 18
            if cold > -16.8:
                on = True
            if cold < -19.2:
                on = False
            since = since + 1 if on else 0
            cold += 0.25 if frost else -0.11 if on else 0.045
            made.append((cold, 120.0 if frost else (70.0 + 25 / (1 + since) if on else 0.8)))
        return made

    def _consumption(self) -> tuple[list[float], list[float]]:
        rng = self.rng
        base = rng.uniform(60, 140)
        power, water, litres = [], [], 0.0
        uses: list[tuple[int, float]] = []
        flow = 0
        for minute in range(self.minutes):
            _, hour = self.clock(minute)
            awake = self.awake[minute]
            if awake:
                meal = 6 <= hour < 9 or 11.5 <= hour < 13 or 17.5 <= hour < 20
                if rng.random() < (0.012 if meal else 0.003):
                    uses.append((minute + rng.randint(3, 40), rng.choice((900, 1500, 2000))))
                if rng.random() < 1 / 1500:
                    uses.append((minute + rng.randint(70, 130), 700))
                if flow == 0 and rng.random() < (0.02 if meal else 0.008):
                    flow = rng.randint(1, 8)
            elif self.home[minute] and flow == 0 and rng.random() < 1 / 900:
                flow = 1
            uses = [use for use in uses if use[0] > minute]
            cycle = 75 if minute // 25 % 2 else 0
            light = 60.0 * awake if hour < 8 or hour > 17 else 15.0 * awake
            power.append(base + cycle + light + sum(watts for _, watts in uses))
            if flow:
                flow -= 1
                litres += rng.uniform(3, 9)
            water.append(litres)
        return power, water

    def _boiler(self) -> list[float]:
        flow, made = 35.0, []
        for minute in range(self.minutes):
            _, hour = self.clock(minute)
            day = 5.5 <= hour < 22
            wanted = max(0.0, 17 - self.outdoor[minute]) * 1.3
            target = 22 + wanted + (0 if day else -0.35 * wanted)
            if 5.5 <= hour < 6.2 or 17 <= hour < 17.5:
                target = 60  # hot water
            flow += (target - flow) * 0.06 + self.rng.gauss(0, 0.15)
            made.append(flow)
        return made

    def _computer(self) -> tuple[list[float], list[float]]:
        rng = self.rng
        idle = rng.uniform(2, 8)
        cpu, core, warm, busy, load = [], [], 45.0, 0, 0.0
        for minute in range(self.minutes):
            _, hour = self.clock(minute)
            if busy == 0 and rng.random() < 1 / 200:
                busy, load = rng.randint(1, 6), rng.uniform(10, 60)
            busy = max(0, busy - 1)
            backup = 40.0 if 3.0 <= hour < 3.3 else 0.0
            use = min(
                100.0, max(0.0, idle + rng.expovariate(1 / 2) + backup + (load if busy else 0))
            )
            warm += (38 + 0.25 * use + 0.25 * self.outdoor[minute] - warm) * 0.1
            cpu.append(use)
            core.append(warm)
        return cpu, core

    def _doors(self) -> tuple[list[float], list[float], list[float]]:
        rng = self.rng
        hall, door, cellar, left = [], [], [], 0
        gets_up = rng.choice((0.0, 1 / 2500, 1 / 300, 1 / 300))
        for minute in range(self.minutes):
            awake = self.awake[minute]
            moves = 1 - 0.75**awake
            if not awake and self.home[minute] and rng.random() < gets_up:
                moves = 1.0  # somebody gets up at night
            hall.append(float(rng.random() < moves))
            if minute and (self.home[minute] == 0) != (self.home[minute - 1] == 0):
                left = rng.randint(1, 4)
            elif awake and left == 0 and rng.random() < 1 / 300:
                left = rng.randint(1, 6)
            door.append(float(left > 0))
            left = max(0, left - 1)
            cellar.append(float(bool(awake) and rng.random() < 1 / 400))
        return hall, door, cellar


def saturation(celsius: float) -> float:
    """The most water vapour that air holds, in g/m³."""
    return 216.7 * 6.112 * math.exp(17.62 * celsius / (243.12 + celsius)) / (celsius + 273.15)
