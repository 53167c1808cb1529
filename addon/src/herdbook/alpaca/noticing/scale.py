"""On which scale a measurement is compared: as it is, or by how many times.

Some things vary by so many degrees, others by so many per cent: what a thousand advertisements
cost, how many cars pass. Of those half as much is as far as twice as much, which no distance in
their own unit says. Which of the two a measurement is, its days say (Tukey's spread against
level): of each hour and the same one a day later, how far they are apart, and how high they are.
Where the upper half of these pairs is further apart by about as many times as it is higher, it
varies by times. That is decided once, after two and a half days of such pairs.
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import Final, Self

from msgspec import Struct

LEAST_PAIRS: Final = 60
_LEAST_RATIO: Final = 1.15  # between the levels of the halves; below it is all one
_SLOPE: Final = 0.5
_RARE: Final = 20  # of so many pairs one may be at zero or below
_NOTHING: Final = 0.05  # of what is usual: what is less is taken for about nothing


class Scale(Struct, frozen=True):
    """Values as they are, or, with a `unit`, logarithms, which near nothing become plain again.

    It is the inverse hyperbolic sine of the value in units: of many units its logarithm, and of
    few, or of less than none, still a number.
    """

    unit: float = 0.0

    def of(self, value: float) -> float:
        """Where a value is on it."""
        return math.asinh(value / self.unit) if self.unit else value

    def value(self, place: float) -> float:
        """The value that is there."""
        return math.sinh(min(place, 700.0)) * self.unit if self.unit else place

    @classmethod
    def chosen(cls, pairs: Sequence[tuple[float, float]]) -> Self:
        """The scale for what showed these pairs, at one hour and at the same a day later."""
        ordered = sorted((one + other, abs(one - other)) for one, other in pairs)
        if len(ordered) < LEAST_PAIRS or ordered[len(ordered) // _RARE][0] <= 0:
            return cls()
        lower, upper = ordered[: len(ordered) // 2], ordered[(len(ordered) + 1) // 2 :]
        level = median(one for one, _ in upper) / median(one for one, _ in lower)
        apart = [median(one for _, one in half) for half in (lower, upper)]
        if level < _LEAST_RATIO or not apart[0] or apart[1] < apart[0] * level**_SLOPE:
            return cls()
        return cls(_NOTHING * median(one for one, _ in ordered) / 2)
