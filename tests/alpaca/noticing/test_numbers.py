"""The rules, each on a series made for it. How well they do together, `bench/noticing.py` says."""

import math
import random
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.alpaca.noticing.finding import Finding
from herdbook.alpaca.noticing.numbers import NumberLearned, NumberWatch

STEP = 600
DAY = 86_400
HOUR = 3600


def room(at: float) -> float:
    """Warm by day, and warmer on Sundays."""
    hour, day = at % DAY / HOUR, at // DAY % 7
    return 20 + 2 * math.sin(math.pi * (hour - 6) / 12) + (1.0 if day == 6 else 0)


def feed(
    watch: NumberWatch,
    days: float,
    *,
    start: float = 0,
    shape: Callable[[float], float] = room,
    seed: int = 1,
) -> list[tuple[float, Finding]]:
    """The findings, with the days since `start` at which they were made."""
    rng = random.Random(seed)
    found = []
    for step in range(int(days * DAY / STEP)):
        at = start * DAY + step * STEP
        one = watch.update(round(shape(at) + rng.gauss(0, 0.1), 1), at, at)
        if one is not None:
            found.append(((at / DAY - start), one))
    return found


def learned(days: int = 28) -> NumberWatch:
    watch = NumberWatch(spread=0.5, quiet=900)
    assert feed(watch, days) == []
    return watch


def test_four_ordinary_weeks_are_silent_and_so_is_the_fifth() -> None:
    assert feed(learned(), 7, start=28) == []


def test_what_is_usual_at_noon_is_not_at_night() -> None:
    def warm_at_night(at: float) -> float:
        return 22.0 if 2 <= at % DAY / HOUR < 5 else room(at)

    (first, *rest) = feed(learned(), 1, start=28, shape=warm_at_night)
    when, found = first
    assert found.kind == "above_usual"
    assert when * 24 == pytest.approx(2, abs=0.5)
    assert found.usual is not None
    assert found.value is not None
    assert found.usual[1] < found.value
    assert found.values[-1] == found.value
    assert [one.kind for _, one in rest] == ["recovered"]


def test_a_sunday_is_usual_on_sundays_only() -> None:
    def sundays(at: float) -> float:
        return room(at) + (6 if at // DAY % 7 == 6 else 0)

    watch = NumberWatch(spread=0.5, quiet=900)
    feed(watch, 35, shape=sundays)
    assert feed(watch, 2, start=35, shape=sundays) == []
    found = feed(watch, 0.9, start=37, shape=lambda at: room(at) + 14)
    assert [one.kind in ("above_usual", "sudden_change") for _, one in found] == [True]
    watch = NumberWatch(spread=0.5, quiet=900)
    feed(watch, 41, shape=sundays)
    assert feed(watch, 0.9, start=41, shape=lambda at: sundays(at) + 0.4) == []


def test_one_incident_is_one_finding_and_its_end_another() -> None:
    def cold(at: float) -> float:
        inside = 28.4 <= at / DAY < 28.6
        return room(at) - (6 if inside and at % 3600 >= 1200 else 0)

    assert [one.kind for _, one in feed(learned(), 1, start=28, shape=cold)] == [
        "below_usual",
        "recovered",
    ]


def test_standing_still_is_said_once_and_so_is_its_end() -> None:
    def stuck(at: float) -> float:
        return room(at)

    watch = learned()
    still = [
        watch.update(20.3, 28 * DAY + step * STEP, 28 * DAY + step * STEP) for step in range(144)
    ]
    found = [one for one in still if one is not None]
    kinds = [one.kind for one in found]
    assert kinds.count("stuck") <= 1
    assert set(kinds) <= {"stuck", "above_usual", "below_usual", "recovered"}
    assert kinds
    assert feed(watch, 0.5, start=29, shape=stuck) != [] or "recovered" in kinds


def test_a_slow_drift_is_said() -> None:
    watch = learned(42)
    found = feed(watch, 14, start=42, shape=lambda at: room(at) + (at / DAY - 42) * 0.25)
    assert found
    assert {one.kind for _, one in found} <= {"drift", "above_usual", "recovered"}


def test_the_first_week_says_only_what_is_far_beyond_all_that_was_seen() -> None:
    watch = NumberWatch(spread=0.5, quiet=900)
    assert feed(watch, 2) == []
    assert feed(watch, 0.2, start=2, shape=lambda at: room(at) + 4) == []
    (found,) = feed(watch, 0.2, start=2.2, shape=lambda at: room(at) + 20)
    assert found[1].kind == "above_usual"


def test_a_sensor_without_a_spread_has_one_that_is_learned() -> None:
    watch = NumberWatch(spread=None, quiet=900)
    ordinary = feed(watch, 28, shape=lambda at: 1000 * room(at))
    assert all(6 <= when < 7.1 for when, _ in ordinary), "the first Sunday may be remarked on"
    found = feed(watch, 0.2, start=28, shape=lambda at: 1000 * room(at) + 15000)
    assert len(found) == 1
    assert found[0][1].kind in ("above_usual", "sudden_change")


def test_what_was_learned_survives_a_restart_and_nothing_is_said_twice() -> None:
    watch = learned()
    assert len(feed(watch, 0.2, start=28, shape=lambda at: room(at) - 6)) == 1
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(watch.learned()), type=NumberLearned)
    again = NumberWatch(spread=0.5, quiet=900, learned=kept)
    assert again.known_days == watch.known_days
    assert feed(again, 0.1, start=28.2, shape=lambda at: room(at) - 6) == []
    calm = NumberWatch(
        spread=0.5,
        quiet=900,
        learned=msgspec.msgpack.decode(
            msgspec.msgpack.encode(learned().learned()), type=NumberLearned
        ),
    )
    assert [one.kind for _, one in feed(calm, 0.2, start=28, shape=lambda at: room(at) - 6)] == [
        "below_usual"
    ]


