"""Time as something handed in, so that tests and simulations can hand in their own.

Owns the clock interface and its quality. Times are integers in milliseconds: wall time since
1970-01-01 UTC, monotonic time since an arbitrary start of this boot.
"""

import time
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Final, Literal, Protocol

Quality = Literal["synced", "unknown", "unset"]
"""``synced``: NTP answered this boot. ``unknown``: plausible. ``unset``: before any Herdbook."""

# No Herdbook existed before this; a clock that says so has lost its battery.
LAST_MS: Final = 253_370_764_800_000  # 9999-01-01: a date in every time zone
EPOCH_MS: Final = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)
_SYNCHRONIZED: Final = Path("/run/systemd/timesync/synchronized")


class Clock(Protocol):
    """What the middle of Herdbook knows of time."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC; may jump."""

    def monotonic_ms(self) -> int:
        """Milliseconds since some moment of this boot; never goes back."""

    def quality(self) -> Quality:
        """How far the wall time can be trusted."""


class SystemClock:
    """The machine's own clock."""

    def wall_ms(self) -> int:
        """See `Clock`; a clock beyond the calendar stands at its end."""
        return min(max(0, time.time_ns() // 1_000_000), LAST_MS)

    def monotonic_ms(self) -> int:
        """See `Clock`."""
        return time.monotonic_ns() // 1_000_000

    def quality(self) -> Quality:
        """See `Clock`; ``synced`` as systemd-timesyncd tells."""
        if self.wall_ms() < EPOCH_MS:
            return "unset"
        return "synced" if _SYNCHRONIZED.exists() else "unknown"


def iso(wall_ms: int) -> str:
    """Wall time as ISO 8601 in UTC with milliseconds, as the API writes it."""
    return datetime.fromtimestamp(wall_ms / 1000, UTC).isoformat(timespec="milliseconds")


def day_of(wall_ms: int, zone: tzinfo) -> date:
    """The calendar day of a wall time in a time zone."""
    return datetime.fromtimestamp(wall_ms / 1000, zone).date()
