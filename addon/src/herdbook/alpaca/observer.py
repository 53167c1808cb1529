"""Turns what is noticed of one measurement into an observation, in words.

A configured `usual` range decides alone and at once: the person knows. Without one the measurement
is watched by what `herdbook.alpaca.noticing` has learned of it, and one cause makes one
observation, whichever sensors it shows in.
"""

from herdbook.alpaca.noticing.causes import Causes
from herdbook.alpaca.noticing.finding import Finding, Range
from herdbook.alpaca.noticing.silence import Silence
from herdbook.alpaca.noticing.watch import Form, Learned, Watch
from herdbook.alpaca.sensors.measurement import Measurement, Sensor
from herdbook.alpaca.words.english import ENGLISH
from herdbook.alpaca.words.language import Language
from herdbook.alpaca.words.sentences import digits_of, rounded, sentence, unit_of
from herdbook.eventlog.event import ObservationPayload
from herdbook.house.baselines import Baseline


class Observer:
    """Watches one measurement. Feed it every value and every failure, in the order of time.

    `device` names what is read together. Times are seconds in the sensor's own time: `at` never
    goes back, `local_s` is what a clock on the wall shows, since 1970.
    """

    def __init__(
        self,
        measurement: Measurement,
        sensor: Sensor,
        device: str,
        causes: Causes,
        learned: Learned | None = None,
        language: Language = ENGLISH,
    ) -> None:
        self._measurement = measurement
        self._language = language
        self._device = device
        self._causes = causes
        quiet, interval = sensor.quiet * sensor.pace, sensor.interval * sensor.pace
        self._watch: Watch | _Configured
        if measurement.usual is not None:
            self._watch = _Configured(measurement.usual, quiet, interval)
        else:
            self._watch = Watch(
                _form(measurement),
                spread=measurement.spread,
                quiet=quiet,
                valid=measurement.valid,
                interval=interval,
                learned=learned,
            )

    @property
    def restless(self) -> bool:
        """Whether something seems to begin: the next reading is wanted soon."""
        return isinstance(self._watch, Watch) and self._watch.restless

    @property
    def name(self) -> str:
        """What is watched, as people call it."""
        return self._measurement.name

    def learned(self) -> Learned | None:
        """What is worth keeping across restarts, if anything is learned."""
        return self._watch.learned() if isinstance(self._watch, Watch) else None

    def notice(self, value: float, at: float, local_s: float) -> ObservationPayload | None:
        """The observation to be made of a value, if any."""
        finding = self._watch.update(value, at, local_s)
        configured = isinstance(self._watch, _Configured)
        if configured and finding is not None and finding.kind != "recovered":
            return observation(self._measurement, finding, local_s, self._language)
        return self._admitted(finding, at, local_s)

    def missing(self, at: float, local_s: float) -> ObservationPayload | None:
        """The observation to be made of a failure to read it, if any."""
        return self._admitted(self._watch.missing(at), at, local_s)

    def _admitted(
        self, finding: Finding | None, at: float, local_s: float
    ) -> ObservationPayload | None:
        if finding is None or not self._causes.admit(
            self._device, self._measurement.id, finding, at
        ):
            return None
        return observation(self._measurement, finding, local_s, self._language)


class _Configured:
    """Watches a measurement by the range that a person configured; see `Watch`."""

    def __init__(self, usual: Range, quiet: float, interval: float) -> None:
        self._range = Baseline(spread=None, quiet=quiet, usual=usual)
        self._silence = Silence(interval)

    def update(self, value: float, at: float, _local_s: float) -> Finding | None:
        back = self._silence.seen(value, at)
        departure = self._range.update(value, at)
        if departure is None:
            return back
        return Finding(departure.kind, departure.value, departure.usual, departure.confidence)

    def missing(self, at: float) -> Finding | None:
        return self._silence.missing(at)


def is_watched(measurement: Measurement) -> bool:
    """Whether there is anything to notice of it: a yes or no, or a number with a `spread`."""
    return measurement.form == "binary" or (
        measurement.form == "number" and measurement.spread is not None
    )


def observation(
    measurement: Measurement, finding: Finding, local_s: float, language: Language = ENGLISH
) -> ObservationPayload:
    """The finding with its numbers as precise as the measurement, and its sentence."""
    digits = digits_of(measurement, finding)
    return ObservationPayload(
        sensor=measurement.id,
        sensor_name=measurement.name,
        kind=finding.kind,
        sentence=sentence(measurement, finding, local_s, language),
        value=None if finding.value is None else round(finding.value, digits),
        unit=unit_of(measurement),
        # Of what lasts, `usual` is in seconds, and not a range of values.
        usual=None
        if finding.usual is None or finding.kind in ("stuck", "missing", "long_lasting")
        else rounded(finding.usual, digits),
        confidence=finding.confidence,
        seconds=round(finding.seconds),
        values=tuple(round(value, digits) for value in finding.values),
        before=None if finding.before is None else round(finding.before, digits),
        known_days=finding.known_days,
    )


def _form(measurement: Measurement) -> Form:
    if measurement.form == "binary":
        return "binary"
    return "counter" if measurement.state_class == "total_increasing" else "number"