def test_how_often_it_is_read_changes_little_of_what_is_learned() -> None:
    often, seldom = NumberWatch(spread=0.5, quiet=900), NumberWatch(spread=0.5, quiet=900)
    for second in range(0, 2 * DAY, 20):
        often.update(room(second), second, second)
        if second % 600 == 0:
            seldom.update(room(second), second, second)
    assert often.known_days == pytest.approx(seldom.known_days, abs=0.1)
    one, other = often._hours.day(0), seldom._hours.day(0)
    assert one is not None
    assert other is not None
    assert one == pytest.approx(other, abs=0.1)


@pytest.mark.parametrize("seed", [3, 4])
def test_what_is_on_or_off_by_chance_is_not_new_by_a_hair(seed: int) -> None:
    """A freezer: after defrosting it runs on, so an hour's middle is far up or down by turns."""
    rng, watch = random.Random(seed), NumberWatch(spread=None, quiet=900)
    cold, on = -18.0, False
    for minute in range(16 * 1440):
        defrosts = minute % 480 < 18
        on = cold > -16.8 or (on and cold > -19.2)
        cold += 0.25 if defrosts else -0.11 if on else 0.045
        if 7 <= minute / 60 % 24 < 22 and rng.random() < 1 / 700:
            cold += rng.uniform(0.3, 1.5)  # opened
        watts = (120.0 if defrosts else 72.0 if on else 0.8) + rng.gauss(0, 0.4)
        assert watch.update(round(watts, 1), minute * 60.0, minute * 60.0) is None


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-1e9, 1e9), st.floats(1, 5000), st.floats(-1e5, 1e5)),
        min_size=1,
        max_size=200,
    )
)
def test_whatever_comes_confidence_is_one_and_the_value_is_outside(
    samples: list[tuple[float, float, float]],
) -> None:
    """Of any values at any distances, with a wall clock that jumps either way."""
    watch = NumberWatch(spread=None, quiet=0)
    at, local = 0.0, 1e9
    for value, later, jump in samples:
        at += later
        local += later + jump
        found = watch.update(value, at, local)
        if found is not None:
            assert 0 <= found.confidence <= 1
