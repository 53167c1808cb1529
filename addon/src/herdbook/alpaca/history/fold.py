"""From events to ten minutes of a sensor: when each reading was taken, and what they add up to.

Pure: what was folded is handed to whoever stores it.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from herdbook.errors import InputError
from herdbook.eventlog.event import CLOCK, OBSERVATION, READINGS, Event, decode_payload
from herdbook.eventlog.readings import ReadingsPayload
from herdbook.eventlog.timeline import Timeline

SLOT_MS: Final = 600_000


class Slice(Struct):
    """The readings of one slot, added up."""

    count: int
    least: float
    most: float
    total: float

    def add(self, value: float) -> None:
        """One reading more."""
        self.count += 1
        self.least = min(self.least, value)
        self.most = max(self.most, value)
        self.total += value


class Series(Struct, frozen=True):
    """What a sensor's readings are: in `unit`, or yes and no."""

    unit: str | None
    yes_no: bool


class Folded(Struct):
    """What came of events; `held` are those that are to be kept as they are."""

    series: dict[str, Series]
    slices: dict[tuple[str, int], Slice]
    held: list[Event]
    placed: list[int]
    """The numbers of events that waited for a clock, and are in slices now."""


def fold(events: Iterable[Event], waiting: Iterable[Event], timeline: Timeline) -> Folded:
    """Fold events that follow each other; `waiting` are readings that had no time so far.

    The timeline learns from them first. An event whose payload is not what its kind promises is
    left out, as everywhere.
    """
    folded = Folded({}, {}, [], [])
    readings = []
    learned = False
    for event in events:
        if event.kind == CLOCK:
            try:
                timeline.learn(event)
            except InputError:
                continue
            learned = True
            folded.held.append(event)
        elif event.kind == OBSERVATION:
            folded.held.append(event)
        elif event.kind == READINGS:
            readings.append(event)
    if learned:
        folded.placed = [event.seq for event in waiting if _take(event, timeline, folded)]
    folded.held += [event for event in readings if not _take(event, timeline, folded)]
    return folded


def _take(event: Event, timeline: Timeline, folded: Folded) -> bool:
    """Whether the readings have a time, or never will."""
    try:
        block = decode_payload(event, ReadingsPayload)
        samples = block.samples()
    except InputError:
        return True
    start = timeline.start_of(event, block)
    if not start.known and event.clock_quality == "unset":
        return False
    folded.series[block.sensor] = Series(block.unit, block.decimals is None)
    shift = start.wall_ms - block.start_ms
    for at_ms, value in samples:
        place = (block.sensor, (at_ms + shift) // SLOT_MS)
        if (slice_ := folded.slices.get(place)) is None:
            folded.slices[place] = Slice(1, value, value, value)
        else:
            slice_.add(value)
    return True
