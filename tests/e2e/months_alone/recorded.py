"""The months as an Alpaca records them: through its own blocks, timekeeper and event log.

Only the clock is another one, and how many events go into the database at once.
"""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from herdbook.alpaca.blocks import ReadingsBlock
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.clock import Instant, Quality, now
from herdbook.eventlog.event import CLOCK, OBSERVATION, READINGS, ObservationPayload
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.timeline import Timekeeper
from herdbook.house.memory import MEMORY, RETRACTION, MemoryPayload, RetractionPayload
from tests.e2e.months_alone.months import SENSORS, Boot, Months, Reads

type Told = tuple[str, Struct]
type Item = tuple[str, Struct, Instant]


class BootClock:
    """The clock of a machine that starts in 1970; it is told what time it is really."""

    def __init__(self, started_ms: int) -> None:
        self._started = started_ms
        self._now = started_ms
        self.knows = False

    def at(self, now_ms: int) -> None:
        self._now = now_ms

    def wall_ms(self) -> int:
        return self._now if self.knows else self.monotonic_ms()

    def monotonic_ms(self) -> int:
        return self._now - self._started

    def quality(self) -> Quality:
        return "synced" if self.knows else "unset"


def record(months: Months, folder: Path) -> int:
    """Write the log of a node that never met anybody; returns the number of its last event.

    None of it is in a batch yet.
    """
    ends = [boot.step for boot in months.boots[1:]] + [months.steps]
    told = _told(months)
    last = 0
    for number, (boot, end) in enumerate(zip(months.boots, ends, strict=True)):
        clock = BootClock(months.times[boot.step] - 5_000)
        log = EventLog.open(folder, clock, boot_id=f"boot {number}")
        # Nobody cuts the power here: 86,400 times waiting for the disk would prove nothing.
        log._store.connection.execute("PRAGMA synchronous = OFF")
        for items in _boot(months, boot, end, clock, told):
            log.append_many(items)
        last = log.head().seq
        log.close()
    return last


def _boot(
    months: Months, boot: Boot, end: int, clock: BootClock, told: dict[int, list[Told]]
) -> Iterator[list[Item]]:
    """What is recorded from one start of the machine to the next, moment by moment."""
    keeper = Timekeeper()
    channels = [
        (ReadingsBlock(_measurement(sensor)), values, 10**sensor.decimals)
        for sensor, values in zip(SENSORS, months.values, strict=True)
    ]
    for step in range(boot.step, end):
        clock.at(months.times[step])
        clock.knows = boot.learns is not None and step >= boot.step + boot.learns
        at = now(clock)
        items: list[Item] = []
        offset = keeper.notice(*at)
        if offset is not None:
            items.append((CLOCK, offset, at))
        for block, values, one in channels:
            if block.ends_before(at) and (ended := block.take()):
                items.append((READINGS, *ended))
            block.add(values[step] / one, at)
            if block.is_due(at.monotonic_ms) and (full := block.take()):
                items.append((READINGS, *full))
        items += [(kind, payload, at) for kind, payload in told.get(step, ())]
        if items:
            yield items
    # A machine that is shut down in good order loses nothing.
    yield [(READINGS, *rest) for block, _, _ in channels if (rest := block.take())]


def _measurement(sensor: Reads) -> Measurement:
    return Measurement(
        sensor.name,
        sensor.name.capitalize(),
        form="binary" if sensor.yes_no else "number",
        unit=sensor.unit,
        precision=sensor.decimals,
    )


def _told(months: Months) -> dict[int, list[Told]]:
    """All that is no reading, by step."""
    told: dict[int, list[Told]] = {}
    for number, step in enumerate(months.noticed):
        told.setdefault(step, []).append((OBSERVATION, _observation(number)))
    for step, subject, aspect, value in months.told:
        told.setdefault(step, []).append(
            (MEMORY, MemoryPayload(subject, aspect, value, f"It takes {value}.", 0.8))
            if value
            else (RETRACTION, RetractionPayload(subject, aspect))
        )
    return told


def _observation(number: int) -> ObservationPayload:
    return ObservationPayload(
        sensor="co2",
        sensor_name="CO₂",
        kind="above_usual",
        sentence=f"Number {number}.",
        value=float(number),
        unit="ppm",
        usual=(420.0, 1100.0),
        confidence=0.9,
    )
