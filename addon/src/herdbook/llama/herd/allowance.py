"""How much of the Llama's work strangers may cause. Pure: the caller's clock."""

from typing import Final

AT_ONCE: Final = 64
EVERY_MS: Final = 500


class Allowance:
    """So many requests at once, and then one every half second, of all strangers together."""

    def __init__(self, now_ms: int) -> None:
        self._left = AT_ONCE
        self._counted_ms = now_ms

    def spend(self, now_ms: int) -> bool:
        """Whether one more may be; it is counted then."""
        earned = (now_ms - self._counted_ms) // EVERY_MS
        if earned > 0:
            self._left = min(AT_ONCE, self._left + earned)
            self._counted_ms += earned * EVERY_MS
        if not self._left:
            return False
        self._left -= 1
        return True
