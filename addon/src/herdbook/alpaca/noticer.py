"""All that a node watches: an observer for each measurement, what they learned, and local time.

A machine without a battery for its clock does not know the time of the day when it starts. Until
somebody tells, its day goes on where it was last written down, as if no time had passed.
"""

import asyncio
import time
from typing import Final, NamedTuple

from herdbook.alpaca.learned import SAVE_EVERY_S, Kept, LearnedFile, encode
from herdbook.alpaca.noticing.causes import Causes
from herdbook.alpaca.noticing.states import Day
from herdbook.alpaca.observer import Observer, is_watched
from herdbook.alpaca.sensors.measurement import Measurement, Sensor
from herdbook.alpaca.words.english import ENGLISH
from herdbook.alpaca.words.language import Language
from herdbook.clock import Clock

# 18:00 of a Monday, as the simulated room's time begins.
_SIMULATION_BEGINS_S: Final = 4 * 86_400.0 + 18 * 3600.0


class LearnedState(NamedTuple):
    """On which local days, counted since 1970, a measurement of some id and name was on."""

    id: str
    name: str
    days: dict[int, Day]


class Noticer:
    """Makes the observers of a node and keeps what they learn. Without a file it keeps nothing."""

    def __init__(
        self,
        clock: Clock,
        file: LearnedFile | None = None,
        kept: Kept | None = None,
        language: Language = ENGLISH,
    ) -> None:
        self._clock = clock
        self._file = file
        self._kept = kept or Kept()
        self._language = language
        self._causes = Causes()
        self._observers: dict[str, Observer] = {}
        self._started_s = clock.monotonic_ms() / 1000

    def observer(self, sensor: Sensor, measurement: Measurement) -> Observer | None:
        """The observer of a measurement; None when there is nothing to notice of it."""
        if not is_watched(measurement):
            return None
        # What a simulation showed says nothing of its next run, which begins in its past.
        learned = self._kept.measurements.get(measurement.id) if sensor.pace == 1 else None
        device = sensor.measurements[0].id
        observer = Observer(measurement, sensor, device, self._causes, learned, self._language)
        if sensor.pace == 1:
            self._observers[measurement.id] = observer
        return observer

    def now(self, pace: float) -> tuple[float, float]:
        """A sensor's own time: seconds that never go back, and what a clock on the wall shows."""
        at = self._clock.monotonic_ms() / 1000
        if pace != 1:
            return at * pace, _SIMULATION_BEGINS_S + (at - self._started_s) * pace
        return at, self._local_s()

    def learned_states(self) -> list[LearnedState]:
        """What is known of every measurement that is yes or no."""
        found = []
        for name, observer in self._observers.items():
            learned = observer.learned()
            if learned is not None and learned.state is not None:
                found.append(LearnedState(name, observer.name, learned.state.days))
        return found

    async def keep(self) -> None:
        """Write down what was learned every so often, until cancelled."""
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            await self.save()

    async def save(self) -> None:
        """Write down what was learned now."""
        if self._file is None:
            return
        learned = {name: observer.learned() for name, observer in self._observers.items()}
        self._kept = Kept(
            local_s=self._local_s(),
            # A sensor that was taken out of the file may come back; sixty of them are little.
            measurements=self._kept.measurements
            | {name: one for name, one in learned.items() if one is not None},
        )
        await asyncio.to_thread(self._file.save, encode(self._kept))

    def _local_s(self) -> float:
        if self._clock.quality() == "unset":
            return self._kept.local_s + self._clock.monotonic_ms() / 1000 - self._started_s
        wall_s = self._clock.wall_ms() / 1000
        return wall_s + time.localtime(wall_s).tm_gmtoff
