"""How far is further than ever: a limit that is learned from the largest score of each day.

A house has bursts, and each sensor its own: a kettle, a defrosting freezer, a busy processor. What
such a score does not exceed on ordinary days cannot be said beforehand, but it can be looked up.
The limit is the second largest of the last four weeks' daily maxima, times a margin that shrinks as
days are added. A day on which something was said does not count for that, or the next window left
open would have to be larger; but what happens on every seventh day is no news, so the fourth
largest of all days counts, said or not.
"""

from typing import Final

from msgspec import Struct

_DAYS: Final = 28
_ORDINARY_RANK: Final = 2
_ANY_RANK: Final = 4
_TAIL_RANK: Final = 6
_MARGIN: Final = 1.8
_MARGIN_OF_DAYS: Final = 6.0  # divided by the number of days


class Limit(Struct):
    """The limit of one score. `base` is the least it can be; `days` hold (maximum, was it said)."""

    base: float
    today: int | None = None
    most: float = 0.0
    said: bool = False
    goes_on: bool = False
    days: list[tuple[float, bool]] = []
    learned: float = 0.0

    def take(self, score: float, day: int) -> float:
        """Take a score of a local day (a number that grows); returns the limit before it."""
        if day != self.today:
            if self.today is not None and (self.said or not self.goes_on):
                self.days = [*self.days[1 - _DAYS :], (self.most, self.said)]
                self.learned = self._learn()
            self.today, self.most, self.said, self.goes_on = day, 0.0, False, False
        self.most = max(self.most, score)
        return max(self.base, self.learned)

    def say(self) -> None:
        """Today something was said because of this score."""
        self.said = True

    def go_on(self) -> None:
        """What was said on an earlier day goes on: one incident counts as one day."""
        self.goes_on = True

    def _learn(self) -> float:
        ordinary = sorted((most for most, said in self.days if not said), reverse=True)
        every = sorted((most for most, _ in self.days), reverse=True)
        margin = _MARGIN + _MARGIN_OF_DAYS / len(self.days)
        # Where the largest days differ much from one another, the next one may, too.
        if largest := _ranked(ordinary, _ORDINARY_RANK):
            margin = max(margin, largest / (_ranked(ordinary, _TAIL_RANK) or largest))
        return margin * max(
            _ranked(ordinary, min(_ORDINARY_RANK, (len(ordinary) + 6) // 7)),
            _ranked(every, _ANY_RANK),
        )


def _ranked(largest_first: list[float], rank: int) -> float:
    return largest_first[rank - 1] if 0 < rank <= len(largest_first) else 0.0
