"""Where something that a node tells of belongs in time."""

from typing import Final, NamedTuple

from herdbook.clock import Quality

SURE: Final = 0
NEVER_SURE: Final = -1
"""In place of the id of a stretch: a time that is a fact, and one that nobody will ever know."""


class Place(NamedTuple):
    """When something was, as far as is known now, and the stretch that may put it right later."""

    at_ms: int
    quality: Quality
    stretch: int
    monotonic_ms: int

    @property
    def placed(self) -> bool:
        """Whether its time is to be believed so far."""
        return self.quality != "unset"


class BlockPlace(NamedTuple):
    """The stretch of a block of readings, and by how much later that one's clock stood."""

    by_ms: int
    stretch: int


HERE: Final = BlockPlace(0, SURE)
