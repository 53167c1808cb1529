"""Collects the samples of one measurement into blocks for the event log.

A block is filled for up to a minute; `herdbook.alpaca.unfinished` keeps it safe meanwhile.
Now and then it says what people call what it measures, so that nobody is shown an id.
Its samples were all timed by the same clock: when that is set, another block begins. As an event it
is of the moment of its last one, so that nothing is said of it by a clock that was set since.
"""

from typing import Final

from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.clock import Instant
from herdbook.eventlog.event import MAX_WALL_MS
from herdbook.eventlog.readings import MAX_SAMPLES, ReadingsPayload, Sample, pack
from herdbook.eventlog.timeline import STEP_MS

_BLOCK_MS: Final = 60_000
_NAMED_EVERY_MS: Final = 86_400_000


class ReadingsBlock:
    """The block being filled; times in milliseconds."""

    def __init__(self, measurement: Measurement) -> None:
        self._measurement = measurement
        self._samples: list[Sample] = []
        self._begun_ms = 0
        self._last: Instant | None = None
        self._named_ms: int | None = None

    def add(self, value: float, at: Instant) -> None:
        """Take a sample, as precise as the measurement is."""
        if not self._samples:
            self._begun_ms = at.monotonic_ms
        self._last = at
        kept = (
            bool(value)
            if self._measurement.form == "binary"
            else round(value, self._measurement.precision)
        )
        self._samples.append((min(max(at.wall_ms, 0), MAX_WALL_MS), kept))

    def ends_before(self, at: Instant) -> bool:
        """Whether a sample at this moment belongs in another block: the clock was set since."""
        if not self._samples:
            return False
        return abs(at.wall_ms - at.monotonic_ms - self._offset_ms()) >= STEP_MS

    def is_due(self, monotonic_ms: int) -> bool:
        """Whether it is full, in time or in number."""
        full = len(self._samples) >= MAX_SAMPLES
        return full or (bool(self._samples) and monotonic_ms - self._begun_ms >= _BLOCK_MS)

    def take(self) -> tuple[ReadingsPayload, Instant] | None:
        """The block, which is empty afterwards, and when it ended; None when it was so before."""
        block = self.so_far()
        if block is not None and block[0].name:
            self._named_ms = self._begun_ms
        self._samples = []
        return block

    def so_far(self) -> tuple[ReadingsPayload, Instant] | None:
        """The block as it would be taken now."""
        if not self._samples or self._last is None:
            return None
        payload = pack(
            self._measurement.id,
            self._measurement.unit,
            self._samples,
            offset_ms=self._offset_ms(),
            name=self._measurement.name if self._is_to_be_named() else "",
        )
        return payload, self._last

    def _is_to_be_named(self) -> bool:
        """At first, and again once a day: a Llama that began anew has lost it."""
        return self._named_ms is None or self._begun_ms - self._named_ms >= _NAMED_EVERY_MS

    def _offset_ms(self) -> int:
        """Wall time less monotonic time at the first sample."""
        return self._samples[0][0] - self._begun_ms
