import asyncio
import contextlib
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import msgspec
import pytest
from msgspec import Struct

from herdbook.alpaca import sampler as sampler_module
from herdbook.alpaca.sampler import Sampler
from herdbook.alpaca.sensors.measurement import Fault, Measurement, Sample
from herdbook.clock import Instant, SystemClock
from herdbook.eventlog.event import ObservationPayload
from herdbook.eventlog.readings import ReadingsPayload
from tests.fakes.clock import ManualClock

TEMPERATURE = Measurement(
    id="t", name="Kettle", unit="°C", precision=1, spread=1, usual=(0, 100), valid=(-50, 150)
)
DOOR = Measurement(id="d", name="Door", form="binary")


class SensorDouble:
    """Gives what it is told to give."""

    measurements = (TEMPERATURE, DOOR)
    quiet = 0.0
    pace = 1.0

    def __init__(self, interval: float = 0.02) -> None:
        self.interval = interval
        self.samples: dict[str, Sample] = {"t": 50.0, "d": 1.0}
        self.reads = 0
        self.at_once = 0
        self.most_at_once = 0
        self.gate = threading.Event()
        self.gate.set()

    def read(self) -> Mapping[str, Sample]:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        self.gate.wait(10)
        self.reads += 1
        self.at_once -= 1
        return dict(self.samples)


class Heard:
    """The listener: keeps what it is told."""

    def __init__(self) -> None:
        self.states: list[tuple[str, float | None]] = []
        self.events: list[tuple[str, Struct]] = []
        self.instants: list[Instant] = []

    def state(self, measurement: Measurement, value: float | None) -> None:
        self.states.append((measurement.id, value))

    async def event(self, kind: str, payload: Struct, at: Instant) -> None:
        self.events.append((kind, payload))
        self.instants.append(at)


