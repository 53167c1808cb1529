"""A GPIO input over the double of gpiod; test_gpio_sim.py is over the kernel's own simulation."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from gpiod.line import Bias, Edge

from herdbook.alpaca.sensors.gpio import PLUGIN, GpioConfig, GpioSensor
from herdbook.alpaca.sensors.measurement import Fault, Waking
from herdbook.alpaca.sensors.plugin import Surroundings
from tests.fakes.gpiod import Board, FakeChip


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    board = Board(tmp_path)
    board.use(monkeypatch)
    return board


def plug(board: Board) -> FakeChip:
    return board.plug("gpiochip0", "pinctrl-bcm2711", ["GPIO0", "GPIO1"])


def sensor(board: Board, **more: object) -> GpioSensor:
    config = GpioConfig(id="x", name="X", line="GPIO1", **more)  # type: ignore[arg-type]
    return GpioSensor(config, Surroundings(root=board.root))


@contextlib.asynccontextmanager
async def running(gpio: GpioSensor) -> AsyncIterator[asyncio.Event]:
    woken = asyncio.Event()
    task = asyncio.create_task(gpio.run(woken.set))
    try:
        yield woken
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def test_it_is_on_and_off(board: Board) -> None:
    chip = plug(board)
    door = sensor(board, device_class="door", pull="up", active_low=True, debounce=25)
    assert (door.measurement.form, door.measurement.state_class) == ("binary", None)
    assert door.read() == {"x": 1.0}
    settings = chip.requests[1].settings
    assert (settings.bias, settings.edge_detection) == (Bias.PULL_UP, Edge.BOTH)
    assert settings.debounce_period == timedelta(milliseconds=25)
    chip.put(1, high=True)
    assert door.read() == {"x": 0.0}


def test_a_short_pulse_is_said_although_it_is_over(board: Board) -> None:
    chip = plug(board)
    motion = sensor(board)
    assert motion.read() == {"x": 0.0}
    chip.put(1, high=True)
    chip.put(1, high=False)
    assert motion.read() == {"x": 1.0}
    assert motion.read() == {"x": 0.0}


def test_edges_are_counted_also_those_that_the_kernel_had_no_room_for(board: Board) -> None:
    chip = plug(board)
    meter = sensor(board, count="falling", scale=0.5, unit="L", device_class="water")
    assert meter.measurement.state_class == "total_increasing"
    assert meter.read() == {"x": 0.0}
    for _ in range(1030):
        chip.put(1, high=True)
        chip.put(1, high=False)
    assert meter.read() == {"x": 515.0}
    chip.put(1, high=True)
    assert meter.read() == {"x": 515.0}


def test_a_chip_that_is_pulled_out_comes_back_and_the_count_goes_on(board: Board) -> None:
    meter = sensor(board, count="rising")
    assert meter.read() == {"x": Fault("X: there is no line GPIO1.")}
    chip = plug(board)
    assert meter.read() == {"x": 0.0}
    chip.put(1, high=True)
    assert meter.read() == {"x": 1.0}
    board.unplug("gpiochip0")
    assert meter.read() == {"x": Fault("X: the line GPIO1 was lost: No such device.")}
    chip = plug(board)
    assert meter.read() == {"x": 1.0}
    chip.put(1, high=True)
    assert meter.read() == {"x": 2.0}


async def test_an_edge_wakes_its_reader(board: Board) -> None:
    chip = plug(board)
    door = sensor(board)
    assert isinstance(door, Waking)
    door.read()
    async with running(door) as woken:
        await asyncio.sleep(0)
        assert not woken.is_set()
        chip.put(1, high=True)
        async with asyncio.timeout(5):
            await woken.wait()
        woken.clear()
        assert door.read() == {"x": 1.0}
        chip.put(1, high=False)
        chip.put(1, high=True)
        chip.put(1, high=False)
        async with asyncio.timeout(5):
            await woken.wait()
        assert door.read() == {"x": 0.0}
        chip.put(1, high=True)
        chip.put(1, high=False)
        assert door.read() == {"x": 1.0}
        woken.clear()
        async with asyncio.timeout(5):
            await woken.wait()  # by itself: that it is off is to be read as well
        assert door.read() == {"x": 0.0}
    assert chip.requests == {}, "the line is given back"


async def test_a_line_that_is_lost_while_it_is_listened_to_is_taken_again(board: Board) -> None:
    plug(board)
    door = sensor(board)
    door.read()
    async with running(door) as woken:
        await asyncio.sleep(0.05)
        board.unplug("gpiochip0")
        assert isinstance(door.read()["x"], Fault)
        chip = plug(board)
        assert door.read() == {"x": 0.0}
        chip.put(1, high=True)
        async with asyncio.timeout(5):
            await woken.wait()
        assert door.read() == {"x": 1.0}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"line": 4}, "needs the “chip”"),
        ({"unit": "L"}, "are for a “count”"),
        ({"deadband": 1.0}, "are for a “count”"),
    ],
)
def test_mistakes_are_named(more: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        GpioConfig(**({"id": "x", "name": "X", "line": "GPIO1"} | more))  # type: ignore[arg-type]


def test_chips_are_found(board: Board) -> None:
    assert PLUGIN.discover is not None
    assert list(PLUGIN.discover(Surroundings(root=board.root))) == []
    plug(board)
    (board.root / "dev/gpiochip7").touch()
    first, second = PLUGIN.discover(Surroundings(root=board.root))
    assert first.table is None
    assert "gpiochip0 (pinctrl-bcm2711) with 2 lines" in first.words
    assert "gpiochip7, which cannot be used: No such file" in second.words
