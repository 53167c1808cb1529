"""When something happened, on a machine whose clock may have been wrong. Pure: no clock of its own.

A machine without a battery for its clock boots in 1970, and learns the time once somebody answers.
Its monotonic clock runs evenly all the while. So the node logs a `clock` event whenever it knows
the time anew, and everything else of the same boot follows from the two clocks' difference.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from herdbook.clock import Quality
from herdbook.eventlog.event import CLOCK, MAX_INT, MAX_WALL_MS, Event, decode_payload
from herdbook.eventlog.readings import ReadingsPayload

STEP_MS: Final = 500
"""A clock that differs by less is the same clock."""
MOST_POINTS: Final = 10_000
"""`clock` events of one boot that count: one a minute for a week of a clock gone mad."""


type Point = tuple[int, int]
"""A moment of a boot at which the time was known: monotonic time, and wall time less that."""


class ClockPayload(Struct, frozen=True):
    """A moment at which the time was known; what an event of kind ``clock`` carries.

    `offset_ms` is wall time minus the event's monotonic time.
    """

    offset_ms: Annotated[int, Meta(ge=-MAX_INT, le=MAX_INT)]


class Moment(Struct, frozen=True):
    """A wall time in milliseconds. One that is not `known` is to be shown as “about”."""

    wall_ms: int
    known: bool


class Timekeeper:
    """Decides when a node has to log a `clock` event: it knows the time first, or anew."""

    def __init__(self) -> None:
        self._told: int | None = None

    def notice(self, wall_ms: int, monotonic_ms: int, quality: Quality) -> ClockPayload | None:
        """What to log just now, if anything."""
        offset = wall_ms - monotonic_ms
        if quality != "synced" or (self._told is not None and abs(offset - self._told) < STEP_MS):
            return None
        self._told = offset
        return ClockPayload(offset)


class Timeline:
    """The times of one node's log. Give it every `clock` event first, in any order."""

    def __init__(self) -> None:
        self._points: dict[str, list[Point]] = {}

    def learn(self, event: Event) -> None:
        """Take in a `clock` event. Raises `InputError` when its payload is not one."""
        payload = decode_payload(event, ClockPayload)
        points = self._points.setdefault(event.boot_id, [])
        point = (event.monotonic_ms, payload.offset_ms)
        if len(points) < MOST_POINTS and not is_among(points, point):
            insort(points, point)

    def moment_of(self, event: Event) -> Moment:
        """When an event happened."""
        if event.clock_quality == "synced" or event.kind == CLOCK:
            return Moment(event.wall_ms, known=True)
        return self._moment(event, event.monotonic_ms, event.wall_ms)

    def start_of(self, event: Event, block: ReadingsPayload) -> Moment:
        """When the first sample of a block was taken."""
        lead = event.wall_ms - event.monotonic_ms
        offset = lead if block.offset_ms is None else block.offset_ms
        if event.clock_quality == "synced" and abs(offset - lead) < STEP_MS:
            return Moment(block.start_ms, known=True)
        return self._moment(event, block.start_ms - offset, block.start_ms)

    def _moment(self, event: Event, monotonic_ms: int, wall_ms: int) -> Moment:
        points = self._points.get(event.boot_id)
        if not points:
            return Moment(wall_ms, known=False)
        time = monotonic_ms + offset_at(points, monotonic_ms)
        return Moment(min(max(time, 0), MAX_WALL_MS), known=True)


def offset_at(points: Sequence[Point], monotonic_ms: int) -> int:
    """Wall time minus monotonic time at a moment of one boot.

    `points` are the boot's, in order, at least one. Before the first and after the last theirs
    holds; between two the clock is taken to have drifted evenly, rounded down.
    """
    place = place_of(points, monotonic_ms)
    if place == 0:
        return points[0][1]
    if place == len(points):
        return points[-1][1]
    (before, low), (after, high) = points[place - 1], points[place]
    return low + (high - low) * (monotonic_ms - before) // (after - before)


def place_of(points: Sequence[Point], monotonic_ms: int) -> int:
    """How many of a boot's points, which are in order, lie before a moment of it."""
    return bisect_left(points, (monotonic_ms, -MAX_INT))


def is_among(points: Sequence[Point], point: Point) -> bool:
    """Whether a point is one of those, which are in order."""
    place = bisect_left(points, point)
    return point == points[place] if place < len(points) else False
