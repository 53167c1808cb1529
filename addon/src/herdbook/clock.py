"""Time as something handed in, so that tests and simulations can hand in their own.

Owns the clock interface and its quality. Times are integers in milliseconds: wall time since
1970-01-01 UTC, monotonic time since an arbitrary start of this boot.
"""

import ctypes
import time
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

Quality = Literal["synced", "unknown", "unset"]
"""``synced``: NTP set it not long ago. ``unknown``: plausible. ``unset``: before any Herdbook."""

# No Herdbook existed before this; a clock that says so has lost its battery.
LAST_MS: Final = 253_370_764_800_000  # 9999-01-01: a date in every time zone
EPOCH_MS: Final = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)
UNSYNCED_US: Final = 16_000_000
"""The error from which on the kernel calls its clock unsynchronised, and which it starts with."""
_TOGETHER_MS: Final = 5
_TRIES: Final = 10
_LOCAL_TIME: Final = Path("/etc/localtime")

# The call is done at once: letting another thread run meanwhile would cost more.
_libc = ctypes.PyDLL(None)


class Timex(ctypes.Structure):
    """What adjtimex(2) fills in: the first members, and room for all others of any machine."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("others", ctypes.c_char * 256),
    )


class Clock(Protocol):
    """What the middle of Herdbook knows of time."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC; may jump."""

    def monotonic_ms(self) -> int:
        """Milliseconds since some moment of this boot; never goes back."""

    def quality(self) -> Quality:
        """How far the wall time can be trusted."""


class Instant(NamedTuple):
    """What a clock said at one moment."""

    wall_ms: int
    monotonic_ms: int
    quality: Quality


def now(clock: Clock) -> Instant:
    """All that a clock says, read together: were it set meanwhile, one would belie the other.

    It is read again where that is in doubt, and where it stays so nothing is called ``synced``.
    """
    tries = 0
    while True:
        quality, begun_ms, wall_ms = clock.quality(), clock.monotonic_ms(), clock.wall_ms()
        if clock.monotonic_ms() - begun_ms <= _TOGETHER_MS and clock.quality() == quality:
            return Instant(wall_ms, begun_ms, quality)
        tries += 1
        if tries == _TRIES:
            return Instant(wall_ms, begun_ms, "unset" if quality == "unset" else "unknown")


class SystemClock:
    """The machine's own clock."""

    def wall_ms(self) -> int:
        """See `Clock`; a clock beyond the calendar stands at its end."""
        return min(max(0, time.time_ns() // 1_000_000), LAST_MS)

    def monotonic_ms(self) -> int:
        """See `Clock`."""
        return time.monotonic_ns() // 1_000_000

    def quality(self) -> Quality:
        """See `Clock`; ``synced`` as the kernel tells, whichever program sets its clock."""
        if self.wall_ms() < EPOCH_MS:
            return "unset"
        return "synced" if _is_synced() else "unknown"


def _is_synced() -> bool:
    """Whether the clock is known to be right within 16 seconds.

    NTP clients tell the kernel how wrong it may be, which then counts up by 0.5 ms a second: nine
    hours after the last answer, or when somebody sets it by hand, nobody knows any more. The flag
    STA_UNSYNC says less, as chrony sets it when it shall leave the hardware's clock alone.
    """
    timex = Timex()
    # Where a sandbox forbids to ask (-1), nothing is known.
    state: int = _libc.adjtimex(ctypes.byref(timex))
    return state >= 0 and bool(timex.maxerror < UNSYNCED_US)


def iso(wall_ms: int) -> str:
    """Wall time as ISO 8601 in UTC with milliseconds, as the API writes it."""
    return datetime.fromtimestamp(wall_ms / 1000, UTC).isoformat(timespec="milliseconds")


def local_zone() -> tzinfo:
    """The time zone of this machine; UTC where it has none."""
    if _LOCAL_TIME.exists():
        with _LOCAL_TIME.open("rb") as file:
            return ZoneInfo.from_file(file)
    return UTC


def day_of(wall_ms: int, zone: tzinfo) -> date:
    """The calendar day of a wall time in a time zone."""
    return datetime.fromtimestamp(wall_ms / 1000, zone).date()
