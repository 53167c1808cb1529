"""What a sensor measures and how it answers. Owns the protocol; reads nothing itself."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, Literal, Protocol, Self, runtime_checkable

from msgspec import Struct

from herdbook.alpaca.words.language import Language
from herdbook.alpaca.words.phrase import Field, Phrase

type Range = tuple[float, float]

_LAST_MOMENT: Final = 253_402_300_799.0  # the end of the year 9999
_MOST_SAID: Final = 500  # letters of a fault: it goes into the log, and onto the page
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


class Fault(Struct, frozen=True, eq=False):
    """There is no value, and why: one sentence for the log. Shown as unavailable, never as 0.

    `phrase` is the same for other languages; another package's may have none.
    """

    reason: str
    phrase: Phrase | None = None

    @classmethod
    def of(cls, english: str, **fields: Field) -> Self:
        """The fault of a phrase; see `Phrase`."""
        phrase = Phrase.of(english, **fields)
        return cls(str(phrase), phrase)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fault) and other.reason == self.reason

    def __hash__(self) -> int:
        return hash(self.reason)

    def told(self, language: Language) -> str:
        """Why, in a language, as one short line."""
        return one_line(self.reason if self.phrase is None else language.told(self.phrase))


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
    name = measurement.name
    if not math.isfinite(value):
        return Fault.of("{name} reads {value}, which is not a number.", name=name, value=value)
    if abs(value) > _LARGEST / 10**measurement.precision:
        return Fault.of("{name} reads {value}, which is too large to keep.", name=name, value=value)
    if measurement.form == "moment" and not 0 <= value <= _LAST_MOMENT:
        return Fault.of("{name} reads {value}, which is no moment.", name=name, value=value)
    if measurement.valid is not None and not (
        measurement.valid[0] <= value <= measurement.valid[1]
    ):
        low, high = measurement.valid
        unit = f" {measurement.unit}" if measurement.unit else ""
        return Fault.of(
            "{name} reads {value}{unit}; valid is {low} to {high}.",
            name=name,
            value=value,
            unit=unit,
            low=float(low),
            high=float(high),
        )
    return value


def one_line(said: object) -> str:
    """What another's program says of its failure, as one short line."""
    try:
        words = str(said)[:_MOST_SAID]
    except BaseException:  # noqa: BLE001 - a failure that cannot even say what it is
        words = "it does not say why"
    return "".join(letter if letter.isprintable() else " " for letter in words)
