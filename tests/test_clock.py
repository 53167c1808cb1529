"""Clocks that say what cannot be."""

import time
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.clock import SystemClock, day_of, iso


@given(st.integers(-(2**63), 2**80))
def test_a_clock_beyond_the_calendar_stands_at_its_end(now_ns: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: now_ns)
        wall = SystemClock().wall_ms()
        for zone in (UTC, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")):
            assert 1969 <= day_of(wall, zone).year <= 9999
        assert len(iso(wall)) == len("2026-11-21T03:04:05.678+00:00")
        assert SystemClock().quality() in {"synced", "unknown", "unset"}
