"""A run of one boot in which a clock that nobody had set right went evenly. SQL on the house book.

What such a clock said, less its *lead*, is the monotonic time of its boot; and where the boot's
`clock` events are known, that tells when it was.
"""

import sqlite3
from bisect import bisect_right
from typing import Final

from msgspec import Struct

from herdbook.clock import Quality
from herdbook.eventlog.event import MAX_WALL_MS
from herdbook.eventlog.timeline import Point, offset_at, place_of
from herdbook.house.block import Columns, join

_FIND: Final = "SELECT id, quality, lead_ms, node_id, boot_id FROM stretch WHERE id = ?"


class Stretch(Struct, frozen=True):
    """`lead_ms` is what its clock said less monotonic time; `points` are its boot's, in order."""

    id: int
    quality: Quality
    lead_ms: int
    points: list[Point]

    @property
    def placed(self) -> bool:
        """Whether its times are to be believed: a clock that was never set tells none."""
        return self.quality != "unset" or bool(self.points)

    def moment(self, monotonic_ms: int, wall_ms: int) -> int:
        """When it was, as far as is known, that its clock said `wall_ms`."""
        if not self.points:
            return wall_ms
        return min(max(monotonic_ms + offset_at(self.points, monotonic_ms), 0), MAX_WALL_MS)

    def right(self, told: Columns) -> Columns:
        """Readings at the times that its clock told, at those at which they were taken, in order.

        Each lies where `herdbook.eventlog.timeline.offset_at` puts it.
        """
        if not self.points:
            return told
        points, lead, times = self.points, self.lead_ms, told.times
        right: list[int] = []
        end = len(points)
        for place in range(place_of(points, times[0] - lead), end + 1):
            first = len(right)
            if first == len(times):
                break
            last = len(times) if place == end else bisect_right(times, points[place][0] + lead)
            some = times[first:last]
            if 0 < place < end:
                (before, low), (after, high) = points[place - 1], points[place]
                begun, rise, run, by = before + lead, high - low, after - before, low - lead
                right += [time + by + rise * (time - begun) // run for time in some]
            else:
                by = points[min(place, end - 1)][1] - lead
                right += [time + by for time in some]
        if min(right) < 0 or max(right) > MAX_WALL_MS:
            right = [min(max(time, 0), MAX_WALL_MS) for time in right]
        return join([Columns(right, told.values, told.kind)])


def find(connection: sqlite3.Connection, stretch: int) -> Stretch | None:
    """A stretch by its id; None when it was given up."""
    row = connection.execute(_FIND, (stretch,)).fetchone()
    if row is None:
        return None
    number, quality, lead_ms, node_id, boot_id = row
    return Stretch(number, quality, lead_ms, points_of(connection, node_id, boot_id))


def points_of(connection: sqlite3.Connection, node_id: str, boot_id: str) -> list[Point]:
    """The moments of a boot at which its time was known, in order."""
    rows = connection.execute(
        "SELECT monotonic_ms, offset_ms FROM clock JOIN boot ON boot.id = clock.boot"
        " WHERE node_id = ? AND boot_id = ? ORDER BY monotonic_ms, offset_ms",
        (node_id, boot_id),
    )
    return rows.fetchall()
