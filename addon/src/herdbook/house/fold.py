"""What becomes of a batch's events in the house book. Owns which kinds are known here."""

import sqlite3
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from herdbook.errors import InputError
from herdbook.eventlog.event import (
    MAX_WALL_MS,
    OBSERVATION,
    READINGS,
    Event,
    ObservationPayload,
    decode_payload,
)
from herdbook.house import observation, quarantine, readings, series
from herdbook.house.block import YES_NO, Columns
from herdbook.house.clocks import Clocks
from herdbook.house.place import NEVER_SURE, SURE, Place

CLOCK: Final = "clock"

type _Key = tuple[str, str, bool, int, bool]


class ClockPayload(Struct, frozen=True):
    """What an event of kind ``clock`` carries: the wall time at which its boot's time was zero."""

    offset_ms: int


class Folded(Struct, frozen=True):
    """How much a batch brought; `whole` says that nothing in it was of an unknown kind or form."""

    observations: int
    readings: int
    whole: bool


class Fold:
    """Folds the events of one node, once each and in order; the caller holds the transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        node_id: str,
        now_ms: int,
        latest_ms: int,
        *,
        again: bool = False,
    ) -> None:
        """What is folded `again` was counted as refused already, if it was."""
        self._connection = connection
        self._node_id = node_id
        self._now_ms = now_ms
        self._latest_ms = latest_ms
        self._again = again
        self._clocks = Clocks(connection, node_id)
        self._pending: dict[_Key, list[Columns]] = {}

    def run(self, events: Iterable[Event]) -> Folded:
        """Fold a batch. What cannot be is counted as refused, and left."""
        observations = counted = 0
        whole = True
        for event in events:
            try:
                if event.kind == READINGS:
                    counted += self._measured(event)
                elif event.kind == OBSERVATION:
                    self._noticed(event)
                    observations += 1
                elif event.kind == CLOCK:
                    self._set_right(event)
                else:
                    whole = False
            except InputError:
                whole = False
                self._refuse("payload", event)
        self._flush()
        return Folded(observations, counted, whole)

    def _measured(self, event: Event) -> int:
        payload, columns = readings.unpack(event)
        place = self._clocks.place(event)
        if place.by_ms:
            columns = columns.moved(place.by_ms)
            if min(columns.times) < 0 or max(columns.times) > MAX_WALL_MS:
                raise InputError("A block of readings leaves the calendar.")
        key = (
            payload.sensor,
            payload.unit or "",
            columns.kind == YES_NO,
            place.stretch,
            place.placed,
        )
        parts = self._pending.get(key)
        if parts is None:
            self._pending[key] = [columns]
        else:
            parts.append(columns)
        return len(columns.values)

    def _noticed(self, event: Event) -> None:
        payload = decode_payload(event, ObservationPayload)
        place: Place = self._clocks.place(event)
        observation.add(self._connection, self._node_id, event, payload, place, self._latest_ms)

    def _set_right(self, event: Event) -> None:
        offset_ms = decode_payload(event, ClockPayload).offset_ms
        if not 0 <= offset_ms + event.monotonic_ms <= MAX_WALL_MS:
            raise InputError("A clock leaves the calendar.")
        self._flush()
        self._clocks.set_right(event.boot_id, offset_ms, self._latest_ms)

    def _flush(self) -> None:
        for (sensor, unit, yes_no, stretch_, placed), parts in self._pending.items():
            number = series.number_of(self._connection, self._node_id, sensor, unit, yes_no=yes_no)
            if number is None:
                if not self._again:
                    quarantine.count(self._connection, "sensors", len(parts))
                continue
            stretch = stretch_
            if stretch > 0 and not self._clocks.waits(stretch):
                stretch = SURE if placed else NEVER_SURE
            readings.add(self._connection, number, stretch, parts, self._now_ms, placed=placed)
        self._pending.clear()

    def _refuse(self, reason: str, event: Event) -> None:
        if not self._again:
            quarantine.add(
                self._connection, self._node_id, reason, bytes(event.payload), self._now_ms
            )
