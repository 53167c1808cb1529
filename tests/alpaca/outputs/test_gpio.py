"""A GPIO line as an output, against a double of gpiod's documented interface."""

from collections.abc import Mapping

import gpiod
import pytest
from gpiod.line import Direction, Value

from herdbook.alpaca.outputs.config import GpioOutput
from herdbook.alpaca.outputs.gpio import GpioDriver
from herdbook.errors import OutputUnavailable


class Chip:
    """A chip with one line, as `gpiod.request_lines` shows it."""

    def __init__(self) -> None:
        self.physical: list[bool] = []
        """What the line was, in its order."""
        self.held = False
        self.refuses: OSError | None = None
        self.shorted = False
        self.settings = gpiod.LineSettings()

    def request_lines(
        self, path: str, consumer: str, config: Mapping[int | str, gpiod.LineSettings]
    ) -> "Chip":
        if self.held:
            raise OSError(16, "Device or resource busy")
        if self.refuses:
            raise self.refuses
        assert (path, consumer) == ("/dev/gpiochip0", "herdbook")
        [self.settings] = config.values()
        assert self.settings.direction is Direction.OUTPUT
        self.held = True
        self._be(self.settings.output_value)
        return self

    def set_value(self, line: int | str, value: Value) -> None:
        if self.refuses:
            raise self.refuses
        assert self.held
        self._be(value)

    def get_value(self, line: int | str) -> Value:
        active = (self.physical[-1] and not self.shorted) is not self.settings.active_low
        return Value.ACTIVE if active else Value.INACTIVE

    def release(self) -> None:
        assert self.held
        self.held = False

    def _be(self, value: Value) -> None:
        self.physical.append((value is Value.ACTIVE) is not self.settings.active_low)


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Chip:
    chip = Chip()
    monkeypatch.setattr(gpiod, "request_lines", chip.request_lines)
    return chip


async def test_it_is_safe_from_the_first_moment_on(chip: Chip) -> None:
    driver = GpioDriver(GpioOutput("fan", "Fan", 17, safe="on"))
    await driver.open()
    assert chip.physical == [True]
    await driver.set(False)
    await driver.set(True)
    assert chip.physical == [True, False, True]
    await driver.open()
    await driver.close()
    await driver.close()
    assert not chip.held


async def test_a_relay_that_switches_on_low(chip: Chip) -> None:
    driver = GpioDriver(GpioOutput("fan", "Fan", "GPIO17", active_low=True))
    await driver.open()
    await driver.set(True)
    assert chip.physical == [True, False]


async def test_what_it_cannot_do_it_says(chip: Chip) -> None:
    driver = GpioDriver(GpioOutput("fan", "Fan", 17))
    chip.refuses = OSError(2, "No such file or directory")
    with pytest.raises(OutputUnavailable, match=r"line 17 of /dev/gpiochip0: .*No such file"):
        await driver.open()
    with pytest.raises(OutputUnavailable, match="not open"):
        await driver.set(True)
    chip.refuses = None
    await driver.open()
    chip.refuses = OSError(5, "Input/output error")
    with pytest.raises(OutputUnavailable, match="Input/output error"):
        await driver.set(True)


async def test_a_line_that_does_not_follow_is_at_fault(chip: Chip) -> None:
    driver = GpioDriver(GpioOutput("fan", "Fan", 17))
    await driver.open()
    chip.shorted = True
    with pytest.raises(OutputUnavailable, match="reads otherwise"):
        await driver.set(True)


async def test_somebody_else_has_the_line(chip: Chip) -> None:
    await GpioDriver(GpioOutput("fan", "Fan", 17)).open()
    with pytest.raises(OutputUnavailable, match="busy"):
        await GpioDriver(GpioOutput("pump", "Pump", 17)).open()


def test_the_double_has_nothing_that_gpiod_has_not() -> None:
    for method in ("set_value", "get_value", "release"):
        assert callable(getattr(gpiod.LineRequest, method))
    settings = gpiod.LineSettings(Direction.OUTPUT, active_low=True, output_value=Value.ACTIVE)
    assert settings.output_value is Value.ACTIVE
