"""What an output is, whatever moves it. Owns the values it may have and how they are written."""

import math
import re
from typing import Final, Literal, Protocol

from msgspec import Struct

from herdbook.alpaca.outputs.config import GpioOutput, OutputConfig
from herdbook.errors import InputError

ON: Final = "ON"
OFF: Final = "OFF"
_MAX_PAYLOAD: Final = 32
_NUMBER: Final = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,6})?")
_DIGITS: Final = 6

type Setting = bool | float
"""A switch's is a bool, a number's a float."""


class Bounds(Struct, frozen=True):
    """What a number may be: `low`, and every `step` from there up to `high`."""

    low: float
    high: float
    step: float
    unit: str | None


class Output(Struct, frozen=True):
    """One output; seconds as in `herdbook.alpaca.outputs.config`. A switch has no `bounds`."""

    id: str
    name: str
    icon: str | None
    safe: Setting
    loss_after: float
    max_on: float | None
    bounds: Bounds | None = None

    @property
    def form(self) -> Literal["switch", "number"]:
        """Also its platform in Home Assistant."""
        return "switch" if self.bounds is None else "number"

    def checked(self, value: Setting) -> Setting:
        """The setting that a value means: of a number, the nearest step.

        Raises `InputError` for one that this output cannot have.
        """
        if self.bounds is None:
            if not isinstance(value, bool):
                raise InputError(f"{self.name} is a switch: on or off, not {value!r}.")
            return value
        low, high, step = self.bounds.low, self.bounds.high, self.bounds.step
        if isinstance(value, bool) or not math.isfinite(value) or not low <= value <= high:
            raise InputError(f"{self.name} can be from {low:g} to {high:g}, not {value!r}.")
        steps = math.floor((value - low) / step + 0.5)
        if low + steps * step > high:
            steps -= 1
        return min(high, max(low, round(low + steps * step, _DIGITS)))

    def parsed(self, payload: bytes) -> Setting:
        """What a command asks for.

        Raises `InputError` when it is not, to the byte, something this output understands.
        """
        if len(payload) > _MAX_PAYLOAD:
            raise InputError(f"A command of {len(payload)} bytes is none for {self.name}.")
        try:
            text = payload.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"A command for {self.name} is not UTF-8.") from error
        if self.bounds is None:
            if text not in {ON, OFF}:
                raise InputError(f"{self.name} understands {ON} and {OFF}, not {text!r}.")
            return text == ON
        if not _NUMBER.fullmatch(text):
            raise InputError(f"{self.name} understands plain numbers, not {text!r}.")
        return self.checked(float(text))

    def state(self, value: Setting) -> str:
        """A setting as Home Assistant reads it."""
        if isinstance(value, bool):
            return ON if value else OFF
        return f"{value:.{_DIGITS}f}".rstrip("0").rstrip(".")


class Driver(Protocol):
    """What moves one output."""

    async def open(self) -> None:
        """Get hold of it, and set it to what is safe. Raises `Unavailable`. May be repeated."""

    async def set(self, value: Setting) -> None:
        """Set it; when this returns it is so. Raises `Unavailable`: then nobody knows."""

    async def close(self) -> None:
        """Let go of it; raises nothing expected."""


def output_of(config: OutputConfig) -> Output:
    """The output that a table describes."""
    bounds = None
    safe: Setting = config.safe == "on"
    if not isinstance(config, GpioOutput) and config.min is not None and config.max is not None:
        bounds = Bounds(config.min, config.max, config.step, config.unit)
        safe = float(config.safe)
    return Output(
        config.id, config.name, config.icon, safe, config.loss_after, config.max_on, bounds
    )
