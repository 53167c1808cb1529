"""Times that were told by a clock nobody had set. SQL on the house book's stretches and boots.

A machine without a battery boots in 1970, or at the moment at which it was switched off. What it
notes then has a wall time that is wrong and a monotonic one that is right within its boot, so
everything noted while the clock goes evenly, a *stretch*, is wrong by the same. Once NTP answers,
a `clock` event says what wall time that boot's monotonic zero was, its *offset*: the stretches of
the boot are then moved to where they belong, and what still comes of it is moved as it comes.

Until then, and for ever if no such event comes, an ``unknown`` clock is believed (it was set from
somewhere), and an ``unset`` one is not: its readings are kept without a time, its observations are
shown as “about”.

Each node has at most `MAX_KEPT` stretches that wait, and as many boots with an offset. The oldest
are given up: nothing of a boot so long ago is still on its way.
"""

import sqlite3
from typing import Final

from herdbook.clock import Quality
from herdbook.eventlog.event import Event
from herdbook.eventlog.readings import ReadingsPayload
from herdbook.eventlog.timeline import STEP_MS
from herdbook.house import observation, readings
from herdbook.house.place import HERE, SURE, Place

MAX_KEPT: Final = 256
EVENLY_MS: Final = 1000
"""A clock that differs from itself, or from the right time, by no more goes evenly, or is right."""


class Clocks:
    """The clocks of one node, for as long as a batch of its events is folded."""

    def __init__(self, connection: sqlite3.Connection, node_id: str) -> None:
        self._connection = connection
        self._node_id = node_id
        self._last: tuple[str, Quality, int, Place] | None = None

    def place(self, event: Event) -> Place:
        """Where an event belongs, and all that it tells of."""
        if event.clock_quality == "synced":
            return HERE
        return self._place(event, event.clock_quality, event.wall_ms - event.monotonic_ms)

    def place_block(self, event: Event, block: ReadingsPayload) -> Place:
        """Where the readings of an event belong: they may be of before its clock was set."""
        lead = block.offset_ms
        if lead is None:
            return self.place(event)
        if event.clock_quality != "synced":
            return self._place(event, event.clock_quality, lead)
        if abs(lead - (event.wall_ms - event.monotonic_ms)) < STEP_MS:
            return HERE
        return self._place(event, "unset", lead)

    def _place(self, event: Event, quality: Quality, lead: int) -> Place:
        if self._last is not None:
            boot_id, last, known, place = self._last
            if (boot_id, last) == (event.boot_id, quality) and _evenly(lead, known):
                return place
        place = self._find(event.boot_id, quality, lead)
        self._last = (event.boot_id, quality, lead, place)
        return place

    def waits(self, stretch: int) -> bool:
        """Whether a stretch was not given up yet."""
        row = self._connection.execute("SELECT 1 FROM stretch WHERE id = ?", (stretch,)).fetchone()
        return row is not None

    def set_right(self, boot_id: str, offset_ms: int, latest_ms: int) -> None:
        """Take the offset of a boot, and move what hangs on it; not observed after `latest_ms`."""
        self._last = None
        self._connection.execute(
            "INSERT INTO boot (node_id, boot_id, offset_ms) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET offset_ms = excluded.offset_ms",
            (self._node_id, boot_id, offset_ms),
        )
        self._forget_boots()
        rows = self._connection.execute(
            "DELETE FROM stretch WHERE node_id = ? AND boot_id = ? RETURNING id, quality, lead_ms",
            (self._node_id, boot_id),
        ).fetchall()
        for stretch, quality, lead in rows:
            by_ms = _correction(offset_ms, lead)
            readings.move(self._connection, stretch, by_ms, placed=quality != "unset")
            observation.move(self._connection, stretch, by_ms, latest_ms)

    def _find(self, boot_id: str, quality: Quality, lead: int) -> Place:
        boot = self._connection.execute(
            "SELECT offset_ms FROM boot WHERE node_id = ? AND boot_id = ?", (self._node_id, boot_id)
        ).fetchone()
        if boot is not None:
            return Place(_correction(boot[0], lead), SURE, "synced")
        row = self._connection.execute(
            "SELECT id FROM stretch WHERE node_id = ? AND boot_id = ? AND quality = ?"
            " AND lead_ms BETWEEN ? AND ? LIMIT 1",
            (self._node_id, boot_id, quality, lead - EVENLY_MS, lead + EVENLY_MS),
        ).fetchone()
        if row is not None:
            return Place(0, row[0], quality)
        made = self._connection.execute(
            "INSERT INTO stretch (node_id, boot_id, quality, lead_ms) VALUES (?, ?, ?, ?)"
            " RETURNING id",
            (self._node_id, boot_id, quality, lead),
        ).fetchone()
        self._give_up_stretches()
        return Place(0, made[0], quality)

    def _forget_boots(self) -> None:
        self._connection.execute(
            "DELETE FROM boot WHERE id IN (SELECT id FROM boot WHERE node_id = ?"
            " ORDER BY id DESC LIMIT -1 OFFSET ?)",
            (self._node_id, MAX_KEPT),
        )

    def _give_up_stretches(self) -> None:
        rows = self._connection.execute(
            "DELETE FROM stretch WHERE id IN (SELECT id FROM stretch WHERE node_id = ?"
            " ORDER BY id DESC LIMIT -1 OFFSET ?) RETURNING id, quality",
            (self._node_id, MAX_KEPT),
        ).fetchall()
        for stretch, quality in rows:
            readings.settle(self._connection, stretch, placed=quality != "unset")
            observation.settle(self._connection, stretch)


def _evenly(lead: int, other: int) -> bool:
    return abs(lead - other) <= EVENLY_MS


def _correction(offset_ms: int, lead_ms: int) -> int:
    """By how much a clock was too early; 0 for one that was right, whose own times are finer."""
    by_ms = offset_ms - lead_ms
    return 0 if _evenly(by_ms, 0) else by_ms
