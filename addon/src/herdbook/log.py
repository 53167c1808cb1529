"""What the log is told of what others do: each sort once a minute, for others decide how often."""

import logging
from typing import Final

from herdbook.clock import Clock, SystemClock

AGAIN_MS: Final = 60_000
_SORTS: Final = 256


class PacedLog:
    """Logs by one logger. A sort is a word of ours, never what came from elsewhere."""

    def __init__(self, logger: logging.Logger, clock: Clock | None = None) -> None:
        self._logger = logger
        self._clock = clock or SystemClock()
        self._said: dict[str, tuple[int, int]] = {}  # when, and how often it was left out since

    def warning(self, sort: str, words: str) -> bool:
        """Say it, or count it: the next one said tells how many were left out. Whether it was."""
        return self._say(logging.WARNING, sort, words)

    def info(self, sort: str, words: str) -> bool:
        """The same of what is no trouble to others."""
        return self._say(logging.INFO, sort, words)

    def _say(self, level: int, sort: str, words: str) -> bool:
        now = self._clock.monotonic_ms()
        said_ms, left_out = self._said.get(sort, (now - AGAIN_MS, 0))
        if now - said_ms < AGAIN_MS:
            self._said[sort] = (said_ms, left_out + 1)
            return False
        self._said[sort] = (now, 0)
        if len(self._said) > _SORTS:
            del self._said[next(iter(self._said))]
        if left_out:
            words = f"{words} (and {left_out} more of this kind in the meantime)"
        self._logger.log(level, "%s", words)
        return True
