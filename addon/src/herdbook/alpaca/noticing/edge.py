"""A question about a level in one hour: what it compares with, how far a value is beyond."""

import math
from typing import Final, Literal

from msgspec import Struct

from herdbook.alpaca.noticing.finding import Aspect, Kind, Range
from herdbook.alpaca.noticing.hours import Usual

type Part = Literal["low", "middle", "high"]

_OTHER_DAYS: Final = 2.0
_ROUNDED: Final = 1e-6  # hours are kept in four bytes each


class Question(Struct, frozen=True):
    """What is asked: is this part of comparable hours further up (1) or down (-1) than ever?"""

    aspect: Aspect
    of: Part
    sign: int
    name: str


class Departure(Struct, frozen=True):
    """One way in which the level departs: `score` to `limit`. See `Level.usual_of`."""

    question: Question
    name: str
    value: float
    score: float
    limit: float

    @property
    def kind(self) -> Kind:
        """Whether it is above or below."""
        return "above_usual" if self.question.sign > 0 else "below_usual"


class Edge:
    """What one question compares with in one hour."""

    def __init__(
        self,
        sign: int,
        least: float,
        day: Usual,
        week: Usual | None,
        reached: Range | None,
        spread: float | None,
    ) -> None:
        self.sign = sign
        self._day, self._week = day, week
        self._least = least
        self.known = -math.inf
        """Up to here (times the sign) a score is within its limit, and noted."""
        self.least = 0.0
        """Of a lasting question, the least of the scores at the beginnings of the hours."""
        self._reached = -math.inf  # a value, not on the scale
        if reached is not None:
            furthest = reached[1] if sign > 0 else -reached[0]
            self._reached = furthest + _ROUNDED * abs(furthest)
        self._from = -math.inf if spread is None else sign * (week or day).middle + spread

    def score(self, value: float) -> float:
        """How far it is beyond the comparable hours, in robust deviations."""
        sign = self.sign
        if sign * value <= self._from:
            return 0.0
        score = self._day.beyond(value, sign, self._least)
        if self._week is not None:
            score = min(_OTHER_DAYS * score, self._week.beyond(value, sign, self._least))
        return score

    def at(self, score: float) -> float:
        """The value from which on there is a score."""
        sign = self.sign
        edge = sign * self._day.edge(score, sign, self._least)
        if self._week is not None:
            other = sign * self._day.edge(score / _OTHER_DAYS, sign, self._least)
            edge = max(other, sign * self._week.edge(score, sign, self._least))
        return sign * max(edge, self._from)

    def beyond_reached(self, value: float) -> float:
        """A value, or the furthest one that is no news, whichever is further."""
        return self.sign * max(self.sign * value, self._reached)

    def is_new(self, value: float) -> bool:
        """Whether all but one of the last weeks' days stayed below a value at this hour."""
        return self.sign * value > self._reached
