"""What a sensor measures and how it answers. Owns the protocol; reads nothing itself."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, Literal, Protocol, runtime_checkable

from msgspec import Struct

type Range = tuple[float, float]

_LAST_MOMENT: Final = 253_402_300_799.0  # the end of the year 9999
_LARGEST: Final = 2.0**51  # in units of the last digit kept; blocks of readings hold differences


class Measurement(Struct, frozen=True):
    """One thing that a sensor measures; in Home Assistant, one entity.

    `form` says how the value is to be read: a ``number`` in `unit`; ``binary``, 1.0 for on; or a
    ``moment``, seconds since 1970 UTC, which is no reading: Home Assistant is told, no log is.
    `spread` is the least deviation from the ordinary that means anything, in `unit`; without it the
    measurement is recorded but never noticed. A value outside `valid` is a fault, one outside a
    configured `usual` is worth an observation. `smoothing` and `deadband`: see
    `herdbook.alpaca.conditioning`. `english` is what a `name` in another language is in English:
    Home Assistant makes its entity ids of that, so that they are the same in all languages.
    """

    id: str
    name: str
    form: Literal["number", "binary", "moment"] = "number"
    unit: str | None = None
    device_class: str | None = None
    state_class: str | None = "measurement"
    precision: int = 0
    spread: float | None = None
    valid: Range | None = None
    usual: Range | None = None
    smoothing: int = 1
    deadband: float = 0.0
    icon: str | None = None
    diagnostic: bool = False
    english: str | None = None

    def state(self, value: float) -> str:
        """The value as Home Assistant reads it from MQTT."""
        match self.form:
            case "binary":
                return "ON" if value else "OFF"
            case "moment":
                return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
            case "number":
                return f"{value:.{self.precision}f}"


class Fault(Struct, frozen=True):
    """There is no value, and why: one sentence for the log. Shown as unavailable, never as 0."""

    reason: str


type Sample = float | Fault


class Sensor(Protocol):
    """Reads one or several measurements at a time."""

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """What it measures; the same for as long as it lives."""

    @property
    def interval(self) -> float:
        """Seconds from one reading to the next."""

    @property
    def quiet(self) -> float:
        """Seconds between two observations of the same kind on one measurement."""

    @property
    def pace(self) -> float:
        """How many seconds pass for it in one of ours: 1, but more in a simulation."""

    def read(self) -> Mapping[str, Sample]:
        """One sample for each measurement, by its id. May block: call it in a thread."""


@runtime_checkable
class Waking(Protocol):
    """A `Sensor` that also knows by itself when there is something to read."""

    async def run(self, wake: Callable[[], None]) -> None:
        """Wait for that until cancelled, and call `wake` each time: `read` is called soon then.

        In the event loop's thread, while `read` runs in others. It is read at its interval too.
        """


@runtime_checkable
class Slow(Protocol):
    """A `Sensor` that may take longer than five seconds to answer."""

    @property
    def patience(self) -> float:
        """Seconds after which it is taken not to answer."""


def checked(measurement: Measurement, value: float) -> Sample:
    """The value, or the fault that it is not a number, too large or outside the valid range."""
    if not math.isfinite(value):
        return Fault(f"{measurement.name} reads {value}, which is not a number.")
    if abs(value) > _LARGEST / 10**measurement.precision:
        return Fault(f"{measurement.name} reads {value:g}, which is too large to keep.")
    if measurement.form == "moment" and not 0 <= value <= _LAST_MOMENT:
        return Fault(f"{measurement.name} reads {value:g}, which is no moment.")
    if measurement.valid is not None and not (
        measurement.valid[0] <= value <= measurement.valid[1]
    ):
        low, high = measurement.valid
        unit = f" {measurement.unit}" if measurement.unit else ""
        return Fault(f"{measurement.name} reads {value:g}{unit}; valid is {low:g} to {high:g}.")
    return value
