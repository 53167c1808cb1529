"""Where something that a node tells of belongs in time."""

from typing import Final, NamedTuple

from herdbook.clock import Quality

SURE: Final = 0
NEVER_SURE: Final = -1
"""In place of the id of a stretch: a time that is a fact, and one that nobody will ever know."""


class Place(NamedTuple):
    """By how much its time is moved, and the stretch (see clocks.py) that may move it later."""

    by_ms: int
    stretch: int
    quality: Quality

    @property
    def placed(self) -> bool:
        """Whether its time is to be believed so far."""
        return self.quality != "unset"


HERE: Final = Place(0, SURE, "synced")
