"""What one node tells in n days: ten sensors, every half minute, in signed batches.

Five are the demo's room, with its people and its weather; five are a machine's own, as an Alpaca
measures them. Blocks and batches are those that an Alpaca makes of a backlog; times tremble by
some milliseconds, as sleeping threads do. The same seed makes the same log.
"""

import math
import random
from collections.abc import Iterator
from typing import Final

from herdbook.alpaca.blocks import ReadingsBlock
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.alpaca.sensors.room import SimulatedRoom
from herdbook.clock import Instant
from herdbook.eventlog.batch import GENESIS, MAX_EVENTS, SealedBatch, seal
from herdbook.eventlog.event import READINGS, Event, encode_payload
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.readings import ReadingsPayload, Sample

DAY_S: Final = 86_400
INTERVAL_S: Final = 30
START_MS: Final = 1_793_534_400_000  # 2026-11-01 12:00 UTC
SEED: Final = bytes(range(32))
NODE: Final = Identity(SEED)

_SENSORS: Final = (
    Measurement("temperature", "Temperature", unit="°C", precision=1),
    Measurement("humidity", "Humidity", unit="%"),
    Measurement("co2", "CO₂", unit="ppm"),
    Measurement("motion", "Motion", form="binary"),
    Measurement("door", "Door", form="binary"),
    Measurement("cpu", "CPU use", unit="%"),
    Measurement("memory", "Memory use", unit="%"),
    Measurement("disk", "Disk use", unit="%"),
    Measurement("load", "Load", precision=2),
    Measurement("cpu_temperature", "CPU temperature", unit="°C", precision=1),
)


class HerdLog:
    """The log of `days` days, and its readings by sensor."""

    def __init__(self, days: int) -> None:
        self.batches: list[SealedBatch] = []
        self.events = 0
        self.samples: dict[str, list[Sample]] = {sensor.id: [] for sensor in _SENSORS}
        run: list[Event] = []
        for payload, at in self._blocks(days):
            self.events += 1
            run.append(_event(self.events, payload, at))
            if len(run) == MAX_EVENTS:
                self._seal(run)
                run = []
        if run:
            self._seal(run)

    @property
    def readings(self) -> int:
        """How many there are."""
        return sum(map(len, self.samples.values()))

    def _seal(self, run: list[Event]) -> None:
        previous = self.batches[-1].hash if self.batches else GENESIS
        self.batches.append(seal(NODE, previous, run))

    def _blocks(self, days: int) -> Iterator[tuple[ReadingsPayload, Instant]]:
        chance = random.Random(7)
        room, machine = SimulatedRoom(7, 4000.0), _Machine()
        blocks = {sensor.id: ReadingsBlock(sensor) for sensor in _SENSORS}
        for number in range(days * DAY_S // INTERVAL_S):
            moment = number * INTERVAL_S
            monotonic_ms = moment * 1000 + chance.randrange(4)
            at = Instant(START_MS + monotonic_ms, monotonic_ms, "synced")
            values = room.measured(moment) | machine.measured(moment)
            for name, block in blocks.items():
                block.add(values[name], at)
                if block.is_due(monotonic_ms) and (taken := block.take()) is not None:
                    self.samples[name] += taken[0].samples()
                    yield taken


class _Machine:
    """A small computer that has little to do, and at times more."""

    def __init__(self) -> None:
        self._chance = random.Random(8)
        self._load = self._warmth = 0.0

    def measured(self, moment: float) -> dict[str, float]:
        chance = self._chance
        busy = chance.random() < 0.05
        cpu = min(100.0, chance.expovariate(1 / (60 if busy else 6)))
        self._load += (cpu / 25 - self._load) * 0.4
        self._warmth += (cpu / 8 - self._warmth) * 0.2
        day = math.sin(moment / DAY_S * 2 * math.pi)
        return {
            "cpu": cpu,
            "memory": 41 + 2 * day + chance.gauss(0, 0.4),
            "disk": 37 + moment / DAY_S / 30,
            "load": self._load,
            "cpu_temperature": 44 + 3 * day + self._warmth + chance.gauss(0, 0.3),
        }


def _event(seq: int, payload: ReadingsPayload, at: Instant) -> Event:
    return Event(
        seq=seq,
        lamport=seq,
        boot_id="0f4d7c1e-5a5c-4c62-9a49-0a9d6a0f4f1e",
        monotonic_ms=at.monotonic_ms,
        wall_ms=at.wall_ms,
        clock_quality=at.quality,
        kind=READINGS,
        payload=encode_payload(payload),
    )
