"""What a sensor says of itself, looked at before anything hangs on it.

A kind may be another's program. Ids become topics, names and units go into the log, intervals into
timers: one out of its bounds would end a running node later, at the first reading or the first
observation.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from herdbook.alpaca.sensors.settings import Deadband, Interval, Quiet, Smoothing
from herdbook.eventlog.event import Unit
from herdbook.eventlog.readings import MAX_DECIMALS


class _Measured(Struct):
    id: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,64}\Z")]
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    form: Literal["number", "binary", "moment"]
    unit: Unit
    precision: Annotated[int, Meta(ge=0, le=MAX_DECIMALS)]
    smoothing: Smoothing
    deadband: Deadband


class _Promise(Struct):
    measurements: Annotated[tuple[_Measured, ...], Meta(min_length=1, max_length=64)]
    interval: Interval
    quiet: Quiet
    pace: Annotated[float, Meta(gt=0, le=3600)]
    patience: Annotated[float, Meta(gt=0, le=3600)] = 5.0


def keep_to_it(sensor: object) -> None:
    """Raises `msgspec.ValidationError`, naming what a node cannot do with."""
    msgspec.convert(sensor, _Promise, from_attributes=True)
