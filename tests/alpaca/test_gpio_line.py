import inspect
from pathlib import Path

import gpiod
import pytest
from gpiod.line import Direction, Value

from herdbook.alpaca.gpio_line import GpioLine, LineUnavailable
from tests.fakes.gpiod import Board, ChipDouble, LineRequestDouble

INPUT = gpiod.LineSettings(direction=Direction.INPUT)
OUTPUT = gpiod.LineSettings(direction=Direction.OUTPUT, output_value=Value.ACTIVE)


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    board = Board(tmp_path)
    board.use(monkeypatch)
    board.plug("gpiochip10", "usb-expander", ["", "relay"])
    board.plug("gpiochip2", "pinctrl-bcm2711", ["ID_SDA", "ID_SCL", "GPIO2"])
    return board


@pytest.mark.parametrize(
    ("double", "real"), [(ChipDouble, gpiod.Chip), (LineRequestDouble, gpiod.LineRequest)]
)
def test_the_double_has_gpiods_own_signatures(double: type, real: type) -> None:
    ours = {name: one for name, one in vars(double).items() if inspect.isfunction(one)}
    compared = 0
    for name, function in ours.items():
        if name.startswith("_") or name == "moved":
            continue
        here, there = inspect.signature(function), inspect.signature(getattr(real, name))
        assert list(here.parameters) == list(there.parameters), name
        for parameter in here.parameters.values():
            assert parameter.default == there.parameters[parameter.name].default
            assert parameter.kind == there.parameters[parameter.name].kind
        compared += 1
    assert compared >= 4
    assert inspect.signature(gpiod.Chip.__init__).parameters.keys() == {"self", "path"}


@pytest.mark.parametrize(
    ("line", "chip", "drives"),
    [
        ("relay", None, ("gpiochip10", 1)),
        ("GPIO2", None, ("gpiochip2", 2)),
        (1, "gpiochip10", ("gpiochip10", 1)),
        (1, "pinctrl-bcm2711", ("gpiochip2", 1)),
    ],
)
def test_a_line_is_found(
    board: Board, line: str | int, chip: str | None, drives: tuple[str, int]
) -> None:
    taken = GpioLine.open(line, chip, OUTPUT, board.root)
    name, offset = drives
    pins = board.chips[str(board.root / "dev" / name)]
    assert pins.high[offset]
    assert taken.is_active()
    taken.set_active(False)
    assert not pins.high[offset]
    with pytest.raises(LineUnavailable, match="cannot be had: Device or resource busy"):
        GpioLine.open(line, chip, INPUT, board.root)
    taken.close()
    taken.close()
    GpioLine.open(line, chip, INPUT, board.root).close()


@pytest.mark.parametrize(("line", "chip"), [("GPIO99", None), (7, "gpiochip2"), ("relay", "x")])
def test_a_line_that_there_is_not_is_named(board: Board, line: str | int, chip: str | None) -> None:
    with pytest.raises(LineUnavailable, match=f"there is no line {line}"):
        GpioLine.open(line, chip, INPUT, board.root)


def test_a_line_whose_chip_is_pulled_out_is_lost(board: Board) -> None:
    relay = GpioLine.open("relay", None, OUTPUT, board.root)
    board.unplug("gpiochip10")
    for use in (relay.is_active, relay.edges, lambda: relay.set_active(True)):
        with pytest.raises(LineUnavailable, match="the line relay was lost: No such device"):
            use()
    relay.close()
