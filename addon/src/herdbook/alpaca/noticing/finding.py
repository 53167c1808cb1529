"""What a watch found, with its evidence. Owns the words' raw material; makes no sentence."""

from typing import Literal

from msgspec import Struct

type Range = tuple[float, float]

type Kind = Literal[
    "above_usual",
    "below_usual",
    "sudden_change",
    "drift",
    "stuck",
    "missing",
    "first_time",
    "unusual_time",
    "long_lasting",
    "recovered",
]

type Aspect = Literal["value", "floor", "ceiling", "hour"]
"""Of a departure: a single value, the hour's lowest or highest, or the middle of the last hour."""


class Finding(Struct, frozen=True):
    """Something to be said of one measurement.

    `value` is what it shows, or, of `sudden_change` and `drift`, what it came to, and of
    `long_lasting` the state (1 or 0). `usual` is the range it left, in the measurement's unit; for
    what lasts (`stuck`, `long_lasting`, `missing`) it is in seconds, as is `seconds`, the time
    that it has lasted or that was looked at. `before` is what a change or a drift began from.
    `values` are the last readings, oldest first, and `known_days` is how much had been learned.
    `quiet_hours` are the hours of the day, from and to, in which nothing ever happened.
    """

    kind: Kind
    value: float | None
    usual: Range | None
    confidence: float
    seconds: float = 0.0
    aspect: Aspect = "value"
    before: float | None = None
    values: tuple[float, ...] = ()
    known_days: float = 0.0
    quiet_hours: tuple[int, int] | None = None


def confidence(known_days: float, excess: float, *, enough_days: float) -> float:
    """How much is known times how clear the case is, from 0 to 1.

    What is known grows from 0.5 to 1 over `enough_days`. The case is 0.8 clear at the limit
    (`excess` 1), and its doubt halves with every further limit's width beyond.
    """
    known = 0.5 + 0.5 * min(1.0, known_days / enough_days)
    clear: float = 1 - 0.2 * 0.5 ** min(max(excess - 1, 0.0), 50.0)
    return round(known * clear, 2)
