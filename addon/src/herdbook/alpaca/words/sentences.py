"""Findings in plain sentences, with no number in them that is not in the evidence.

A sentence is a template of the language and its fields; which template it is, is decided here.
"""

from typing import Final

from herdbook.alpaca.noticing.finding import Finding, Range
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.alpaca.words.language import Language

_MOST_DIGITS: Final = 6
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400


def sentence(measurement: Measurement, finding: Finding, local_s: float, language: Language) -> str:
    """What to say of a finding made at this local time (seconds since 1970, as clocks show it)."""
    digits = digits_of(measurement, finding)
    unit = unit_of(measurement)
    low, high = finding.usual or (0.0, 0.0)
    first, last = finding.quiet_hours or (0, 0)
    return language.sentences[_template(measurement, finding)].format_map(
        {
            "name": measurement.name,
            "value": language.quantity(finding.value or 0.0, digits, unit),
            "before": language.quantity(finding.before or 0.0, digits, unit),
            "low": language.number(low, digits),
            "high": language.quantity(high, digits, unit),
            "seconds": language.duration(finding.seconds),
            "known": language.duration(int(finding.known_days) * _DAY_S),
            "clock": language.time(local_s),
            "from": language.time(first * _HOUR_S),
            "to": language.time(last * _HOUR_S),
        }
    )


def unit_of(measurement: Measurement) -> str | None:
    """The unit of what is watched: of a counter, how fast it counts."""
    if measurement.state_class == "total_increasing" and measurement.unit is not None:
        return f"{measurement.unit}/h"
    return measurement.unit


def digits_of(measurement: Measurement, finding: Finding) -> int:
    """As many decimals as the sensor shows, or as it takes to see that the value is outside."""
    if finding.kind not in ("above_usual", "below_usual") or finding.usual is None:
        return measurement.precision
    value, (low, high) = finding.value or 0.0, finding.usual
    for digits in range(measurement.precision, _MOST_DIGITS):
        shown = round(value, digits)
        if shown > round(high, digits) or shown < round(low, digits):
            return digits
    return _MOST_DIGITS


def rounded(usual: Range, digits: int) -> Range:
    """A range with this many decimals."""
    return round(usual[0], digits), round(usual[1], digits)


def _template(measurement: Measurement, finding: Finding) -> str:
    kind = finding.kind
    state = "on" if finding.value else "off"
    if kind in ("above_usual", "below_usual"):
        return f"{kind} {finding.aspect}"
    if kind == "long_lasting" or (kind == "recovered" and measurement.form == "binary"):
        return f"{kind} {state}"
    if kind == "unusual_time" and finding.quiet_hours is None:
        return "unusual_time somewhere"
    return kind
