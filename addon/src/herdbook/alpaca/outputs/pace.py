"""How often an output may be commanded: a few times at once, then twice a second. Pure."""

from typing import Final

AT_ONCE: Final = 10
EVERY_MS: Final = 500


class Pace:
    """Counts commands; times are monotonic milliseconds."""

    def __init__(self, now_ms: int) -> None:
        self._left = AT_ONCE
        self._counted_ms = now_ms

    def allows(self, now_ms: int) -> bool:
        """Whether one more may be; it is counted then."""
        earned = (now_ms - self._counted_ms) // EVERY_MS
        self._left = min(AT_ONCE, self._left + earned)
        self._counted_ms += earned * EVERY_MS
        if not self._left:
            return False
        self._left -= 1
        return True
