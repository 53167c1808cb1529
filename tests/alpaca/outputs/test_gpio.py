"""A GPIO line as an output, against a double of gpiod's documented interface."""

from pathlib import Path

import pytest

from herdbook.alpaca.outputs.config import GpioOutput
from herdbook.alpaca.outputs.gpio import GpioDriver
from herdbook.errors import OutputUnavailable
from tests.fakes.gpiod import Board, FakeChip, LineRequestDouble

FAN = 17


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    board = Board(tmp_path)
    board.use(monkeypatch)
    return board


@pytest.fixture
def chip(board: Board) -> FakeChip:
    return board.plug("gpiochip0", "pinctrl-bcm2711", [f"GPIO{number}" for number in range(28)])


def driver(board: Board, output: GpioOutput) -> GpioDriver:
    return GpioDriver(output, board.root)


async def test_it_is_safe_from_the_first_moment_on(board: Board, chip: FakeChip) -> None:
    fan = driver(board, GpioOutput("fan", "Fan", FAN, "gpiochip0", safe="on"))
    await fan.open()
    assert chip.high[FAN]
    await fan.set(False)
    assert not chip.high[FAN]
    await fan.set(True)
    assert chip.high[FAN]
    await fan.open()
    await fan.close()
    await fan.close()
    assert chip.requests == {}


async def test_a_relay_that_switches_on_low(board: Board, chip: FakeChip) -> None:
    fan = driver(board, GpioOutput("fan", "Fan", "GPIO17", active_low=True))
    await fan.open()
    assert chip.high[FAN]
    await fan.set(True)
    assert not chip.high[FAN]


async def test_what_it_cannot_do_it_says(board: Board) -> None:
    fan = driver(board, GpioOutput("fan", "Fan", FAN, "gpiochip0"))
    with pytest.raises(OutputUnavailable, match=r"no line 17 \(gpiochip0\)"):
        await fan.open()
    with pytest.raises(OutputUnavailable, match="not open"):
        await fan.set(True)
    board.plug("gpiochip0", "usb", [f"D{number}" for number in range(28)])
    await fan.open()
    board.unplug("gpiochip0")
    with pytest.raises(OutputUnavailable, match=r"line 17 \(gpiochip0\) was lost: No such device"):
        await fan.set(True)


async def test_a_line_that_does_not_follow_is_at_fault(
    board: Board, chip: FakeChip, monkeypatch: pytest.MonkeyPatch
) -> None:
    fan = driver(board, GpioOutput("fan", "Fan", "GPIO17"))
    await fan.open()
    monkeypatch.setattr(LineRequestDouble, "set_value", lambda *_: None)  # a short circuit
    with pytest.raises(OutputUnavailable, match="reads otherwise"):
        await fan.set(True)


async def test_somebody_else_has_the_line(board: Board, chip: FakeChip) -> None:
    await driver(board, GpioOutput("fan", "Fan", "GPIO17")).open()
    with pytest.raises(OutputUnavailable, match="busy"):
        await driver(board, GpioOutput("pump", "Pump", FAN, "pinctrl-bcm2711")).open()
