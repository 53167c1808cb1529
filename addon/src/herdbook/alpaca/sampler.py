"""Reads one sensor at its interval and says what it reads wherever that is wanted.

Owns timing, faults and what follows from a sample: a state for Home Assistant, a place in a block
of readings, perhaps an observation. Knows no broker and no disk.
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Iterator
from typing import Final, Protocol

from msgspec import Struct

from herdbook.alpaca.blocks import ReadingsBlock
from herdbook.alpaca.conditioning import Conditioning
from herdbook.alpaca.noticer import Noticer
from herdbook.alpaca.reading_thread import ReadingThread
from herdbook.alpaca.sensors.measurement import (
    Fault,
    Measurement,
    Sample,
    Sensor,
    Slow,
    Waking,
)
from herdbook.alpaca.sensors.soundness import failed, sort_of, sound, told
from herdbook.clock import Clock, Instant, now
from herdbook.eventlog.event import OBSERVATION, READINGS
from herdbook.eventlog.readings import ReadingsPayload
from herdbook.log import AGAIN_MS, PacedLog

_PATIENCE_S: Final = 5.0
_ENDING_S: Final = 5.0
_SOONER: Final = 4
_SHORTEST_S: Final = 0.1

_log = logging.getLogger(__name__)


class Listener(Protocol):
    """Where samples and events go."""

    def state(self, measurement: Measurement, value: float | None) -> None:
        """A measurement has this value now; None: it has none."""

    async def event(self, kind: str, payload: Struct, at: Instant) -> None:
        """This is of that moment, and belongs in the event log.

        Once called, it gets there even if it is cancelled.
        """


class Latest(Struct, frozen=True):
    """What a measurement showed last, and when; before it was ever read there is no `at`."""

    measurement: Measurement
    sample: Sample
    at: Instant | None


class Sampler:
    """One sensor's reader. `run` samples until cancelled; `flush` then gives the last blocks."""

    def __init__(
        self, sensor: Sensor, listener: Listener, clock: Clock, noticer: Noticer | None = None
    ) -> None:
        self._sensor = sensor
        self._noticer = noticer or Noticer(clock)
        self._listener = listener
        self._clock = clock
        self._events: deque[tuple[str, Struct, Instant]] = deque()
        self._reading = asyncio.Lock()
        self._woken = asyncio.Event()
        self._paced = PacedLog(_log, clock)
        self._raised = False
        self._raised_ms: int | None = None  # when the log last told where
        # One of its own: sensors that take their time must not keep the others waiting.
        self._thread = ReadingThread("herdbook-sensor")
        self._name = ", ".join(measurement.name for measurement in sensor.measurements)
        self.turned_ms = clock.monotonic_ms()
        """When it last began to read, or to wait on; see `herdbook.alpaca.heartbeat`."""
        self._channels = {
            measurement.id: _Channel(measurement, sensor, self._noticer)
            for measurement in sensor.measurements
        }

    @property
    def interval(self) -> float:
        """Seconds from one reading to the next, while nothing seems to begin."""
        return self._sensor.interval

    async def run(self) -> None:
        """Sample for ever. A reading that comes late is not made up for, and shifts no other.

        While something seems to begin, readings come four times as often, until it is clear. A
        sensor that knows by itself when there is something to read is read then, too.
        """
        try:
            async with asyncio.TaskGroup() as group:
                if isinstance(self._sensor, Waking):
                    group.create_task(self._listen(self._sensor))
                begun = asyncio.get_running_loop().time()
                while True:
                    self._woken.clear()
                    await self.sample()
                    await self._until_next(begun)
        finally:
            self._thread.close()

    def wake(self) -> None:
        """Read the sensor now rather than at its time."""
        self._woken.set()

    def unfinished(self) -> list[tuple[ReadingsPayload, Instant]]:
        """The readings that were not given to the event log yet, in blocks."""
        blocks = [
            (payload, at) for _, payload, at in self._events if isinstance(payload, ReadingsPayload)
        ]
        filling = (channel.block.so_far() for channel in self._channels.values())
        return blocks + [block for block in filling if block is not None]

    async def sample(self) -> None:
        """Read the sensor now, once it is not being read any more."""
        async with self._reading:
            await self._sample()

    def latest(self) -> Iterator[Latest]:
        """What each measurement showed last: smoothed, with the decimals that are kept."""
        for channel in self._channels.values():
            yield Latest(channel.measurement, channel.sample, channel.at)

    async def flush(self) -> None:
        """Give the blocks that are not full yet to the event log."""
        for channel in self._channels.values():
            if (block := channel.block.take()) is not None:
                self._events.append((READINGS, *block))
        await self._give_events()

    async def _listen(self, sensor: Waking) -> None:
        heeding = asyncio.create_task(self._heed(sensor))
        try:
            await asyncio.wait({heeding})
        finally:
            heeding.cancel()
            # No longer: what the node does at its stop waits for this.
            await asyncio.wait({heeding}, timeout=_ENDING_S)

    async def _heed(self, sensor: Waking) -> None:
        try:
            await sensor.run(self.wake)
        except BaseException as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            # Another's program: the sensor is still read at its interval.
            _log.error("%s: waiting for its news ended by a fault: %s", self._name, told(error))

    async def _until_next(self, begun: float) -> None:
        """Wait until the sensor is to be read again; `begun` is when its grid of times began."""
        loop = asyncio.get_running_loop()
        soonest = loop.time() + _SHORTEST_S
        restless = any(
            channel.observer is not None and channel.observer.restless
            for channel in self._channels.values()
        )
        interval = self._sensor.interval / (_SOONER if restless else 1)
        passed = (loop.time() - begun) / interval
        try:
            async with asyncio.timeout_at(begun + (math.floor(passed) + 1) * interval):
                await self._woken.wait()
        except TimeoutError:
            return
        await asyncio.sleep(soonest - loop.time())  # news may come in any number

    async def _sample(self) -> None:
        self.turned_ms = self._clock.monotonic_ms()
        reading = self._thread.run(self._read)
        patience = self._sensor.patience if isinstance(self._sensor, Slow) else _PATIENCE_S
        try:
            while not (await asyncio.wait({reading}, timeout=patience))[0]:
                at = now(self._clock)
                self.turned_ms = at.monotonic_ms
                for channel in self._channels.values():
                    fault = Fault.of("{name} does not answer.", name=channel.name)
                    channel.sample, channel.at = fault, at
                    self._events.extend(self._failed(channel, fault, at))
                await self._give_events()
            samples = await reading
        finally:
            reading.cancel()
        at = now(self._clock)
        for measurement_id, channel in self._channels.items():
            self._events.extend(self._take(channel, samples[measurement_id], at))
        await self._give_events()

    def _read(self) -> dict[str, Sample]:
        """A sample for each channel. In the sensor's own thread, which nothing of it leaves."""
        try:
            given = dict(self._sensor.read())
            samples = {
                measurement_id: sound(channel.measurement, given.get(measurement_id))
                for measurement_id, channel in self._channels.items()
            }
        except BaseException as error:  # noqa: BLE001 - another's program; the others go on
            self._tell_raised(error)
            return dict.fromkeys(self._channels, failed(self._name, error))
        self._raised = False
        return samples

    def _tell_raised(self, error: BaseException) -> None:
        """Say where it failed: once, and of one that comes and goes at most once a minute."""
        now_ms, last_ms = self._clock.monotonic_ms(), self._raised_ms
        if not self._raised and (last_ms is None or now_ms - last_ms >= AGAIN_MS):
            self._raised_ms = now_ms
            _log.error("%s cannot be read. %s", self._name, told(error))
        self._raised = True

    async def _give_events(self) -> None:
        while self._events:
            # Taken out first: being cancelled here must not make the same event twice.
            await self._listener.event(*self._events.popleft())

    def _take(
        self, channel: "_Channel", sample: Sample, at: Instant
    ) -> Iterator[tuple[str, Struct, Instant]]:
        channel.sample, channel.at = sample, at
        if isinstance(sample, Fault):
            yield from self._failed(channel, sample, at)
        else:
            if channel.said:
                _log.info("%s is read again.", channel.name)
            channel.said = ""
            # A moment is no quantity: there is nothing in it to draw over time.
            if channel.measurement.form == "moment":
                self._listener.state(channel.measurement, sample)
                return
            sample = channel.conditioning.smoothed(sample)
            channel.sample = round(sample, channel.measurement.precision)
            if channel.conditioning.is_news(sample, at.monotonic_ms):
                self._listener.state(channel.measurement, sample)
                if channel.block.ends_before(at) and (ended := channel.block.take()):
                    yield READINGS, *ended
                channel.block.add(sample, at)
            if channel.observer is not None and (
                observation := channel.observer.notice(
                    sample, *self._noticer.now(self._sensor.pace)
                )
            ):
                _log.info("Observed: %s", observation.sentence)
                yield OBSERVATION, observation, at
        if channel.block.is_due(at.monotonic_ms) and (block := channel.block.take()) is not None:
            yield READINGS, *block

    def _failed(
        self, channel: "_Channel", fault: Fault, at: Instant
    ) -> Iterator[tuple[str, Struct, Instant]]:
        reason = sort_of(fault)
        # Once, not once a reading; and what comes and goes, once a minute.
        if reason != channel.said and self._paced.warning(
            channel.measurement.id, f"{fault.reason} It is unavailable until it is read again."
        ):
            channel.said = reason
        channel.conditioning.failed()
        self._listener.state(channel.measurement, None)
        if channel.observer is not None and (
            observation := channel.observer.missing(*self._noticer.now(self._sensor.pace))
        ):
            _log.info("Observed: %s", observation.sentence)
            yield OBSERVATION, observation, at


class _Channel:
    """What is kept for one measurement."""

    def __init__(self, measurement: Measurement, sensor: Sensor, noticer: Noticer) -> None:
        self.measurement = measurement
        self.name = measurement.name
        self.block = ReadingsBlock(measurement)
        self.conditioning = Conditioning(measurement, sensor.interval)
        self.said = ""  # which sort of fault, in the log; empty: that it is read
        self.sample: Sample = Fault.of("It was not read yet.")
        self.at: Instant | None = None
        self.observer = noticer.observer(sensor, measurement)
