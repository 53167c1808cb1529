from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from herdbook.alpaca.conditioning import Conditioning, said_every
from herdbook.alpaca.sensors.measurement import Measurement

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


def conditioning(
    *, smoothing: int = 1, deadband: float = 0.0, interval: float = 10
) -> Conditioning:
    measurement = Measurement("t", "Kettle", smoothing=smoothing, deadband=deadband)
    return Conditioning(measurement, interval=10)


def test_one_wild_value_disappears_and_a_step_passes() -> None:
    three = conditioning(smoothing=3)
    assert [three.smoothed(value) for value in (20, 20, 85, 20, 30, 30)] == [20, 20, 20, 20, 30, 30]


def test_a_fault_begins_smoothing_anew() -> None:
    five = conditioning(smoothing=5)
    for value in (1, 1, 1):
        five.smoothed(value)
    five.failed()
    assert five.smoothed(9) == 9


@given(VALUES, st.sampled_from([1, 3, 5, 15]))
def test_smoothing_says_only_what_was_read(values: list[float], smoothing: int) -> None:
    condition = conditioning(smoothing=smoothing)
    for count, value in enumerate(values, 1):
        last = values[max(0, count - smoothing) : count]
        smoothed = condition.smoothed(value)
        assert smoothed in last
        if len(last) % 2:
            assert smoothed == median(last)


@given(VALUES, st.floats(0.001, 1e5))
def test_what_is_not_said_is_close_to_what_was(values: list[float], deadband: float) -> None:
    condition = conditioning(deadband=deadband)
    said, said_at = None, 0
    for number, value in enumerate(values):
        if condition.is_news(value, number * 10_000):
            said, said_at = value, number
        assert said is not None
        assert abs(value - said) < deadband
        assert number - said_at < 30, "at least every five minutes"


def test_without_a_deadband_everything_is_said() -> None:
    condition = conditioning()
    assert all(condition.is_news(1.0, at) for at in range(5))


def test_after_a_fault_the_value_is_said_again() -> None:
    condition = conditioning(deadband=5)
    assert condition.is_news(1.0, 0)
    assert not condition.is_news(1.0, 1)
    condition.failed()
    assert condition.is_news(1.0, 2)


def test_expiry_knows_of_the_silence() -> None:
    assert said_every(Measurement("t", "T"), 30) == 30
    assert said_every(Measurement("t", "T", deadband=1), 30) == 300
    assert said_every(Measurement("t", "T", deadband=1), 900) == 900
