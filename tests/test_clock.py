"""Clocks that say what cannot be."""

import ctypes
import time
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.clock import EPOCH_MS, UNSYNCED_US, Instant, SystemClock, Timex, day_of, iso, now
from tests.fakes.clock import ManualClock
from tests.fakes.kernel import FORBIDDEN, TIME_ERROR, TIME_OK, Kernel


@given(st.integers(-(2**63), 2**80))
def test_a_clock_beyond_the_calendar_stands_at_its_end(now_ns: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: now_ns)
        wall = SystemClock().wall_ms()
        for zone in (UTC, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")):
            assert 1969 <= day_of(wall, zone).year <= 9999
        assert len(iso(wall)) == len("2026-11-21T03:04:05.678+00:00")
        assert SystemClock().quality() in {"synced", "unknown", "unset"}


@pytest.mark.parametrize(
    ("maxerror", "state", "quality"),
    [
        (30_000, TIME_OK, "synced"),
        (UNSYNCED_US - 1, TIME_OK, "synced"),
        (4_000, TIME_ERROR, "synced"),  # chrony without rtcsync
        (UNSYNCED_US, TIME_ERROR, "unknown"),  # no answer yet, none for long, or set by hand
        (0, FORBIDDEN, "unknown"),
    ],
)
def test_whether_a_clock_was_set_right_is_what_the_kernel_says(
    maxerror: int, state: int, quality: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel()
    kernel.use(monkeypatch)
    kernel.sync(maxerror, state)
    monkeypatch.setattr(time, "time_ns", lambda: EPOCH_MS * 1_000_000)
    assert SystemClock().quality() == quality
    monkeypatch.setattr(time, "time_ns", lambda: 5_000_000_000)
    assert SystemClock().quality() == "unset"


def test_the_real_kernel_answers_in_that_form() -> None:
    timex = Timex(maxerror=-1)
    state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    assert state in range(FORBIDDEN, TIME_ERROR + 1)
    assert state == FORBIDDEN or 0 <= timex.maxerror <= UNSYNCED_US


class Disturbed(ManualClock):
    """A clock that is set, or a machine that stands still, after so many looks at it."""

    def __init__(self, looks: int, *, stands_ms: int = 0) -> None:
        super().__init__(5_000, "unset")
        self._looks = looks
        self._stands_ms = stands_ms

    def _look(self) -> None:
        self._looks -= 1
        if self._looks == 0:
            self.advance(self._stands_ms)
            self.wall, self._quality = EPOCH_MS, "synced"

    def wall_ms(self) -> int:
        self._look()
        return super().wall_ms()

    def monotonic_ms(self) -> int:
        self._look()
        return super().monotonic_ms()

    def quality(self) -> str:  # type: ignore[override]
        self._look()
        return super().quality()


@pytest.mark.parametrize("stands_ms", [0, 700])
@pytest.mark.parametrize("looks", range(1, 8))
def test_a_clock_that_is_set_amid_a_look_is_looked_at_again(looks: int, stands_ms: int) -> None:
    found = now(Disturbed(looks, stands_ms=stands_ms))
    assert found in {
        Instant(5_000, 1_000, "unset"),
        Instant(EPOCH_MS, 1_000 + stands_ms, "synced"),
    }


def test_a_machine_too_slow_to_look_at_its_clock_at_once_calls_nothing_a_fact() -> None:
    class Slow(ManualClock):
        def wall_ms(self) -> int:
            self.advance(100)
            return super().wall_ms()

    assert now(Slow()).quality == "unknown"
    assert now(Slow(quality="unset")).quality == "unset"
