"""A clock that stands still until told to move."""

from herdbook.clock import EPOCH_MS, Quality


class ManualClock:
    """See `herdbook.clock.Clock`."""

    def __init__(self, wall_ms: int = EPOCH_MS + 86_400_000, quality: Quality = "synced") -> None:
        self.wall = wall_ms
        self.monotonic = 1_000
        self._quality = quality

    def advance(self, milliseconds: int) -> None:
        self.wall += milliseconds
        self.monotonic += milliseconds

    def wall_ms(self) -> int:
        return self.wall

    def monotonic_ms(self) -> int:
        return self.monotonic

    def quality(self) -> Quality:
        return self._quality
