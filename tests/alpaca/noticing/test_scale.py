"""By how much or by how many times: what decides, and what it changes."""

import math
import random

import msgspec
import pytest

from herdbook.alpaca.noticing.finding import Finding
from herdbook.alpaca.noticing.lately import Lately
from herdbook.alpaca.noticing.numbers import NumberLearned, NumberWatch
from herdbook.alpaca.noticing.scale import Scale

HOUR = 3600


def price(hour: int, rng: random.Random) -> float:
    return 2.0 * math.exp(0.1 * math.sin(hour / 24 * 2 * math.pi) + rng.gauss(0, 0.3))


def feed(watch: NumberWatch, hours: range, times: float = 1.0) -> list[Finding]:
    rng = random.Random(hours.start + 5)
    found = []
    for hour in hours:
        one = watch.update(times * price(hour, rng), hour * HOUR, hour * HOUR)
        if one is not None:
            found.append(one)
    return found


def test_what_varies_by_times_is_told_from_what_varies_by_so_much() -> None:
    rng = random.Random(1)
    prices = [price(hour, rng) for hour in range(200)]
    warm = [20 + 3 * math.sin(hour / 24 * 2 * math.pi) + rng.gauss(0, 0.3) for hour in range(200)]
    by_times = Scale.chosen(list(zip(prices, prices[24:], strict=False)))
    assert by_times.unit > 0
    assert Scale.chosen(list(zip(warm, warm[24:], strict=False))) == Scale()
    below_nothing = [value - 2 for value in prices]
    assert not Scale.chosen(list(zip(below_nothing, below_nothing[24:], strict=False))).unit
    assert Scale.chosen([(1.0, 2.0)] * 10) == Scale(), "of few days nothing is known"


def test_half_is_as_far_as_twice_and_there_is_a_way_back() -> None:
    scale = Scale(0.01)
    assert scale.of(4) - scale.of(2) == pytest.approx(scale.of(2) - scale.of(1), abs=1e-4)
    for value in (-1.0, 0.0, 0.3, 7.0):
        assert scale.value(scale.of(value)) == pytest.approx(value)
        assert Scale().value(Scale().of(value)) == value


def test_hours_at_a_third_of_the_price_are_said_though_no_one_of_them_is_strange() -> None:
    watch = NumberWatch(spread=None, quiet=900)
    assert feed(watch, range(28 * 24)) == []
    scale = watch.learned().scale
    assert scale is not None
    assert scale.unit > 0
    restarted = msgspec.msgpack.decode(msgspec.msgpack.encode(watch.learned()), type=NumberLearned)
    assert restarted.scale == scale
    (found,) = feed(watch, range(28 * 24, 28 * 24 + 12), times=1 / 3)
    assert found.kind == "below_usual"
    assert found.usual is not None
    assert found.value is not None
    assert 0 < found.value < found.usual[0] < 2


def test_a_spread_that_means_something_keeps_the_unit() -> None:
    watch = NumberWatch(spread=0.1, quiet=900)
    feed(watch, range(10 * 24))
    assert watch.learned().scale == Scale()


def test_the_last_day_is_known_after_half_of_it_and_forgotten_after_it() -> None:
    lately = Lately()
    for hour in range(11):
        lately.add(hour, float(hour))
    assert lately.departure(11) is None
    lately.add(11, 100.0)
    assert lately.departure(12) == pytest.approx(5.5)
    assert lately.departure(30) is None
