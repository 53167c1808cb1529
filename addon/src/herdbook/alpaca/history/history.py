"""A node's own history: asked for a sensor and a span of time, it answers from its index.

Owns bringing the index up to the log, which happens only when somebody asks: a node that nobody
looks at does nothing for it. The log is read beside the node that writes it, and never changed.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final

from msgspec import Struct

from herdbook.alpaca.history.fold import Folded, Series, fold
from herdbook.alpaca.history.store import HistoryStore, remove
from herdbook.clock import Clock
from herdbook.errors import InputError, StorageError
from herdbook.eventlog.audit import Problem, events_in
from herdbook.eventlog.database import DatabaseDamaged
from herdbook.eventlog.event import (
    CLOCK,
    LOSS,
    OBSERVATION,
    READINGS,
    Event,
    LossPayload,
    ObservationPayload,
    decode_payload,
)
from herdbook.eventlog.folder import LogFolder
from herdbook.eventlog.timeline import Moment, Timeline
from herdbook.house.rollup import HOUR_MS, Rollup

_AT_ONCE: Final = 4000
"""Events in one transaction and in memory."""
_BRIEFLY_MS: Final = 2_000
"""So long one question waits for the log to be read; that goes on from there without it."""
_STEPS: Final = ((36 * HOUR_MS, HOUR_MS // 6), (10 * 24 * HOUR_MS, HOUR_MS))
_LARGEST_STEP: Final = 4 * HOUR_MS

_log = logging.getLogger(__name__)


class Span(Struct, frozen=True):
    """What a sensor read in a span of time: a point for every `step_ms` in which it read something.

    `series` is None where it never read anything. `complete` is False while the log is still being
    read for the first time: there is more to come.
    """

    series: Series | None
    step_ms: int
    points: list[Rollup]
    complete: bool


class Said(Struct, frozen=True):
    """An observation, and when it was made."""

    moment: Moment
    payload: ObservationPayload


class History:
    """The history of the node whose data folder this is. Every method raises `StorageError`."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        # All that uses the index runs in it, also when whoever asked waits no longer.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._reading_on: asyncio.Task[None] | None = None
        self._complete = True
        self._store: HistoryStore | None = None
        self._timeline = Timeline()

    async def between(self, sensor: str, start_ms: int, end_ms: int) -> Span:
        """What a sensor read from one moment to before another, in at most some 240 points."""
        span = end_ms - start_ms
        step = next((step for most, step in _STEPS if span <= most), _LARGEST_STEP)

        def read(store: HistoryStore, complete: bool) -> Span:
            points = store.between(sensor, start_ms, end_ms, step)
            return Span(store.series(sensor), step, points, complete)

        return await self._ask(read)

    async def observations(self, limit: int) -> list[Said]:
        """The last so many observations, at most 1,000, newest first."""

        def read(store: HistoryStore, _complete: bool) -> list[Said]:
            return [
                Said(self._timeline.moment_of(event), decode_payload(event, ObservationPayload))
                for event in store.held(OBSERVATION, limit)
            ]

        return await self._ask(read)

    async def close(self) -> None:
        """Close the index after what is being read. Nothing can be asked any more."""
        if self._reading_on is not None:
            self._reading_on.cancel()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._let_go)
        self._thread.shutdown()

    async def _ask[T](self, read: Callable[[HistoryStore, bool], T]) -> T:
        def run() -> T:
            try:
                return self._current(read)
            except DatabaseDamaged as error:
                _log.warning("%s It is made anew from the log.", error.message)
                self._let_go()
                remove(self._folder)
                return self._current(read)

        answer = await asyncio.get_running_loop().run_in_executor(self._thread, run)
        if not self._complete and self._reading_on is None:
            self._reading_on = asyncio.create_task(self._read_on())
        return answer

    async def _read_on(self) -> None:
        """Bring the index up to the log, a little at a time: others ask meanwhile."""
        try:
            while not self._complete:
                await self._ask(lambda _store, _complete: None)
        except StorageError as error:
            _log.warning("The history: %s", error)
        finally:
            self._reading_on = None

    def _current[T](self, read: Callable[[HistoryStore, bool], T]) -> T:
        store = self._open()
        self._complete = self._catch_up(store)
        return read(store, self._complete)

    def _open(self) -> HistoryStore:
        if self._store is None:
            self._store = HistoryStore(self._folder)
            self._timeline = _timeline(self._store)
        return self._store

    def _let_go(self) -> None:
        if self._store is not None:
            self._store.close()
        self._store = None

    def _catch_up(self, store: HistoryStore) -> bool:
        """Take in what the log has more; whether that is all of it."""
        until = self._clock.monotonic_ms() + _BRIEFLY_MS
        source = LogFolder.open(self._folder)
        try:
            owner, seq = store.mark()
            if owner not in {b"", source.public_key}:
                raise DatabaseDamaged("The history is another log's.")
            events = _events(source, seq)
            while some := list(islice(events, _AT_ONCE)):
                if any(_loses_before(event, seq) for event in some):
                    raise DatabaseDamaged("The log has lost events that its history has.")
                seq = some[-1].seq
                store.add(self._folded(store, some), source.public_key, seq)
                if self._clock.quality() != "unset":
                    store.tidy(self._clock.wall_ms())
                if self._clock.monotonic_ms() >= until:
                    return next(events, None) is None
        finally:
            source.close()
        return True

    def _folded(self, store: HistoryStore, events: list[Event]) -> Folded:
        waiting = store.held(READINGS) if any(event.kind == CLOCK for event in events) else []
        return fold(events, waiting, self._timeline)


def _loses_before(event: Event, seq: int) -> bool:
    """Whether it says that numbers are lost which were read; what was saved of them comes again."""
    if event.kind != LOSS:
        return False
    try:
        return decode_payload(event, LossPayload).first_seq <= seq
    except InputError:
        return False


def _timeline(store: HistoryStore) -> Timeline:
    timeline = Timeline()
    for event in store.held(CLOCK):
        timeline.learn(event)
    return timeline


def _events(source: LogFolder, after: int) -> Iterator[Event]:
    """The events behind a number, in order; what is damaged is passed over."""
    pieces = source.pieces_after(after)
    for item in events_in(source, pieces):
        if not isinstance(item, Problem) and item.seq > after:
            yield item
