import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.house.baselines import (
    CAPACITY,
    DAY_S,
    FRESH_S,
    MINUTE_S,
    WARM_UP_S,
    WINDOW_S,
    Baseline,
    Departure,
)

SPEAKS_AFTER_S = FRESH_S + WARM_UP_S + MINUTE_S
values = st.floats(-1e6, 1e6)
series = st.lists(st.tuples(values, st.floats(0.1, 3600)), max_size=300)


def learned(
    spread: float = 1.0, quiet: float = 0.0, valid: tuple[float, float] | None = None
) -> Baseline:
    return Baseline(spread=spread, quiet=quiet, valid=valid)


def feed(
    baseline: Baseline, numbers: list[float], *, start: float = 0.0, step: float = MINUTE_S
) -> list[tuple[float, Departure]]:
    said = []
    for index, value in enumerate(numbers):
        departure = baseline.update(value, start + index * step)
        if departure:
            said.append((start + index * step, departure))
    return said


def calm(count: int, level: float = 20.0, noise: float = 0.2, seed: int = 1) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(level, noise) for _ in range(count)]


def test_nothing_is_said_before_it_has_learned() -> None:
    baseline = learned()
    assert feed(baseline, [20.0, 900.0] * 19) == []
    assert baseline.usual is None
    feed(baseline, calm(10), start=40 * MINUTE_S)
    assert baseline.usual is not None


def test_the_range_is_four_deviations_and_twice_that_on_the_first_day() -> None:
    baseline = learned(spread=0.5)
    feed(baseline, [20.0] * 45)
    assert baseline.usual == pytest.approx((16.0, 24.0), abs=0.05)
    feed(baseline, [20.0] * 1500, start=45 * MINUTE_S)
    assert baseline.usual == pytest.approx((18.0, 22.0), abs=0.01)


def test_a_rise_is_said_at_the_second_sample_and_once() -> None:
    baseline = learned()
    feed(baseline, calm(60))
    said = feed(baseline, [60.0] * 20, start=3600)
    assert [(at, departure.kind, departure.value) for at, departure in said] == [
        (3660, "above_usual", 60.0)
    ]


def test_a_single_strange_sample_is_not_said() -> None:
    baseline = learned()
    feed(baseline, calm(60))
    assert feed(baseline, [60.0, 20.0, -60.0, 20.0, 60.0, -60.0, 60.0], start=3600) == []


def test_what_begins_now_is_not_usual_yet() -> None:
    """A slow fall would otherwise drag the range along with it."""
    baseline = learned(spread=0.5)
    feed(baseline, [21.0] * 41)
    said = feed(baseline, [21.0 - 0.2 * minute for minute in range(30)], start=41 * MINUTE_S)
    assert [departure.kind for _, departure in said] == ["below_usual"]


def test_a_regime_that_takes_a_third_of_the_day_is_usual() -> None:
    baseline = learned(spread=0.5)
    day = [21.0] * 960 + [17.5] * 480
    feed(baseline, day * 2)
    assert feed(baseline, day, start=2 * DAY_S) == []


def test_a_configured_range_speaks_at_once() -> None:
    baseline = Baseline(spread=0.5, quiet=0, usual=(20.0, 90.0))
    departure = baseline.update(95.0, 0.0)
    assert departure == Departure("above_usual", 95.0, (20.0, 90.0), departure.confidence)  # type: ignore[union-attr]
    assert baseline.update(96.0, 1.0) is None
    below = baseline.update(5.0, 2.0)
    assert below is not None
    assert below.kind == "below_usual"


def test_the_limits_themselves_are_usual() -> None:
    baseline = Baseline(spread=0.5, quiet=0, usual=(20.0, 90.0))
    assert feed(baseline, [20.0, 90.0]) == []


def test_it_is_back_only_when_clearly_inside() -> None:
    baseline = Baseline(spread=0.5, quiet=0, usual=(0.0, 100.0))
    assert len(feed(baseline, [101.0, 99.0, 101.0, 96.0, 101.0])) == 1
    assert len(feed(baseline, [94.0, 101.0], start=10 * MINUTE_S)) == 1


def test_the_same_kind_is_not_said_again_within_the_quiet_time() -> None:
    baseline = Baseline(spread=0.5, quiet=900, usual=(0.0, 100.0))
    said = feed(baseline, [101.0, 50.0, -1.0, 50.0] * 15)
    assert [(at, departure.kind) for at, departure in said] == [
        (0, "above_usual"),
        (120, "below_usual"),
        (960, "above_usual"),
        (1080, "below_usual"),
        (1920, "above_usual"),
        (2040, "below_usual"),
        (2880, "above_usual"),
        (3000, "below_usual"),
    ]


