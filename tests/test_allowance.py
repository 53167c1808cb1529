"""So many times at once, and then so often."""

from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.allowance import Allowance

AT_ONCE = 64
EVERY_MS = 500


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3 * EVERY_MS), max_size=400))
def test_an_allowance_is_never_exceeded(steps: list[int]) -> None:
    now, spent = 0, 0
    allowance = Allowance(AT_ONCE, EVERY_MS, now)
    for step in steps:
        now += step
        spent += allowance.spend(now)
        assert spent <= AT_ONCE + now // EVERY_MS
    assert spent >= min(len(steps), AT_ONCE)


def test_what_is_spent_comes_back_in_time_and_no_more_than_there_was() -> None:
    allowance = Allowance(2, EVERY_MS, 0)
    assert [allowance.spend(0) for _ in range(3)] == [True, True, False]
    assert [allowance.spend(EVERY_MS) for _ in range(2)] == [True, False]
    assert [allowance.spend(100 * EVERY_MS) for _ in range(3)] == [True, True, False]
