"""Times that were told by a clock nobody had set. SQL on the house book's stretches and boots.

A machine without a battery boots in 1970, or at the moment at which it was switched off. What it
notes then has a wall time that is wrong and a monotonic one that is right within its boot, so
everything noted while the clock goes evenly, a *stretch*, is wrong alike. A `clock` event says what
wall time that boot's monotonic zero was just then, its *offset*: with all offsets of a boot it is
known when everything was that its stretches told (`herdbook.eventlog.timeline.offset_at`). So each
one that comes, however late, puts right what was told between the one before it and the one after.

Until the first comes, and for ever if none does, an ``unknown`` clock is believed (it was set from
somewhere), and an ``unset`` one is not: its readings are kept without a time, its observations are
shown as “about”.

Each node has at most `MAX_KEPT` stretches that can be put right, and as many boots with an offset.
The oldest are given up: nothing of a boot so long ago is still on its way.
"""

import sqlite3
from bisect import insort
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from herdbook.clock import Quality
from herdbook.eventlog.event import MAX_INT, Event
from herdbook.eventlog.readings import ReadingsPayload
from herdbook.eventlog.timeline import MOST_POINTS, STEP_MS, Point, is_among
from herdbook.house import memory, observation, readings
from herdbook.house.place import HERE, SURE, BlockPlace, Place
from herdbook.house.stretch import Stretch, find, points_of

MAX_KEPT: Final = 256


class Clocks:
    """The clocks of one node, for as long as batches of its events are folded."""

    def __init__(self, connection: sqlite3.Connection, node_id: str) -> None:
        self._connection = connection
        self._node_id = node_id
        self._last: dict[tuple[str, Quality], Stretch] = {}

    def place(self, event: Event) -> Place:
        """When an event was."""
        wall_ms, monotonic_ms = event.wall_ms, event.monotonic_ms
        if event.clock_quality == "synced":
            return Place(wall_ms, "synced", SURE, monotonic_ms)
        told_by = self._told_by(event.boot_id, event.clock_quality, wall_ms - monotonic_ms)
        quality: Quality = "synced" if told_by.points else event.clock_quality
        return Place(told_by.moment(monotonic_ms, wall_ms), quality, told_by.id, monotonic_ms)

    def place_block(self, event: Event, block: ReadingsPayload) -> BlockPlace:
        """Where the readings of an event belong: they may be of before its clock was set."""
        lead = event.wall_ms - event.monotonic_ms
        told = lead if block.offset_ms is None else block.offset_ms
        quality = event.clock_quality
        if quality == "synced":
            if abs(told - lead) < STEP_MS:
                return HERE
            quality = "unset"
        told_by = self._told_by(event.boot_id, quality, told)
        return BlockPlace(told_by.lead_ms - told, told_by.id)

    def stretch(self, number: int) -> Stretch | None:
        """A stretch that `place_block` named; None for `SURE`."""
        return None if number == SURE else find(self._connection, number)

    def learn(self, boot_id: str, points: Iterable[Point], latest_ms: int) -> None:
        """Take in those of `clock` events, and put right what hangs on them.

        Nothing was observed after `latest_ms`. One is left when it is known, or its boot has as
        many as may be.
        """
        before = points_of(self._connection, self._node_id, boot_id)
        after = list(before)
        for point in points:
            if len(after) < MOST_POINTS and not is_among(after, point):
                insort(after, point)
        new = [place for place, point in enumerate(after) if not is_among(before, point)]
        if not new:
            return
        self._last.clear()
        self._connection.execute(
            "INSERT OR IGNORE INTO boot (node_id, boot_id) VALUES (?, ?)", (self._node_id, boot_id)
        )
        self._connection.executemany(
            "INSERT INTO clock SELECT id, ?, ? FROM boot WHERE node_id = ? AND boot_id = ?",
            [(*after[place], self._node_id, boot_id) for place in new],
        )
        rows = self._connection.execute(
            "UPDATE stretch SET known = 1 WHERE node_id = ? AND boot_id = ?"
            " RETURNING id, quality, lead_ms",
            (self._node_id, boot_id),
        ).fetchall()
        first, _ = _around(after, new[0])
        _, last = _around(after, new[-1])
        for number, quality, lead_ms in rows:
            was = Stretch(number, quality, lead_ms, before)
            now = replace(was, points=after)
            readings.refold(self._connection, was, now, first, last)
            observation.refold(self._connection, now, first, last, latest_ms)
            memory.refold(self._connection, now, first, last)

    def give_up(self) -> None:
        """Keep no more stretches and boots than may be. Call it once readings are stored."""
        rows = self._connection.execute(
            "SELECT id FROM boot WHERE node_id = ? ORDER BY id DESC LIMIT -1 OFFSET ?",
            (self._node_id, MAX_KEPT),
        ).fetchall()
        for (boot,) in rows:
            self._give_up_stretches("boot_id = (SELECT boot_id FROM boot WHERE id = ?)", boot)
            self._connection.execute("DELETE FROM clock WHERE boot = ?", (boot,))
            self._connection.execute("DELETE FROM boot WHERE id = ?", (boot,))
        self._give_up_stretches(
            "id IN (SELECT id FROM stretch WHERE node_id = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2)",
            MAX_KEPT,
        )

    def _give_up_stretches(self, which: str, value: int) -> None:
        rows = self._connection.execute(
            f"SELECT id FROM stretch WHERE node_id = ? AND {which}",  # noqa: S608
            (self._node_id, value),
        ).fetchall()
        for (number,) in rows:
            self._last.clear()
            given_up = find(self._connection, number)
            if given_up is not None:
                readings.settle(self._connection, given_up)
            observation.settle(self._connection, number)
            memory.settle(self._connection, number)
            self._connection.execute("DELETE FROM stretch WHERE id = ?", (number,))

    def _told_by(self, boot_id: str, quality: Quality, lead: int) -> Stretch:
        last = self._last.get((boot_id, quality))
        if last is None or abs(lead - last.lead_ms) >= STEP_MS:
            last = self._find(boot_id, quality, lead)
            self._last[boot_id, quality] = last
        return last

    def _find(self, boot_id: str, quality: Quality, lead: int) -> Stretch:
        """The stretch of a clock that leads by so much, made if there is none."""
        points = points_of(self._connection, self._node_id, boot_id)
        row = self._connection.execute(
            "SELECT id, lead_ms FROM stretch WHERE node_id = ? AND boot_id = ? AND quality = ?"
            " AND lead_ms > ? AND lead_ms < ? ORDER BY id LIMIT 1",
            (self._node_id, boot_id, quality, lead - STEP_MS, lead + STEP_MS),
        ).fetchone()
        if row is not None:
            return Stretch(row[0], quality, row[1], points)
        made = self._connection.execute(
            "INSERT INTO stretch (node_id, boot_id, quality, lead_ms, known)"
            " VALUES (?, ?, ?, ?, ?) RETURNING id",
            (self._node_id, boot_id, quality, lead, bool(points)),
        ).fetchone()
        return Stretch(made[0], quality, lead, points)


def _around(points: list[Point], place: int) -> tuple[int, int]:
    """Between which monotonic times of a boot the point at a place of these tells the offset."""
    first = points[place - 1][0] if place else -MAX_INT
    last = points[place + 1][0] if place + 1 < len(points) else MAX_INT
    return first, last
