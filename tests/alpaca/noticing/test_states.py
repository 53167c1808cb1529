import random

import pytest

from herdbook.alpaca.noticing.finding import Finding
from herdbook.alpaca.noticing.states import StateLearned, StateWatch

HOUR = 3600.0
DAY = 86_400.0


def live(
    watch: StateWatch, days: int, *, start: int = 0, hours: range = range(7, 23)
) -> list[Finding]:
    """Motion for two minutes, three times an hour, in these hours of each day."""
    found = []
    for minute in range(start * 1440, (start + days) * 1440):
        hour, of_hour = minute // 60 % 24, minute % 60
        on = hour in hours and of_hour % 20 < 2
        found.append(watch.update(float(on), minute * 60.0, minute * 60.0))
    return [one for one in found if one is not None]


def moves(watch: StateWatch, day: int, hour: float) -> Finding | None:
    """The finding when it comes on at this hour."""
    at = day * DAY + hour * HOUR
    watch.update(0.0, at - 60, at - 60)
    return watch.update(1.0, at, at)


def test_motion_at_night_for_the_first_time_in_weeks() -> None:
    watch = StateWatch(quiet=0)
    assert live(watch, 30) == []
    found = moves(watch, 30, 3.2)
    assert found is not None
    assert found.kind == "unusual_time"
    assert found.quiet_hours == (23, 7)
    assert found.known_days == 30
    assert 0.5 < found.confidence <= 1


def test_near_the_usual_hours_nothing_is_said_nor_before_a_fortnight() -> None:
    watch = StateWatch(quiet=0)
    live(watch, 30)
    assert moves(watch, 30, 6.5) is None
    young = StateWatch(quiet=0)
    live(young, 10)
    assert moves(young, 10, 3.2) is None


def test_it_is_not_said_each_time_and_becomes_a_habit() -> None:
    watch = StateWatch(quiet=0)
    live(watch, 30)
    said = []
    for day in range(30, 37):
        said.append([moves(watch, day, 3.0), moves(watch, day, 3.1)])
        live(watch, 1, start=day)
    kinds = [[one is not None for one in day] for day in said]
    assert kinds[0] == [True, False]
    assert not any(any(day) for day in kinds[1:])


def test_it_is_said_again_after_some_days() -> None:
    watch = StateWatch(quiet=0)
    live(watch, 30)
    assert moves(watch, 30, 3.0) is not None
    live(watch, 7, start=30)
    assert moves(watch, 37, 3.0) is not None


def test_hours_that_are_empty_by_chance_are_no_habit() -> None:
    watch, rng = StateWatch(quiet=0), random.Random(1)
    found = []
    for day in range(60):
        if rng.random() < 0.3:
            found.append(moves(watch, day, rng.uniform(0, 24)))
        for hour in range(24):
            watch.update(0.0, day * DAY + hour * HOUR + 1800, day * DAY + hour * HOUR + 1800)
    assert [one for one in found if one and one.kind == "unusual_time"] == []


def test_the_first_time_ever() -> None:
    watch = StateWatch(quiet=0)
    live(watch, 20, hours=range(0))
    found = moves(watch, 20, 15)
    assert found is not None
    assert found.kind == "first_time"


def test_a_door_that_stays_open_and_is_shut() -> None:
    watch = StateWatch(quiet=0)
    live(watch, 20)
    begun = 20 * DAY + 12 * HOUR
    found = [watch.update(1.0, begun + minute * 60, begun + minute * 60) for minute in range(180)]
    said = [one for one in found if one is not None]
    assert [one.kind for one in said] == ["long_lasting"]
    assert said[0].seconds == pytest.approx(1800, abs=120)
    shut = watch.update(0.0, begun + 3 * HOUR, begun + 3 * HOUR)
    assert shut is not None
    assert (shut.kind, shut.value, shut.seconds) == ("recovered", 0.0, 3 * HOUR)


def test_what_was_learned_survives() -> None:
    watch = StateWatch(quiet=0)
    live(watch, 30)
    kept = watch.learned()
    again = StateWatch(quiet=0, learned=StateLearned(kept.days, kept.limits))
    found = moves(again, 30, 3.2)
    assert found is not None
    assert found.kind == "unusual_time"
