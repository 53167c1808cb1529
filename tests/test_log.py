"""Others decide how many messages come, not how many lines are logged."""

import logging

import pytest

from herdbook.log import AGAIN_MS, PacedLog
from tests.fakes.clock import ManualClock


def test_each_sort_once_a_minute_and_how_many_were_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ManualClock()
    log = PacedLog(logging.getLogger("test"), clock)
    for number in range(5):
        log.warning("bad", f"bad {number}")
    log.warning("worse", "worse")
    assert caplog.messages == ["bad 0", "worse"]
    clock.advance(AGAIN_MS)
    log.warning("bad", "bad again")
    assert caplog.messages[2:] == ["bad again (and 4 more of this kind in the meantime)"]
    clock.advance(AGAIN_MS)
    log.warning("bad", "and again")
    assert caplog.messages[3:] == ["and again"]
