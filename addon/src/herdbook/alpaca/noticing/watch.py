"""Watches one measurement, whatever its form: numbers, counters, yes and no; and its silence."""

from collections import deque
from typing import Final, Literal

from msgspec import Struct

from herdbook.alpaca.noticing.finding import Finding, Range
from herdbook.alpaca.noticing.limit import Limit
from herdbook.alpaca.noticing.numbers import NumberLearned, NumberWatch
from herdbook.alpaca.noticing.silence import Silence
from herdbook.alpaca.noticing.states import StateLearned, StateWatch

type Form = Literal["number", "counter", "binary"]

_RATE_S: Final = 900.0


class Learned(Struct):
    """What a watch keeps across restarts; one of the two is empty."""

    form: Form
    number: NumberLearned | None = None
    state: StateLearned | None = None
    silence: Limit | None = None


class Watch:
    """One measurement. Feed it every reading and every failure to read, in the order of time.

    A `counter` only grows; it is watched by how fast, in units an hour over a quarter of an hour.
    What was `learned` of another form is not used.
    """

    def __init__(
        self,
        form: Form,
        *,
        spread: float | None = None,
        quiet: float = 0.0,
        valid: Range | None = None,
        interval: float = 60.0,
        learned: Learned | None = None,
    ) -> None:
        self._form = form
        if learned is None or learned.form != form:
            learned = Learned(form)
        self._inner: NumberWatch | StateWatch
        if form == "binary":
            self._inner = StateWatch(quiet=quiet, learned=learned.state)
        else:
            self._inner = NumberWatch(
                spread=None if form == "counter" else spread,
                quiet=quiet,
                valid=None if form == "counter" else valid,
                learned=learned.number,
            )
        self._silence = Silence(interval, learned.silence)
        self._counted: deque[tuple[float, float]] = deque()

    @property
    def restless(self) -> bool:
        """Whether something seems to begin: the next reading is wanted soon."""
        return self._inner.restless

    def learned(self) -> Learned:
        """What is worth keeping."""
        if isinstance(self._inner, StateWatch):
            return Learned(self._form, state=self._inner.learned(), silence=self._silence.limit)
        return Learned(self._form, number=self._inner.learned(), silence=self._silence.limit)

    def update(self, value: float, at: float, local_s: float) -> Finding | None:
        """Take a finite reading at `at`, seconds that never go back, and at a local time.

        The local time is in seconds since 1970 as a wall clock shows them.
        """
        back = self._silence.seen(value, at)
        if self._form == "counter":
            rate = self._rate(value, at)
            if rate is None:
                return back
            value = rate
        return self._inner.update(value, at, local_s) or back

    def missing(self, at: float) -> Finding | None:
        """Take the failure to read it."""
        return self._silence.missing(at)

    def _rate(self, value: float, at: float) -> float | None:
        counted = self._counted
        if counted and value < counted[-1][1]:
            counted.clear()  # it began anew
        counted.append((at, value))
        while len(counted) > 2 and at - counted[1][0] >= _RATE_S:
            counted.popleft()
        begun, first = counted[0]
        return (value - first) / (at - begun) * 3600 if at - begun >= _RATE_S else None
