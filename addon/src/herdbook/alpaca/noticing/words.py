"""Findings in plain sentences, with no number in them that is not in the evidence.

A sentence is a template and its fields. The templates are all in one place, so that those of
another language can stand beside them; only `_duration` knows that a plural ends in s.
"""

from typing import Final

from herdbook.alpaca.noticing.finding import Finding, Range
from herdbook.alpaca.sensors.measurement import Measurement

_MOST_DIGITS: Final = 6
_ATTACHED_UNITS: Final = ("%", "°")
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400

_WORDS: Final = {
    "above_usual value": "{name} is {value}. It is usually between {low} and {high}.",
    "below_usual value": "{name} is {value}. It is usually between {low} and {high}.",
    "above_usual floor": "{name} has not been below {value} for an hour."
    " At this time it is usually between {low} and {high}.",
    "below_usual ceiling": "{name} has not been above {value} for an hour."
    " At this time it is usually between {low} and {high}.",
    "above_usual hour": "{name} has been around {value} for an hour."
    " At this time it is usually between {low} and {high}.",
    "below_usual hour": "{name} has been around {value} for an hour."
    " At this time it is usually between {low} and {high}.",
    "sudden_change": "{name} went from {before} to {value} within {seconds}.",
    "drift": "{name} is around {value} by now, after {before} a week ago.",
    "stuck": "{name} has shown {value} for {seconds}, without any change.",
    "missing": "{name} has had no reading for {seconds}.",
    "first_time": "{name} is on, for the first time in {known}.",
    "unusual_time": "{name} is on at {clock}. In {known} it never was between {from} and {to}.",
    "unusual_time somewhere": "{name} is on at {clock}. In {known} it never was at that time.",
    "long_lasting on": "{name} has been on for {seconds}, longer than usual.",
    "long_lasting off": "{name} has been off for {seconds}, longer than usual.",
    "recovered": "{name} is as usual again: {value}, after {seconds}.",
    "recovered on": "{name} is on again, after {seconds}.",
    "recovered off": "{name} is off again, after {seconds}.",
}


def sentence(measurement: Measurement, finding: Finding, local_s: float) -> str:
    """What to say of a finding made at this local time (seconds since 1970, as clocks show it)."""
    digits = digits_of(measurement, finding)
    unit = unit_of(measurement)
    low, high = finding.usual or (0.0, 0.0)
    first, last = finding.quiet_hours or (0, 0)
    return _WORDS[_template(measurement, finding)].format_map(
        {
            "name": measurement.name,
            "value": _quantity(finding.value or 0.0, digits, unit),
            "before": _quantity(finding.before or 0.0, digits, unit),
            "low": _number(low, digits),
            "high": _quantity(high, digits, unit),
            "seconds": _duration(finding.seconds),
            "known": _duration(int(finding.known_days) * _DAY_S),
            "clock": _clock(local_s),
            "from": _clock(first * _HOUR_S),
            "to": _clock(last * _HOUR_S),
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


def _quantity(value: float, digits: int, unit: str | None) -> str:
    if unit is None:
        return _number(value, digits)
    space = "" if unit in _ATTACHED_UNITS else " "
    return f"{_number(value, digits)}{space}{unit}"


def _number(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def _clock(local_s: float) -> str:
    minutes = int(local_s % _DAY_S) // _MINUTE_S
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _duration(seconds: float) -> str:
    for unit_s, name, least in (
        (7 * _DAY_S, "week", 4),
        (_DAY_S, "day", 2),
        (_HOUR_S, "hour", 2),
        (_MINUTE_S, "minute", 0),
    ):
        if seconds >= least * unit_s:
            number = round(seconds / unit_s)
            return f"{number} {name}" + ("" if number == 1 else "s")
    return f"{round(seconds)} seconds"
