"""What the log is told of a connection: each change once, and of one that comes and goes only that.

A reason may quote what answers there, which may be another each time: only so many are said until
a connection holds.
"""

import logging
from typing import Final

SETTLED_S: Final = 60.0
"""A connection that stood so long holds."""
_OFTEN: Final = 2
_ENDS_SOON: Final = (
    "Each connection ends soon: the broker's own log may say more, such as that two programs come"
    " with one identity. It is not said again."
)
_MOST_SAID: Final = 16


class Changes:
    """Told of every try, and says what is new."""

    def __init__(self, logger: logging.Logger, where: str, *, aside: bool = False) -> None:
        """`aside`: another connection to the same broker says what is so for both."""
        self._logger = logger
        self._where = where
        self._aside = aside
        self._said: set[str] = set()
        self._connected_said = False
        self._fresh = False
        self._cut_short = 0

    @property
    def _comes_and_goes(self) -> bool:
        return self._cut_short >= _OFTEN

    def stands(self) -> None:
        """There is a connection."""
        self._fresh = True
        if not self._comes_and_goes:
            self._say(logging.INFO, f"Connected to the MQTT broker at {self._where}.")
            self._connected_said = True

    def settled(self) -> None:
        """The connection has stood for `SETTLED_S`."""
        if self._comes_and_goes:
            words = f"Connected to the MQTT broker at {self._where}, and it holds now."
            self._say(logging.INFO, words)
            self._connected_said = True
        self._cut_short = 0
        self._fresh = False
        self._said.clear()

    def lost(self, words: str, *, shared: bool = True) -> None:
        """There is none, or none any more. `shared`: another one would fare alike."""
        if self._fresh:
            self._fresh = False
            self._cut_short += 1
            if self._comes_and_goes:
                words += f" {_ENDS_SOON}"
        known = words in self._said or len(self._said) >= _MOST_SAID
        if self._connected_said or not known:
            self._connected_said = False
            self._said.add(words)
            self._say(logging.WARNING, words, shared=shared)

    def _say(self, level: int, words: str, *, shared: bool = True) -> None:
        self._logger.log(logging.DEBUG if self._aside and shared else level, "%s", words)
