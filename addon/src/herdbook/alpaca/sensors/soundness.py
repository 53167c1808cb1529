"""What a sensor's program gave or failed of, whatever it is, as something fit to go on with.

A kind of sensor may be another's program. What it says ends up in a log and on a page, so of that
only so much is taken as they can bear.
"""

import math
import re
import traceback
from typing import Final

from msgspec.structs import replace

from herdbook.alpaca.sensors.measurement import Fault, Measurement, Sample, checked, one_line

_NUMBER: Final = re.compile(r"[\d.,+-]*\d")
_INNERMOST: Final = 20
"""Calls of a traceback."""


def sound(measurement: Measurement, given: object) -> Sample:
    """What was given for a measurement: a number that it can have, or why it has none."""
    if isinstance(given, Fault):
        return _short(given)
    if not isinstance(given, int | float):
        return Fault.of("{name} was not read.", name=measurement.name)
    try:
        number = float(given)
    except OverflowError:
        number = math.inf
    return checked(measurement, number)


def failed(name: str, error: BaseException) -> Fault:
    """There is no value of what is called so, as reading it failed."""
    return _short(Fault.of("{name} cannot be read: {error}.", name=name, error=_words(error)))


def sort_of(fault: Fault) -> str:
    """The same for faults that differ in a number alone; never empty."""
    return _NUMBER.sub("#", fault.reason) or "#"


def told(error: BaseException) -> str:
    """What something failed of, and where: lines for a log."""
    calls = traceback.format_tb(error.__traceback__, -_INNERMOST)
    return f"{_words(error)}\n{''.join(calls)}".rstrip()


def _short(fault: Fault) -> Fault:
    return replace(fault, reason=one_line(fault.reason))


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {one_line(error)}"