@contextlib.asynccontextmanager
async def sampling(sampler: Sampler) -> AsyncIterator[None]:
    task = asyncio.create_task(sampler.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


async def test_states_are_said_each_time_and_readings_in_blocks() -> None:
    sensor, heard, clock = SensorDouble(), Heard(), ManualClock()
    sampler = Sampler(sensor, heard, clock)
    async with sampling(sampler):
        await until(lambda: sensor.reads >= 3)
        assert heard.events == []
        clock.advance(60_000)
        await until(lambda: len(heard.events) == 2)
    block = heard.events[0][1]
    assert isinstance(block, ReadingsPayload)
    assert (block.sensor, block.unit) == ("t", "°C")
    assert {value for _, value in block.samples()} == {50.0}
    assert heard.states[:4] == [("t", 50.0), ("d", 1.0)] * 2
    await sampler.flush()
    doors = [p for _, p in heard.events if isinstance(p, ReadingsPayload) and p.sensor == "d"]
    assert all(value is True for door in doors for _, value in door.samples())
    kept = sum(len(p.samples()) for _, p in heard.events if isinstance(p, ReadingsPayload))
    assert kept == len(heard.states)


async def test_a_moment_is_said_and_is_no_reading() -> None:
    sensor, heard = SensorDouble(), Heard()
    sensor.measurements = (TEMPERATURE, Measurement(id="d", name="Last restart", form="moment"))
    sensor.samples["d"] = 1_795_217_890.0
    sampler = Sampler(sensor, heard, ManualClock())
    async with sampling(sampler):
        await until(lambda: sensor.reads >= 2)
    await sampler.flush()
    assert ("d", 1_795_217_890.0) in heard.states
    assert {p.sensor for _, p in heard.events if isinstance(p, ReadingsPayload)} == {"t"}


async def test_a_departure_is_an_observation_at_once() -> None:
    sensor, heard = SensorDouble(), Heard()
    async with sampling(Sampler(sensor, heard, ManualClock())):
        sensor.samples["t"] = 120.04
        await until(lambda: heard.events)
    ((kind, payload),) = heard.events
    assert kind == "observation"
    assert isinstance(payload, ObservationPayload)
    assert payload.value == 120.0


async def test_a_fault_of_one_leaves_the_other(caplog: pytest.LogCaptureFixture) -> None:
    sensor, heard = SensorDouble(), Heard()
    sensor.samples["t"] = Fault("Kettle: the wire is cut.")
    async with sampling(Sampler(sensor, heard, ManualClock())):
        await until(lambda: sensor.reads >= 3)
    assert set(heard.states) == {("t", None), ("d", 1.0)}
    assert caplog.text.count("the wire is cut") == 1


async def test_a_sensor_that_hangs_is_unavailable_and_not_asked_twice(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sampler_module, "_PATIENCE_S", 0.05)
    sensor, heard = SensorDouble(), Heard()
    sensor.gate.clear()
    async with sampling(Sampler(sensor, heard, ManualClock())):
        await until(lambda: ("t", None) in heard.states)
        await asyncio.sleep(0.1)
        sensor.gate.set()
        await until(lambda: ("t", 50.0) in heard.states)
    assert sensor.most_at_once == 1
    assert caplog.text.count("Kettle does not answer") == 1


async def test_a_slow_reading_shifts_no_later_one() -> None:
    class Slow(SensorDouble):
        def __init__(self) -> None:
            super().__init__(interval=0.1)
            self.begun: list[float] = []

        def read(self) -> Mapping[str, Sample]:
            self.begun.append(time.monotonic())
            if len(self.begun) == 2:
                time.sleep(0.13)
            return super().read()

    sensor = Slow()
    async with sampling(Sampler(sensor, Heard(), SystemClock())):
        await until(lambda: len(sensor.begun) >= 5)
    grid = [round((moment - sensor.begun[0]) / 0.1, 1) for moment in sensor.begun]
    assert grid[1] >= 0.9
    assert grid[2] >= 2.9  # the third was due while the second still went on
    assert all(abs(moment - round(moment)) <= 0.4 for moment in grid)


async def test_what_is_being_written_when_it_stops_is_written_once() -> None:
    class Slow(Heard):
        async def event(self, kind: str, payload: Struct, at: Instant) -> None:
            await super().event(kind, payload, at)
            await asyncio.sleep(5)

    sensor, heard, clock = SensorDouble(), Slow(), ManualClock()
    sampler = Sampler(sensor, heard, clock)
    async with sampling(sampler):
        await until(lambda: len(heard.states) >= 2)
        clock.advance(60_000)
        await until(lambda: heard.events)
    last = Heard()
    sampler._listener = last
    await sampler.flush()
    sensors = [p.sensor for _, p in heard.events + last.events if isinstance(p, ReadingsPayload)]
    assert sensors[:2] == ["t", "d"]
    kept = sum(
        len(p.samples()) for _, p in heard.events + last.events if isinstance(p, ReadingsPayload)
    )
    assert kept == len(heard.states)


async def test_smoothing_acts_before_everything_and_deadband_on_what_is_said() -> None:
    sensor, heard, clock = SensorDouble(), Heard(), ManualClock()
    kettle = msgspec.structs.replace(TEMPERATURE, smoothing=3, deadband=2.0)
    sensor.measurements = (kettle, DOOR)
    script = iter([50.0, 50.5, 99.0, 50.5, 51.0, 53.0, 53.0, 53.0])

    class Scripted(SensorDouble):
        measurements = sensor.measurements

        def read(self) -> Mapping[str, Sample]:
            self.reads += 1
            return {"t": next(script, 53.0), "d": 1.0}

    scripted = Scripted()
    sampler = Sampler(scripted, heard, clock)
    async with sampling(sampler):
        await until(lambda: scripted.reads >= 9)
        said = [value for name, value in heard.states if name == "t"]
        assert said == [50.0, 53.0]
        clock.advance(300_000)
        await until(lambda: [v for n, v in heard.states if n == "t"] == [50.0, 53.0, 53.0])
    await sampler.flush()
    kept = [
        value
        for _, p in heard.events
        if isinstance(p, ReadingsPayload) and p.sensor == "t"
        for _, value in p.samples()
    ]
    assert kept == [50.0, 53.0, 53.0]


async def test_what_it_shows_now_is_what_it_says() -> None:
    sensor, heard = SensorDouble(), Heard()
    smooth = msgspec.structs.replace(TEMPERATURE, smoothing=3)
    sensor.measurements = (smooth, DOOR)
    sampler = Sampler(sensor, heard, ManualClock())
    for read in (50.0781, 50.12, 99.0):
        sensor.samples["t"] = read
        await sampler.sample()
    assert [one.sample for one in sampler.latest()] == [50.1, 1.0]
    assert TEMPERATURE.state(heard.states[-2][1] or 0) == "50.1"


class WakingDouble(SensorDouble):
    """Wakes its reader as often as it is told."""

    def __init__(self) -> None:
        super().__init__(interval=3600)
        self.news = asyncio.Queue[None]()
        self.ended = False

    async def run(self, wake: Callable[[], None]) -> None:
        try:
            while True:
                await self.news.get()
                wake()
        finally:
            self.ended = True


async def test_a_sensor_with_news_is_read_at_once() -> None:
    sensor, heard = WakingDouble(), Heard()
    async with sampling(Sampler(sensor, heard, ManualClock())):
        await until(lambda: sensor.reads == 1)
        sensor.samples["d"] = 0.0
        sensor.news.put_nowait(None)
        await until(lambda: ("d", 0.0) in heard.states)
    assert sensor.ended
    assert sensor.reads == 2


async def test_a_flood_of_news_is_read_ten_times_a_second() -> None:
    sensor, heard = WakingDouble(), Heard()
    async with sampling(Sampler(sensor, heard, ManualClock())):
        begun = time.monotonic()
        while time.monotonic() - begun < 0.45:
            sensor.news.put_nowait(None)
            await asyncio.sleep(0)
    assert 3 <= sensor.reads <= 6


async def test_what_a_sensor_did_not_expect_costs_its_own_measurements_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(WakingDouble):
        broken = True

        def read(self) -> Mapping[str, Sample]:
            if self.broken:
                raise KeyError("a plugin's mistake")
            return super().read()

        async def run(self, wake: Callable[[], None]) -> None:
            raise KeyError("another")

    sensor, heard = Broken(), Heard()
    sensor.interval = 0.02
    async with sampling(Sampler(sensor, heard, ManualClock())):
        await until(lambda: len(heard.states) >= 6)
        assert set(heard.states) == {("t", None), ("d", None)}
        sensor.broken = False
        await until(lambda: ("t", 50.0) in heard.states)
    assert caplog.text.count("Kettle, Door cannot be read.") == 1
    assert caplog.text.count("waiting for its news ended by a fault") == 1


async def test_a_sensor_that_does_not_stop_keeps_its_node_from_stopping_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Deaf(WakingDouble):
        async def run(self, wake: Callable[[], None]) -> None:
            while not ended.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await ended.wait()

    monkeypatch.setattr(sampler_module, "_ENDING_S", 0.02)
    ended, sampler = asyncio.Event(), Sampler(Deaf(), heard := Heard(), ManualClock())
    async with asyncio.timeout(5), sampling(sampler):
        await until(lambda: heard.states)
    assert not ended.is_set()
    ended.set()


class _Mute(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError


class _Own(BaseException):
    pass


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SystemExit(3), "SystemExit: 3."),
        (StopIteration(), "StopIteration: ."),
        (_Mute(), "_Mute: it does not say why."),
        (ValueError("\x1b[2J\n" + "x" * 10_000_000), "ValueError:  [2J xxx"),
        (KeyboardInterrupt(), "KeyboardInterrupt: ."),
        (GeneratorExit(), "GeneratorExit: ."),
        (asyncio.CancelledError(), "CancelledError: ."),
        (_Own("as it likes"), "_Own: as it likes."),
    ],
)
async def test_a_sensor_that_exits_or_says_too_much_ends_nothing(
    error: BaseException, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(WakingDouble):
        def read(self) -> Mapping[str, Sample]:
            raise error

        async def run(self, wake: Callable[[], None]) -> None:
            raise error

    sensor = Broken()
    sensor.interval = 0.02
    sampler = Sampler(sensor, heard := Heard(), ManualClock())
    async with sampling(sampler):
        await until(lambda: len(heard.states) >= 6)
        faults = {latest.sample for latest in sampler.latest()}
    [fault] = faults
    assert isinstance(fault, Fault)
    assert fault.reason.startswith(f"Kettle, Door cannot be read: {words}")
    assert len(fault.reason) <= 500
    assert "waiting for its news ended by a fault" in caplog.text
    assert "in read" in caplog.text, "where it was is said"
    assert len(caplog.text) < 10_000
    assert "\x1b" not in caplog.text


async def test_a_moment_that_is_none_is_a_fault() -> None:
    sensor, heard = SensorDouble(), Heard()
    sensor.measurements = (Measurement("t", "Started", form="moment"), DOOR)
    for moment in (-1.0, 1e15):
        sensor.samples["t"] = moment
        async with sampling(Sampler(sensor, heard, ManualClock())):
            await until(lambda: len(heard.states) >= 4)
    assert set(heard.states) == {("t", None), ("d", 1.0)}


class _NoNumber(float):
    def __float__(self) -> float:
        raise KeyboardInterrupt


def _numbers() -> Iterator[float]:
    while True:
        yield 1.0


@pytest.mark.parametrize(
    "sample",
    [
        None,
        "21",
        b"21",
        float("nan"),
        1e300,
        [1.0],
        10**400,
        _numbers(),
        Fault(None),  # type: ignore[arg-type]
        Fault("x" * 10_000_000),
    ],
    ids=lambda sample: repr(sample)[:20],
)
async def test_whatever_a_sensor_gives_is_a_number_or_a_fault(sample: object) -> None:
    sensor, heard = SensorDouble(), Heard()
    sensor.samples["t"] = sample  # type: ignore[assignment]
    sensor.samples["unknown"] = 1.0
    async with sampling(Sampler(sensor, heard, ManualClock())):
        await until(lambda: len(heard.states) >= 4)
    assert set(heard.states) == {("t", None), ("d", 1.0)}


async def test_a_number_that_is_none_costs_its_own_sensor_alone() -> None:
    sensor, heard = SensorDouble(), Heard()
    sensor.samples["t"] = _NoNumber(1.0)
    async with sampling(Sampler(sensor, heard, ManualClock())):
        await until(lambda: len(heard.states) >= 4)
        sensor.samples["t"] = 50.0
        await until(lambda: ("t", 50.0) in heard.states)
    assert set(heard.states[:4]) == {("t", None), ("d", None)}


@pytest.mark.parametrize("raises", [False, True])
async def test_what_comes_and_goes_is_said_once_a_minute_and_what_stays_is_said(
    caplog: pytest.LogCaptureFixture, raises: bool
) -> None:
    class Loose(SensorDouble):
        loose = True

        def read(self) -> Mapping[str, Sample]:
            self.samples["t"] = 50.0
            if self.loose and self.reads % 2:
                self.samples["t"] = Fault("The contact is loose.")
                if raises:
                    self.reads += 1
                    raise ValueError("The contact is loose.")
            return super().read()

    caplog.set_level("INFO")
    sensor, heard, clock = Loose(), Heard(), ManualClock()
    sampler = Sampler(sensor, heard, clock)
    for _ in range(20):
        await sampler.sample()
    assert ("t", None) in heard.states
    assert caplog.text.count("It is unavailable") == (2 if raises else 1), "of each measurement"
    assert caplog.text.count("Traceback") + caplog.text.count("in read") == raises
    assert caplog.text.count("Kettle is read again.") == 1
    clock.advance(60_000)
    sensor.samples["t"] = Fault("The wire is cut.")
    sensor.loose = False
    sensor.read = lambda: sensor.samples  # type: ignore[method-assign]
    await sampler.sample()
    assert "The wire is cut. It is unavailable until it is read again. (and 9 more" in caplog.text


async def test_another_reason_is_said_too_and_another_number_is_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sensor, heard, clock = SensorDouble(), Heard(), ManualClock()
    sampler = Sampler(sensor, heard, clock)
    for sample in (Fault("There is no connection."), 200.0, 1999.25, -1e3, Fault("It is silent.")):
        sensor.samples["t"] = sample
        await sampler.sample()
        clock.advance(60_000)
    said = re.findall(r"(\S+ \S+) It is unavailable", caplog.text)
    assert said == ["no connection.", "to 150.", "is silent."]


async def test_a_slow_sensor_is_waited_for_as_long_as_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sampler_module, "_PATIENCE_S", 0.02)
    sensor, heard = SensorDouble(), Heard()
    sensor.patience = 5.0  # type: ignore[attr-defined]
    sensor.gate.clear()
    async with sampling(Sampler(sensor, heard, ManualClock())):
        await asyncio.sleep(0.1)
        assert heard.states == []
        sensor.gate.set()
        await until(lambda: heard.states)
    assert ("t", None) not in heard.states


async def test_many_that_take_their_time_keep_nobody_waiting() -> None:
    slow = [SensorDouble() for _ in range(40)]
    for sensor in slow:
        sensor.gate.clear()
    quick, heard = SensorDouble(), Heard()
    async with contextlib.AsyncExitStack() as stack:
        for sensor in slow:
            await stack.enter_async_context(sampling(Sampler(sensor, Heard(), ManualClock())))
        await stack.enter_async_context(sampling(Sampler(quick, heard, ManualClock())))
        await until(lambda: quick.reads >= 3)
        for sensor in slow:
            sensor.gate.set()
    assert heard.states[0] == ("t", 50.0)
