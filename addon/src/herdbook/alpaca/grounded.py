"""Whether a model's sentence says what the observation says. Pure; errs towards the plain one.

The plain sentence has every number of the evidence that is to be said, so a model's may have these
and no other, must name the sensor, and be one line of text.
"""

import re
from typing import Final

from herdbook.eventlog.event import ObservationPayload

_NUMBER: Final = re.compile(r"[-+−]?\d+(?:[.,:]\d+)*")
_ADDRESS: Final = re.compile(r"://|www\.|[<>]")
_LONGER: Final = 2.5
"""Times as long as the plain sentence, and what a model adds is its own."""


def says_the_same(sentence: str, payload: ObservationPayload, _language: str) -> bool:
    """Whether a sentence may stand in the place of the observation's own, in any language."""
    plain, sensor_name = payload.sentence, payload.sensor_name
    return (
        sentence.isprintable()
        and bool(sentence.strip())
        and len(sentence) <= _LONGER * len(plain)
        and not _ADDRESS.search(sentence)
        and sensor_name.casefold() in sentence.casefold()
        and _numbers(sentence) == _numbers(plain, sensor_name)
    )


def _numbers(text: str, sensor_name: str = "") -> set[str]:
    found = {number.replace("−", "-") for number in _NUMBER.findall(text)}
    return found | set(_NUMBER.findall(sensor_name))
