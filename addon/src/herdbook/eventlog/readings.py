"""Many samples of one sensor in one event. Owns their packing; knows nothing of logs.

A block is columns of small whole numbers, which batch compression then makes smaller still: times
as changes of the step between samples, values as decimals without their point, each as the
difference from the one before. A regular clock and a slow value are columns of zeros.
"""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Annotated, Final

from msgspec import Meta, Struct

from herdbook.errors import InputError
from herdbook.eventlog.event import MAX_INT, MAX_WALL_MS, Label, Unit, WallMs

MAX_SAMPLES: Final = 4096
MAX_DECIMALS: Final = 6
MAX_NAME: Final = 100

type Sample = tuple[int, float | bool]
type Column = Annotated[list[Annotated[int, Meta(ge=-MAX_INT, le=MAX_INT)]], Meta(max_length=4096)]


class ReadingsPayload(Struct, frozen=True, omit_defaults=True, gc=False):
    """A block of samples of one sensor; what an event of kind ``readings`` carries.

    `times` holds, for each sample after the first, by how many milliseconds its step differs from
    the step before. `decimals` is the number of digits after the point; None says that the values
    are yes and no, and `values` then holds 1 and 0. Otherwise it holds differences.
    `offset_ms` is wall time less the boot's own time at the first sample, by which a wrong
    `start_ms` can be put right. `name` is what people call the sensor: told now and then, not with
    each block.
    """

    sensor: Label
    unit: Unit
    start_ms: WallMs
    times: Column
    decimals: Annotated[int, Meta(ge=0, le=MAX_DECIMALS)] | None
    values: Annotated[Column, Meta(min_length=1)]
    offset_ms: Annotated[int, Meta(ge=-MAX_INT, le=MAX_INT)] | None = None
    name: Annotated[str, Meta(max_length=MAX_NAME)] = ""

    def samples(self) -> list[Sample]:
        """The samples, as (wall time in ms, value). Raises `InputError` when they cannot be."""
        if len(self.times) != len(self.values) - 1:
            raise InputError("A block of readings has not as many times as values.")
        steps = list(accumulate(self.times))
        times = list(accumulate(steps, initial=self.start_ms))
        if not all(0 <= time <= MAX_WALL_MS for time in times):
            raise InputError("A block of readings leaves the calendar.")
        return list(zip(times, self._values(), strict=True))

    def _values(self) -> list[float] | list[bool]:
        if self.decimals is None:
            if not all(value in {0, 1} for value in self.values):
                raise InputError("A block of readings of yes and no has another value.")
            return [value == 1 for value in self.values]
        scaled = list(accumulate(self.values))
        if not all(-MAX_INT <= value <= MAX_INT for value in scaled):
            raise InputError("A block of readings has a value out of range.")
        divisor = 10**self.decimals
        return [value / divisor for value in scaled]


def pack(
    sensor: str,
    unit: str | None,
    samples: Sequence[Sample],
    *,
    offset_ms: int | None = None,
    name: str = "",
) -> ReadingsPayload:
    """A block of 1 to 4,096 samples, all bool or all numbers, in the order given.

    `offset_ms` is wall time less the boot's own time, at the first. Of `name`, what is too long is
    cut off.

    Numbers keep as many decimals as all of them need, at most six. Raises `InputError` for no or
    too many samples, a number that is not finite, and one too large to keep.
    """
    if not 0 < len(samples) <= MAX_SAMPLES:
        raise InputError(f"A block holds 1 to {MAX_SAMPLES} samples, not {len(samples)}.")
    times = [time for time, _ in samples]
    if not all(0 <= time <= MAX_WALL_MS for time in times):
        raise InputError(f"A reading of {sensor} lies outside the calendar.")
    steps = _differences(times)
    numbers = [value for _, value in samples]
    decimals = None if all(isinstance(value, bool) for value in numbers) else _decimals(numbers)
    if decimals is None:
        values = [int(value) for value in numbers]
    else:
        scaled = [round(value * 10**decimals) for value in numbers]
        values = [scaled[0], *_differences(scaled)]
    if any(abs(value) > MAX_INT for value in values):
        raise InputError(f"A reading of {sensor} is too large to keep.")
    return ReadingsPayload(
        sensor,
        unit,
        times[0],
        [*steps[:1], *_differences(steps)],
        decimals,
        values,
        offset_ms,
        name[:MAX_NAME],
    )


def _differences(numbers: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise(numbers)]


def _decimals(numbers: Sequence[float]) -> int:
    if not all(math.isfinite(number) for number in numbers):
        raise InputError("A reading is not a finite number.")
    decimals = 0
    for number in numbers:
        while decimals < MAX_DECIMALS and round(number, decimals) != number:
            decimals += 1
    return decimals
