import msgspec
from hypothesis import given
from hypothesis import strategies as st

from herdbook.alpaca.noticing.limit import Limit


def after(days: list[float], base: float = 1.0, said: frozenset[int] = frozenset()) -> float:
    """The limit on the day after these, each with one score."""
    limit = Limit(base)
    for day, score in enumerate(days):
        limit.take(score, day)
        if day in said:
            limit.say()
    return limit.take(0.0, len(days))


def test_without_days_it_is_the_base() -> None:
    assert after([]) == 1.0
    assert Limit(4.0).take(1000.0, 7) == 4.0


def test_it_is_above_what_ordinary_days_show_and_comes_closer_as_they_are_added() -> None:
    ordinary = [2.0 + 0.2 * (day % 4) for day in range(28)]
    week, month = after(ordinary[:7]), after(ordinary)
    assert week > month > max(ordinary)
    assert month < 5.0


def test_it_follows_how_far_days_differ_and_not_how_large_they_are() -> None:
    """Nine hours of sleep, give or take half an hour, do not make eighteen ordinary."""
    nights = [9.0 + 0.25 * (day % 3) for day in range(28)]
    assert max(nights) < after(nights) < 12.0
    bursts = [0.5 * (day % 9) for day in range(28)]
    assert after(bursts) > 1.5 * max(bursts)


def test_a_single_outlier_among_many_days_does_not_set_it() -> None:
    ordinary = [2.0 + 0.1 * (day % 5) for day in range(28)]
    assert after([*ordinary[:-1], 50.0]) < 50.0


def test_what_was_said_is_not_ordinary() -> None:
    days = [2.0] * 20 + [30.0, 2.0, 30.0] + [2.0] * 4
    assert after(days, said=frozenset({20, 22})) < 5.0
    assert after(days) > 30.0


def test_the_same_within_three_days_is_no_news() -> None:
    assert after([2.0] * 20 + [30.0, 2.0, 2.0], said=frozenset({20})) > 30.0
    assert after([2.0] * 20 + [30.0, 2.0, 2.0, 2.0], said=frozenset({20})) < 5.0


def test_in_the_first_three_weeks_what_was_said_counts() -> None:
    assert after([2.0] * 9 + [30.0] + [2.0] * 8, said=frozenset({9})) > 30.0


def test_what_happens_on_every_seventh_day_is_no_news() -> None:
    days = [30.0 if day % 7 == 3 else 2.0 for day in range(28)]
    assert after(days, said=frozenset(range(3, 28, 7))) > 30.0


def test_an_incident_over_many_days_counts_once_and_the_same_every_day_as_usual() -> None:
    long, daily = Limit(1.0), Limit(1.0)
    for day in range(26):
        for limit in (long, daily):
            limit.take(30.0 if day >= 20 else 2.0, day)
        if day >= 20:
            daily.say()
            (long.say if day == 20 else long.go_on)()
    assert long.take(0.0, 26) < 5.0
    assert daily.take(0.0, 26) > 30.0


def test_what_is_older_than_four_weeks_is_forgotten() -> None:
    assert after([9.0] * 10 + [2.0] * 28) == after([2.0] * 28)


@given(st.lists(st.floats(0, 1e6), max_size=40), st.floats(0.1, 10))
def test_it_is_never_below_its_base_and_survives_being_written_down(
    scores: list[float], base: float
) -> None:
    limit = Limit(base)
    for day, score in enumerate(scores):
        assert limit.take(score, day // 2) >= base
    copy = msgspec.msgpack.decode(msgspec.msgpack.encode(limit), type=Limit)
    assert copy.take(0.0, 1000) == limit.take(0.0, 1000)
