"""How often others may cause work: so many times at once, then so often. Pure."""


class Allowance:
    """`at_once` times, and then once every `every_ms`. Times are monotonic milliseconds."""

    def __init__(self, at_once: int, every_ms: int, now_ms: int) -> None:
        self._at_once = at_once
        self._every_ms = every_ms
        self._left = at_once
        self._counted_ms = now_ms

    def spend(self, now_ms: int) -> bool:
        """Whether one more may be; it is counted then."""
        earned = (now_ms - self._counted_ms) // self._every_ms
        if earned > 0:
            self._left = min(self._at_once, self._left + earned)
            self._counted_ms += earned * self._every_ms
        if not self._left:
            return False
        self._left -= 1
        return True
