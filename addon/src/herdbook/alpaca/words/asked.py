"""What a node sees now, in one sentence: the answer to “Observe now”.

What is about the machine itself is left out where there is anything else, and of more measurements
than one reads at a glance the rest is only counted.
"""

from collections.abc import Sequence
from typing import Final

from herdbook.alpaca.sensors.measurement import Fault, Measurement, Sample
from herdbook.alpaca.words.language import Language
from herdbook.eventlog.event import ObservationPayload

ASKED: Final = "asked"
MOST: Final = 8
_MOST_VALUES: Final = 64


def asked(samples: Sequence[tuple[Measurement, Sample]], language: Language) -> str:
    """The sentence. Moments in time are no readings and are not told."""
    shown = _shown(samples)
    if not shown:
        return language.sentences["asked nothing"]
    parts = [_part(measurement, sample, language) for measurement, sample in shown[:MOST]]
    if len(shown) > MOST:
        count = language.number(len(shown) - MOST, 0)
        parts.append(language.sentences["asked more"].format(count=count))
    return language.sentences["asked"].format(seen=", ".join(parts))


def observation_of(
    samples: Sequence[tuple[Measurement, Sample]], sensor: str, name: str, language: Language
) -> ObservationPayload:
    """The observation of it, of `sensor` called `name`: what stands for the whole node."""
    values = [
        round(sample, measurement.precision)
        for measurement, sample in _shown(samples)
        if not isinstance(sample, Fault)
    ]
    return ObservationPayload(
        sensor=sensor,
        sensor_name=name,
        kind=ASKED,
        sentence=asked(samples, language),
        value=None,
        unit=None,
        usual=None,
        confidence=1.0,
        values=tuple(values[:_MOST_VALUES]),
    )


def _shown(
    samples: Sequence[tuple[Measurement, Sample]],
) -> Sequence[tuple[Measurement, Sample]]:
    told = [one for one in samples if one[0].form != "moment"]
    return [one for one in told if not one[0].diagnostic] or told


def _part(measurement: Measurement, sample: Sample, language: Language) -> str:
    if isinstance(sample, Fault):
        state = "fault"
    elif measurement.form == "binary":
        state = "on" if sample else "off"
    else:
        state = "value"
    value = 0.0 if isinstance(sample, Fault) else sample
    return language.sentences[f"asked {state}"].format(
        name=measurement.name,
        value=language.quantity(value, measurement.precision, measurement.unit),
    )
