import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.alpaca.noticing.hours import DAY, KEPT, WEEK, Hours
from herdbook.alpaca.noticing.scale import Scale


def weeks(number: int) -> Hours:
    """Sundays are 10 at every hour, other days the number of the hour."""
    hours = Hours()
    for hour in range(number * WEEK):
        value = 10.0 if hour // DAY % 7 == 6 else float(hour % DAY)
        hours.add(hour, [value - 1, value, value + 2])
    return hours


def test_an_hour_of_the_week_knows_sundays_and_an_hour_of_the_day_does_not() -> None:
    hours = weeks(4)
    sunday_at_20 = 4 * WEEK + 6 * DAY + 20
    hours.add(sunday_at_20 - 1, [10.0])
    week, day = (
        hours.same_hour_of_week(sunday_at_20, Scale()),
        hours.same_hour_of_day(sunday_at_20, Scale()),
    )
    assert week is not None
    assert day is not None
    assert (week.low.middle, week.middle.middle, week.high.middle) == (9, 10, 12)
    assert day.middle.middle == pytest.approx(20, abs=1)


def test_an_empty_one_knows_nothing() -> None:
    hours = Hours()
    assert hours.same_hour_of_week(5, Scale()) is None
    assert hours.same_hour_of_day(5, Scale()) is None
    assert hours.day(0) is None
    assert hours.reached(5) is None
    assert hours.span(Scale()) == 0


def test_one_strange_day_moves_what_is_usual_little() -> None:
    plain, disturbed = weeks(3), weeks(3)
    for hour in range(2 * WEEK, 2 * WEEK + DAY):
        disturbed.add(hour, [500.0])
    at = 3 * WEEK + 12
    one, other = plain.same_hour_of_day(at, Scale()), disturbed.same_hour_of_day(at, Scale())
    assert one is not None
    assert other is not None
    assert one.middle.middle == pytest.approx(other.middle.middle, abs=1)


def test_eight_weeks_are_kept_and_a_gap_is_no_reading() -> None:
    hours = weeks(10)
    assert hours.days == 56
    hours.add(11 * WEEK, [5.0])
    assert hours.days == pytest.approx(49, abs=0.1)
    assert hours.day(10 * 7 + 3) is None


def test_a_day_in_three_numbers() -> None:
    assert weeks(1).day(2) == (1, 11.5, 22)


def test_what_a_single_day_reached_does_not_count() -> None:
    hours = weeks(3)
    at = 3 * WEEK + 12
    plain = hours.reached(at)
    hours.add(2 * WEEK + 12, [500.0])
    assert hours.reached(at) == plain
    assert plain is not None
    assert plain.high == (12, 15)
    hours.add(2 * WEEK + DAY + 12, [500.0])
    again = hours.reached(at)
    assert again is not None
    assert again.high[1] == 500


def test_the_hour_that_comes_twice_when_clocks_go_back_counts_once() -> None:
    hours = weeks(1)
    hours.add(WEEK - 1, [3.0])
    assert hours.days == 7


@given(st.lists(st.tuples(st.integers(0, 400), st.floats(-1e6, 1e6)), max_size=60))
def test_it_survives_being_written_down(steps: list[tuple[int, float]]) -> None:
    hours, at = Hours(), 490_000
    for later, value in steps:
        at += later
        hours.add(at, [value])
    copy = Hours.unpack(*hours.packed())
    assert copy.days == hours.days
    assert copy.same_hour_of_day(at + 1, Scale()) == hours.same_hour_of_day(at + 1, Scale())
    assert copy.span(Scale()) == hours.span(Scale())
    assert not math.isnan(copy.span(Scale()))


def test_columns_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="eight weeks"):
        Hours.unpack(1, b"\0" * (KEPT * 4))
