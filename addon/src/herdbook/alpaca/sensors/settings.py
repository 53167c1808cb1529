"""What [[sensor]] tables have in common. Owns their bounds; reads no file and opens no sensor.

A kind's own table is a struct on top of one of these: `ValueSettings` where one value is read,
`SeveralSettings` where one reading gives several.
"""

import math
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from herdbook.alpaca.sensors.measurement import Fault, Measurement, Range, Sample, checked
from herdbook.errors import ConfigError

type Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^\S(.*\S)?\Z")]
type SensorId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
type Interval = Annotated[float, Meta(ge=0.1, le=3600)]
type Quiet = Annotated[float, Meta(ge=0, le=604_800)]
type Unit = Annotated[str, Meta(min_length=1, max_length=16)]
type DeviceClass = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
type Smoothing = Annotated[int, Meta(ge=1, le=15)]
type Deadband = Annotated[float, Meta(ge=0, le=1e15)]

DEFAULT_QUIET_S: Final = 900.0
_SPREAD_DIGITS: Final = 5  # the least spread, in units of the last digit shown


class Tuning(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a person may say of one measurement among several; see `Measurement`."""

    unit: Unit | None = None
    device_class: DeviceClass | None = None
    valid: Range | None = None
    usual: Range | None = None
    smoothing: Smoothing = 1
    deadband: Deadband = 0.0

    def __post_init__(self) -> None:
        require_range("valid", self.valid)
        require_range("usual", self.usual)
        require_odd(self.smoothing)


class SensorSettings(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"
):
    """Any sensor's table; its tag is its kind. `interval` and `quiet` are seconds."""

    id: SensorId
    interval: Interval = 30.0
    quiet: Quiet = DEFAULT_QUIET_S


class SeveralSettings(SensorSettings, frozen=True, kw_only=True):
    """The table of a sensor with several values.

    `measurement` has what is said of single ones, by the part of their id after the sensor's.
    """

    measurement: dict[str, Tuning] = {}

    def tuned(self, *measurements: Measurement) -> tuple[Measurement, ...]:
        """The measurements, whose ids are this sensor's, `_` and a part, as the table wants them.

        Raises `ConfigError` where it names a part that there is not.
        """
        parts = {one.id.removeprefix(f"{self.id}_"): one for one in measurements}
        unknown = self.measurement.keys() - parts.keys()
        if unknown:
            raise ConfigError(
                f"The sensor “{self.id}” has no measurement “{min(unknown)}”.",
                fix=f"It has: {', '.join(parts)}.",
            )
        return tuple(_tuned(one, self.measurement.get(part)) for part, one in parts.items())


class ValueSettings(SensorSettings, frozen=True, kw_only=True):
    """The table of a sensor with one value.

    What is read times `scale` is the value, in `unit`. Outside `valid` it is a fault of the sensor;
    outside `usual` it is worth an observation, and without `usual` that range is learned. As
    `form` ``binary`` it is 1 for on and 0 for off.
    """

    name: Name
    form: Literal["number", "binary"] = "number"
    unit: Unit | None = None
    device_class: DeviceClass | None = None
    state_class: Literal["measurement", "total", "total_increasing"] = "measurement"
    precision: Annotated[int, Meta(ge=0, le=6)] = 1
    scale: float = 1.0
    valid: Range | None = None
    usual: Range | None = None
    smoothing: Smoothing = 1
    deadband: Deadband = 0.0

    def __post_init__(self) -> None:
        require_printable(self.name)
        require_range("valid", self.valid)
        require_range("usual", self.usual)
        require_odd(self.smoothing)
        if not math.isfinite(self.scale) or self.scale == 0:
            raise ValueError("“scale” must be a number other than 0")
        if self.form == "binary" and (self.unit or self.usual or self.deadband):
            raise ValueError("“unit”, “usual” and “deadband” are for numbers")

    def made(self) -> Measurement:
        """The measurement that the table describes."""
        if self.form == "binary":
            return Measurement(
                id=self.id,
                name=self.name,
                form="binary",
                device_class=self.device_class,
                state_class=None,
                smoothing=self.smoothing,
            )
        return Measurement(
            id=self.id,
            name=self.name,
            unit=self.unit,
            device_class=self.device_class,
            state_class=self.state_class,
            precision=self.precision,
            spread=_SPREAD_DIGITS * 10.0**-self.precision,
            valid=self.valid,
            usual=self.usual,
            smoothing=self.smoothing,
            deadband=self.deadband,
        )

    def sample(self, measurement: Measurement, number: float) -> Sample:
        """What was read as a sample of the measurement, or why it cannot be one."""
        if measurement.form == "number":
            return checked(measurement, number * self.scale)
        if number not in {0.0, 1.0}:
            return Fault.of(
                "{name} reads {value}, which is neither 1 (on) nor 0.",
                name=measurement.name,
                value=number,
            )
        return float(number)


def require_printable(name: str) -> None:
    """Raises `ValueError` for a name that is more than it shows."""
    if not name.isprintable():
        raise ValueError("“name” must be printable characters")


def require_range(key: str, limits: Range | None) -> None:
    """Raises `ValueError` for limits that nothing lies between."""
    if limits is not None and not -math.inf < limits[0] < limits[1] < math.inf:
        raise ValueError(f"“{key}” must be [low, high] with low below high")


def require_odd(smoothing: int) -> None:
    """Raises `ValueError` for a number of readings that has no middle one."""
    if smoothing % 2 == 0:
        raise ValueError("“smoothing” must be an odd number: there is no middle one of an even one")


def _tuned(measurement: Measurement, tuning: Tuning | None) -> Measurement:
    if tuning is None:
        return measurement
    return replace(
        measurement,
        unit=tuning.unit or measurement.unit,
        device_class=tuning.device_class or measurement.device_class,
        valid=tuning.valid or measurement.valid,
        usual=tuning.usual or measurement.usual,
        smoothing=tuning.smoothing,
        deadband=tuning.deadband,
    )
