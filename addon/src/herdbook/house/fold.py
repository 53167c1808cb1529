"""What becomes of a batch's events in the house book. Owns which kinds are known here."""

import sqlite3
from collections.abc import Iterable

from msgspec import Raw, Struct

from herdbook.errors import InputError
from herdbook.eventlog.event import (
    CLOCK,
    LOSS,
    MAX_WALL_MS,
    OBSERVATION,
    READINGS,
    THOUGHT,
    WORDING,
    Event,
    LossPayload,
    ObservationPayload,
    ThoughtPayload,
    WordingPayload,
    decode_payload,
    encode_payload,
)
from herdbook.eventlog.timeline import ClockPayload, Point
from herdbook.house import (
    memory,
    names,
    observation,
    quarantine,
    readings,
    reviews,
    series,
    thought,
)
from herdbook.house.again import Again
from herdbook.house.arrivals import Arrivals, block_of
from herdbook.house.block import Columns
from herdbook.house.clocks import Clocks
from herdbook.house.memory import (
    MEMORY,
    RETRACTION,
    REVIEW,
    MemoryPayload,
    RetractionPayload,
    ReviewPayload,
)
from herdbook.house.names import Called


class Folded(Struct, frozen=True):
    """How much a batch brought; `whole` says that nothing in it was of an unknown kind or form."""

    observations: int
    readings: int
    whole: bool


class Fold:
    """Folds the events of one node, once each and in order; the caller holds the transaction.

    Readings, and what is called how, are stored at the end: call `finish`.
    """

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
        self._arrivals = Arrivals()
        self._called: dict[str, Called] = {}
        self._points: dict[str, list[Point]] = {}
        self._again_told = Again(connection, node_id)

    def run(self, events: Iterable[Event]) -> Folded:
        """Fold a batch. What cannot be is counted as refused, and left."""
        observations = counted = 0
        whole = True
        for event in events:
            if self._again_told.is_held(event.seq):
                continue
            try:
                if event.kind == READINGS:
                    counted += self._measured(event)
                elif event.kind == OBSERVATION:
                    self._noticed(event)
                    observations += 1
                elif event.kind == CLOCK:
                    self._learn(event)
                elif event.kind == MEMORY:
                    self._remember(event)
                elif event.kind == RETRACTION:
                    memory.take_back(
                        self._connection, self._node_id, decode_payload(event, RetractionPayload)
                    )
                elif event.kind == LOSS:
                    self._again_told.tell(event.seq, decode_payload(event, LossPayload))
                elif not self._add_to(event):
                    whole = False
            except InputError:
                whole = False
                self._refuse(event.payload)
        refused = self._unpack()
        if self._points:
            self._set_right()
        return Folded(observations, counted - refused, whole and not refused)

    def miss(self, first_seq: int, last_seq: int) -> None:
        """These numbers will not come: the next batch tells of their loss."""
        self._again_told.miss(first_seq, last_seq)

    def finish(self) -> None:
        """Store what was measured, and what it is called."""
        self._store()
        names.tell(self._connection, self._node_id, self._called)
        self._called.clear()
        self._clocks.give_up()

    def _store(self) -> None:
        for source, parts in self._arrivals.take().items():
            number = series.number_of(
                self._connection, self._node_id, source.sensor, source.unit, yes_no=source.yes_no
            )
            if number is None:
                self._count("sensors", sum(map(_length, parts)))
                continue
            told_by = self._clocks.stretch(source.stretch)
            readings.add(self._connection, number, told_by, parts, self._now_ms)

    def _add_to(self, event: Event) -> bool:
        """Fold what a model did, or what is said of what was told; False for an unknown kind."""
        if event.kind == REVIEW:
            review = decode_payload(event, ReviewPayload)
            reviews.hear(self._connection, self._node_id, event, review)
        elif event.kind == WORDING:
            wording = decode_payload(event, WordingPayload)
            observation.reword(self._connection, self._node_id, wording)
        elif event.kind == THOUGHT:
            payload = decode_payload(event, ThoughtPayload)
            place = self._clocks.place(event)
            thought.add(self._connection, self._node_id, event, payload, place)
        else:
            return False
        return True

    def _measured(self, event: Event) -> int:
        """Take in a block of readings; returns how many there are."""
        block = block_of(event)
        if block.name:
            self._called[block.sensor] = Called(block.name, event.seq)
        return self._arrivals.add(block, self._clocks.place_block(event, block))

    def _noticed(self, event: Event) -> None:
        payload = decode_payload(event, ObservationPayload)
        place = self._clocks.place(event)
        self._called[payload.sensor] = Called(payload.sensor_name, event.seq)
        observation.add(self._connection, self._node_id, event, payload, place, self._latest_ms)

    def _remember(self, event: Event) -> None:
        payload = decode_payload(event, MemoryPayload)
        place = self._clocks.place(event)
        if not memory.add(self._connection, self._node_id, event, payload, place):
            self._count("memories", 1)

    def _learn(self, event: Event) -> None:
        offset_ms = decode_payload(event, ClockPayload).offset_ms
        if not 0 <= offset_ms + event.monotonic_ms <= MAX_WALL_MS:
            raise InputError("A clock leaves the calendar.")
        self._points.setdefault(event.boot_id, []).append((event.monotonic_ms, offset_ms))

    def _set_right(self) -> None:
        """Put right what hangs on a batch's clocks, at once: each may move all that was told."""
        self._store()
        for boot_id, points in self._points.items():
            self._clocks.learn(boot_id, points, self._latest_ms)
        self._points.clear()

    def _unpack(self) -> int:
        """Look into what was measured; returns how many readings were refused."""
        refused = self._arrivals.unpack()
        for payload in refused:
            self._refuse(encode_payload(payload))
        return sum(len(payload.values) for payload in refused)

    def _count(self, reason: str, times: int) -> None:
        if not self._again:
            quarantine.count(self._connection, reason, times)

    def _refuse(self, payload: Raw) -> None:
        if not self._again:
            quarantine.add(self._connection, self._node_id, "payload", bytes(payload), self._now_ms)


def _length(columns: Columns) -> int:
    return len(columns.times)
