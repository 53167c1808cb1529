"""A GPIO input on a chip that the kernel simulates: gpio-sim, where it is loaded and we may use it.

tests/alpaca/conftest.py leaves this file out elsewhere; test_gpio.py has the same over a double.
See the kernel's Documentation/admin-guide/gpio/gpio-sim.rst.
"""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from herdbook.alpaca.sensors.gpio import PLUGIN, GpioConfig, GpioSensor
from herdbook.alpaca.sensors.measurement import Sample
from herdbook.alpaca.sensors.plugin import Surroundings

SIMULATOR = Path("/sys/kernel/config/gpio-sim")
LINE = f"herdbook-{os.getpid()}"  # tests may run side by side


class SimulatedLine:
    """Line 1 of a chip of its own, named `LINE`."""

    def __init__(self) -> None:
        self.device = SIMULATOR / LINE
        self._bank = self.device / "bank0"
        self._line = self._bank / "line1"
        self._line.mkdir(parents=True)
        (self._bank / "num_lines").write_text("2")
        (self._line / "name").write_text(LINE)
        self.plug()

    def plug(self) -> None:
        (self.device / "live").write_text("1")
        platform = (self.device / "dev_name").read_text().strip()
        chip = (self._bank / "chip_name").read_text().strip()
        self._pull = Path(f"/sys/devices/platform/{platform}/{chip}/sim_gpio1/pull")

    def unplug(self) -> None:
        (self.device / "live").write_text("0")

    def put(self, *, high: bool) -> None:
        self._pull.write_text("pull-up" if high else "pull-down")

    def remove(self) -> None:
        self.unplug()
        for folder in (self._line, self._bank, self.device):
            folder.rmdir()


@pytest.fixture
def line() -> Iterator[SimulatedLine]:
    simulated = SimulatedLine()
    yield simulated
    simulated.remove()


def sensor(**more: object) -> GpioSensor:
    config = GpioConfig(id="x", name="X", line=LINE, debounce=0, **more)  # type: ignore[arg-type]
    return GpioSensor(config, Surroundings())


async def until(gpio: GpioSensor, sample: Sample) -> None:
    async with asyncio.timeout(5):
        while gpio.read()["x"] != sample:
            await asyncio.sleep(0.01)


async def test_levels_edges_and_pulses(line: SimulatedLine) -> None:
    door, woken = sensor(), asyncio.Event()
    assert door.read() == {"x": 0.0}
    listening = asyncio.create_task(door.run(woken.set))
    await asyncio.sleep(0.05)
    line.put(high=True)
    async with asyncio.timeout(5):
        await woken.wait()
    await until(door, 1.0)
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening
    meter = sensor(count="rising")
    assert meter.read() == {"x": 0.0}
    for _ in range(20):
        line.put(high=False)
        line.put(high=True)
    await until(meter, 20.0)


async def test_it_is_found(line: SimulatedLine) -> None:
    assert PLUGIN.discover is not None
    assert any("with 2 lines" in found.words for found in PLUGIN.discover(Surroundings()))
