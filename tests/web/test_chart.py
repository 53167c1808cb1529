"""Readings as shapes."""

import re

import pytest

from herdbook.house.rollup import HOUR_MS, Rollup
from herdbook.web.chart import Span, draw, spark


def hour(number: int, least: float, mean: float, most: float) -> Rollup:
    return Rollup(number * HOUR_MS, 10, least, most, mean)


DAY = Span(0, 24 * HOUR_MS, HOUR_MS, [0, 12 * HOUR_MS, 24 * HOUR_MS])


def numbers(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path)]


def test_everything_lies_within_the_plot() -> None:
    points = [hour(number, 10 - number, 15 + number / 3, 20 + number) for number in range(24)]
    chart = draw(points, DAY, 720, 300, share=False)
    for path in (chart.band, chart.line):
        assert all(chart.left <= x <= chart.right for x in numbers(path)[::2])
        assert all(chart.top <= y <= chart.bottom for y in numbers(path)[1::2])
    assert chart.levels[0].value <= -13
    assert chart.levels[-1].value >= 43
    assert [tick.at for tick in chart.times] == [
        chart.left,
        (chart.left + chart.right) / 2,
        chart.right,
    ]


def test_higher_is_further_up_and_later_is_further_right() -> None:
    chart = draw([hour(1, 1, 1, 1), hour(2, 5, 5, 5)], DAY, 720, 300, share=False)
    x1, y1, x2, y2 = numbers(chart.line)
    assert (x2 > x1, y2 < y1) == (True, True)


def test_where_nothing_was_read_there_is_a_gap_and_one_reading_is_a_dot() -> None:
    points = [hour(number, 1, 2, 3) for number in (0, 1, 2, 8, 14, 15)]
    chart = draw(points, DAY, 720, 300, share=False)
    assert chart.line.count("M") == 2
    assert (chart.dots.count("M"), chart.dots.count("h0")) == (1, 1)
    assert chart.band.count("Z") == 3
    assert spark(points, 0, 24 * HOUR_MS).count("M") == 3
    assert spark([], 0, 1) == ""


@pytest.mark.parametrize("number", [0, 8, 23])
@pytest.mark.parametrize("share", [False, True])
def test_the_band_of_a_single_point_is_wide_enough_to_be_seen(number: int, share: bool) -> None:
    chart = draw([hour(number, 0.1, 0.5, 0.9)], DAY, 350, 240, share=share)
    across = numbers(chart.band)[::2]
    assert max(across) - min(across) >= 2
    assert chart.left <= min(across) <= numbers(chart.dots)[0] <= max(across) <= chart.right
    assert chart.line == ""


@pytest.mark.parametrize(
    ("value", "widest"), [(20.0, "19.0"), (1_234_567.0, "1,234,567.5"), (-98_765.4, "-98,766.0")]
)
def test_what_stands_beside_a_level_has_room(value: float, widest: str) -> None:
    chart = draw([hour(1, value, value, value)], DAY, 350, 240, share=False)
    room = chart.left - 6  # the text ends there
    assert room >= 6.7 * len(widest), "a digit of 12 pixels is that wide"
    assert room <= 8 * len(widest) or chart.left == 46


@pytest.mark.parametrize(
    ("low", "high", "decimals"),
    [(0, 100, 0), (19.8, 22.3, 0), (0.01, 0.02, 4), (5, 5, 1), (-3, -1, 1), (1000, 90_000, 0)],
)
def test_levels_are_few_and_round(low: float, high: float, decimals: int) -> None:
    chart = draw([hour(1, low, low, high)], DAY, 350, 240, share=False)
    levels = [tick.value for tick in chart.levels]
    assert 3 <= len(levels) <= 7
    assert levels[0] <= low
    assert levels[-1] >= high
    assert chart.decimals == decimals
    assert len({f"{level:.{chart.decimals}f}" for level in levels}) == len(levels)


def test_a_share_goes_from_none_to_all() -> None:
    chart = draw([hour(1, 0, 0.25, 1), hour(2, 0, 0.5, 1)], DAY, 720, 300, share=True)
    assert [tick.value for tick in chart.levels] == [0, 0.5, 1]
    assert numbers(chart.line)[1] == pytest.approx(
        chart.bottom - (chart.bottom - chart.top) / 4, abs=0.1
    )
