"""How long to wait before trying again. Owns that number; sleeps nowhere."""

from collections.abc import Callable
from typing import Final

FIRST_S: Final = 1.0
LONGEST_S: Final = 60.0


class Backoff:
    """Doubles from one second to a minute, and spreads the herd by up to half of each wait."""

    def __init__(self, random: Callable[[], float]) -> None:
        """`random` gives numbers from 0 up to 1."""
        self._random = random
        self._next_s = FIRST_S

    def reset(self) -> None:
        """Start over: the last connection was a good one."""
        self._next_s = FIRST_S

    def next_s(self) -> float:
        """Seconds to wait now; the next answer is longer."""
        wait_s = self._next_s
        self._next_s = min(wait_s * 2, LONGEST_S)
        return wait_s * (1 - self._random() / 2)
