"""When a sensor that cannot be read is worth a word, and that it can be read again."""

from typing import Final

from herdbook.alpaca.noticing.finding import Finding
from herdbook.alpaca.noticing.limit import Limit

_LEAST_S: Final = 900.0
_STEPS: Final = 6
_DAY_S: Final = 86_400.0


class Silence:
    """The gaps of one measurement. `interval` is its seconds between readings, if known."""

    def __init__(self, interval: float = 60.0, limit: Limit | None = None) -> None:
        self.limit = limit or Limit(max(_LEAST_S, _STEPS * interval))
        self._since: float | None = None
        self._said = False

    def missing(self, at: float) -> Finding | None:
        """There is no reading now; what is to be said of that."""
        if self._since is None:
            self._since = at
        gap = at - self._since
        longest = self.limit.take(gap, int(at // _DAY_S))
        if self._said:
            self.limit.go_on()
        if self._said or gap < longest:
            return None
        self._said = True
        self.limit.say()
        return Finding("missing", None, (0.0, longest), 1.0, gap)

    def seen(self, value: float, at: float) -> Finding | None:
        """There is a reading."""
        if self._since is None:
            self.limit.take(0.0, int(at // _DAY_S))  # a day without any gap is one, too
            return None
        gap, self._since = at - self._since, None
        said, self._said = self._said, False
        return Finding("recovered", value, None, 1.0, gap) if said else None
