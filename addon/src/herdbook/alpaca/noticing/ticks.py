"""The last hour of a measurement, a reading a minute, however often it is read.

Readings that come faster are averaged over a minute; slower ones stand for themselves. So what is
learned does not depend on how fast a node happens to sample.
"""

from bisect import bisect_left, insort
from collections import deque
from statistics import median
from typing import Final

TICK_S: Final = 60.0
HOUR_S: Final = 3600.0
_GAPS: Final = 15
_MOST: Final = 64


class Ticks:
    """Feed it every reading, in the order of time (seconds on any clock that never goes back)."""

    def __init__(self) -> None:
        self.window: deque[tuple[float, float]] = deque(maxlen=_MOST)
        self.ordered: list[float] = []
        self._gaps: deque[float] = deque(maxlen=_GAPS)
        self._last: float | None = None
        self._begun = 0.0
        self._sum = 0.0
        self._number = 0
        self._step = 0.0

    @property
    def step(self) -> float:
        """Seconds from one tick to the next, as they usually come."""
        return max(self._step, TICK_S)

    @property
    def covers_an_hour(self) -> bool:
        """Whether the window is a whole hour without a gap, in at least four ticks."""
        window = self.window
        return len(window) >= 4 and (len(window) + 1) * self.step * 1.25 >= HOUR_S

    def add(self, value: float, at: float) -> float | None:
        """The value of the tick that this reading completes, if it does."""
        if self._last is not None:
            gap = at - self._last
            if len(self._gaps) < _GAPS or not 0.5 * self._step <= gap <= 2 * self._step:
                self._gaps.append(gap)
                self._step = median(self._gaps)
        self._last = at
        if not self._number:
            self._begun = at
        self._sum += value
        self._number += 1
        if at - self._begun + 1.5 * self._step < TICK_S:
            return None
        tick = self._sum / self._number
        self._sum, self._number = 0.0, 0
        if len(self.window) == _MOST:
            self._forget()
        self.window.append((at, tick))
        insort(self.ordered, tick)
        while at - self.window[0][0] >= HOUR_S:
            self._forget()
        return tick

    def _forget(self) -> None:
        _, tick = self.window.popleft()
        del self.ordered[bisect_left(self.ordered, tick)]
