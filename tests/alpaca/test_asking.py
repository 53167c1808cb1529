"""“Observe now”, with sensors that answer late, wrongly or never."""

import asyncio
import threading
from collections.abc import Mapping

import pytest

from herdbook.alpaca import asking as module
from herdbook.alpaca.asking import Asking
from herdbook.alpaca.sampler import Sampler
from herdbook.alpaca.sensors.measurement import Fault, Measurement, Sample
from herdbook.alpaca.words.english import ENGLISH
from tests.alpaca.test_sampler import Heard
from tests.fakes.clock import ManualClock

KETTLE = Measurement(id="t", name="Kettle", unit="°C", precision=1)
DOOR = Measurement(id="d", name="Door", form="binary")
STARTED = Measurement(id="s", name="Started", form="moment")


class SensorDouble:
    """Reads as it is told, once its gate is open."""

    interval = 3600.0
    quiet = 0.0
    pace = 1.0

    def __init__(self, **samples: Sample) -> None:
        every = {one.id: one for one in (KETTLE, DOOR, STARTED)}
        self.measurements = tuple(every[name] for name in samples)
        self.samples = samples
        self.reads = 0
        self.gate = threading.Event()
        self.gate.set()

    def read(self) -> Mapping[str, Sample]:
        self.reads += 1
        self.gate.wait(10)
        return self.samples


def asking(heard: Heard, *sensors: SensorDouble) -> Asking:
    clock = ManualClock()
    return Asking("Hallway", [Sampler(one, heard, clock) for one in sensors], heard, clock, ENGLISH)


async def test_all_sensors_become_one_observation() -> None:
    heard = Heard()
    kettle, door = SensorDouble(t=50.04, s=1.0), SensorDouble(d=Fault("The wire is cut."))
    asked_now = asking(heard, kettle, door)
    [made] = await asked_now.observe()
    assert made.sentence == "Now: Kettle 50 °C, Door without a reading."
    assert (made.kind, made.sensor, made.sensor_name) == ("asked", "all", "Hallway")
    assert heard.events[-1] == ("observation", made)
    await asked_now.close()


async def test_one_that_never_answers_holds_up_nothing_and_is_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_PATIENCE_S", 0.05)
    heard = Heard()
    hung, door = SensorDouble(t=50.0), SensorDouble(d=1.0)
    hung.gate.clear()
    asked_now = asking(heard, hung, door)
    for _ in range(3):
        [made] = await asked_now.observe()
        assert made.sentence == "Now: Kettle without a reading, Door on."
    assert (hung.reads, door.reads) == (1, 3)
    hung.gate.set()
    async with asyncio.timeout(5):
        while "Kettle 50 °C" not in made.sentence:
            [made] = await asked_now.observe()
    await asked_now.close()


async def test_it_is_read_by_one_at_a_time() -> None:
    """Out of its turn, too: a bus has one reader."""
    heard = Heard()
    sensor = SensorDouble(t=50.0)
    sensor.gate.clear()
    sampler = Sampler(sensor, heard, ManualClock())
    reading = [asyncio.create_task(sampler.sample()) for _ in range(2)]
    async with asyncio.timeout(5):
        while not sensor.reads:
            await asyncio.sleep(0.001)
    assert sensor.reads == 1
    assert [latest.at for latest in sampler.latest()] == [None]
    sensor.gate.set()
    await asyncio.gather(*reading)
    assert sensor.reads == 2
    [latest] = sampler.latest()
    assert (latest.measurement, latest.sample) == (KETTLE, 50.0)