def test_confidence_grows_with_what_is_known_and_with_the_distance() -> None:
    configured = Baseline(spread=0.5, quiet=0, usual=(0.0, 100.0))
    confidences = []
    for value in (100.001, 150.0, 200.0, 1000.0):
        departure = configured.update(value, 0.0)
        assert departure is not None
        confidences.append(departure.confidence)
        configured.update(50.0, 0.0)
    assert confidences == [0.5, 0.75, 0.88, 1.0]

    young, old = learned(), learned()
    feed(young, [20.0] * 60)
    feed(old, [20.0] * 1600)
    ((_, first),) = feed(young, [1000.0] * 2, start=3600)
    ((_, second),) = feed(old, [1000.0] * 2, start=96_000)
    assert first.confidence == pytest.approx(0.51, abs=0.01)
    assert second.confidence == 1.0


def test_what_is_older_than_a_week_is_forgotten() -> None:
    baseline = learned()
    feed(baseline, calm(120))
    feed(baseline, calm(120, level=300.0), start=WINDOW_S + DAY_S)
    assert baseline.usual is not None
    assert baseline.usual[0] > 250


def test_a_week_of_seconds_is_kept_in_bounded_memory() -> None:
    baseline = learned()
    for at in range(0, int(WINDOW_S), 7):
        baseline.update(20.0, at)
    past = baseline._past
    assert CAPACITY / 2 <= len(past._samples) <= CAPACITY
    assert len(past._fresh) <= FRESH_S / 5 + 1
    assert past.span > 0.9 * (WINDOW_S - FRESH_S)


@given(series, st.floats(0.01, 1e3), st.booleans())
def test_the_range_is_a_range_within_what_is_valid(
    samples: list[tuple[float, float]], spread: float, bounded: bool
) -> None:
    valid = (-1e6, 1e6) if bounded else None
    baseline = learned(spread, valid=valid)
    at = 0.0
    for value, later in samples:
        at += later
        departure = baseline.update(value, at)
        if (usual := baseline.usual) is not None:
            assert -math.inf < usual[0] <= usual[1] < math.inf
            if valid:
                assert valid[0] <= usual[0]
                assert usual[1] <= valid[1]
        if departure:
            assert 0 <= departure.confidence <= 1
            low, high = departure.usual
            assert (
                departure.value > high if departure.kind == "above_usual" else departure.value < low
            )


@given(series, st.floats(0, 5000))
def test_departures_of_a_kind_are_quiet_seconds_apart(
    samples: list[tuple[float, float]], quiet: float
) -> None:
    baseline = Baseline(spread=1, quiet=quiet, usual=(-10.0, 10.0))
    said: dict[str, list[float]] = {"above_usual": [], "below_usual": []}
    at = 0.0
    for value, later in samples:
        at += later
        if departure := baseline.update(value, at):
            said[departure.kind].append(at)
    for moments in said.values():
        assert all(later - earlier >= quiet for earlier, later in pairwise(moments))


@given(st.lists(values, min_size=2, max_size=200))
def test_between_two_departures_of_a_kind_the_value_was_elsewhere(numbers: list[float]) -> None:
    baseline = Baseline(spread=1, quiet=0, usual=(-100.0, 100.0))
    above: list[int] = []
    for index, value in enumerate(numbers):
        if (departure := baseline.update(value, index)) and departure.kind == "above_usual":
            above.append(index)
    assert all(min(numbers[first:second]) <= 100 for first, second in pairwise(above))


@settings(max_examples=50)
@given(
    st.lists(st.floats(-0.99, 0.99), min_size=100, max_size=100),
    st.floats(-1e3, 1e3),
    st.floats(0.1, 100),
)
def test_what_stays_within_a_spread_is_never_said(
    wiggles: list[float], level: float, spread: float
) -> None:
    baseline = learned(spread)
    assert feed(baseline, [level + wiggle * spread for wiggle in wiggles]) == []


@given(values, st.integers(0, 99))
def test_no_single_sample_leaves_a_learned_range(strange: float, position: int) -> None:
    numbers = [50.0] * 100
    numbers[position] = strange
    assert feed(learned(), numbers) == []


def test_what_is_far_beyond_the_ordinary_but_not_beyond_all_that_was_seen_is_not_said() -> None:
    baseline = learned()
    feed(baseline, [*calm(60), 100.0, 100.0, *calm(60)])
    assert feed(baseline, [100.0] * 5, start=123 * MINUTE_S) == []
    assert feed(baseline, [700.0] * 5, start=128 * MINUTE_S) != []


def test_without_a_spread_it_takes_two_days_and_a_tenth_of_what_there_is() -> None:
    baseline = Baseline(spread=None, quiet=0)
    feed(baseline, calm(47), step=3600)
    assert baseline.usual is None
    feed(baseline, calm(3), start=47 * 3600, step=3600)
    assert baseline.usual is not None
    assert baseline.usual[1] - baseline.usual[0] < 4
