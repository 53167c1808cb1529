"""The sentence of a node that was asked what it sees now. Pure."""

from collections.abc import Sequence

from herdbook.alpaca.sensors.measurement import Fault, Measurement, Sample

_LONGEST = 1000


def asked(samples: Sequence[tuple[Measurement, Sample]], _language: str) -> str:
    """What all sensors show just now, those that show nothing last, in at most 1,000 characters."""
    shown = [_told(one, value) for one, value in samples if not isinstance(value, Fault)]
    silent = [one.name for one, value in samples if isinstance(value, Fault)]
    parts = [*shown, *(f"{name} cannot be read" for name in silent)]
    sentence = f"{'; '.join(parts) or 'There is nothing to read'}."
    return sentence if len(sentence) <= _LONGEST else f"{sentence[: _LONGEST - 1]}…"


def _told(measurement: Measurement, value: float) -> str:
    if measurement.form == "binary":
        return f"{measurement.name} is {'on' if value else 'off'}"
    unit = f" {measurement.unit}" if measurement.unit else ""
    return f"{measurement.name} is {value:.{measurement.precision}f}{unit}"
