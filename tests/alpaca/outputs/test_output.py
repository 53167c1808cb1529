"""What a command means, and that nothing else means anything."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from herdbook.alpaca.outputs.config import MqttOutput
from herdbook.alpaca.outputs.output import Bounds, Output, output_of
from herdbook.errors import InputError

SWITCH = Output("plug", "Plug", None, safe=False, loss_after=60, max_on=None)
NUMBER = Output("valve", "Valve", None, 5.0, 60, None, Bounds(5, 30, 0.5, "°C"))


@pytest.mark.parametrize(("payload", "value"), [(b"ON", True), (b"OFF", False)])
def test_a_switch(payload: bytes, value: bool) -> None:
    assert SWITCH.parsed(payload) is value
    assert SWITCH.state(value).encode() == payload


@pytest.mark.parametrize(
    ("payload", "value"), [(b"5", 5), (b"30.0", 30), (b"21.3", 21.5), (b"21.2", 21), (b"5.249", 5)]
)
def test_a_number_is_set_to_the_nearest_step(payload: bytes, value: float) -> None:
    assert NUMBER.parsed(payload) == value


@given(st.binary(max_size=64))
@example(b"")
@example(b"on")
@example(b"ON\n")
@example(b"ON\x00")
@example(b"\xff\xfe")
@example("ＯＮ".encode())
@example(b"ON" * 200_000)
def test_nothing_else_switches(payload: bytes) -> None:
    if payload in {b"ON", b"OFF"}:
        return
    with pytest.raises(InputError) as refused:
        SWITCH.parsed(payload)
    assert len(str(refused.value)) < 300
    assert str(refused.value).isprintable()


@given(
    st.binary(max_size=40)
    | st.text(max_size=12).map(str.encode)
    | st.floats().map(repr).map(str.encode)
)
@example(b"nan")
@example(b"inf")
@example(b"-inf")
@example(b"1e1")
@example(b"0x10")
@example(b"1_0")
@example("１０".encode())
@example(b" 10")
@example(b"10\n")
@example(b"10.")
@example(b"[10]")
@example(b"1" * 300_000)
@example(b"4.9999")
@example(b"30.1")
def test_no_other_number_is_set(payload: bytes) -> None:
    plain = len(payload) <= 32 and re.fullmatch(rb"-?[0-9]{1,10}(\.[0-9]{1,6})?", payload)
    if plain and 5 <= float(payload) <= 30:
        assert 5 <= NUMBER.parsed(payload) <= 30
        return
    with pytest.raises(InputError) as refused:
        NUMBER.parsed(payload)
    assert str(refused.value).isprintable()


@st.composite
def numbers(draw: st.DrawFn) -> Output:
    low = draw(st.floats(-1e9, 1e9 - 1))
    high = draw(st.floats(low + 0.01, 1e9))
    step = draw(st.floats(0.001, high - low))
    return Output("n", "N", None, low, 60, None, Bounds(low, high, step, None))


@given(numbers(), st.floats(0, 1))
def test_whatever_the_bounds_it_is_within_them_and_near(output: Output, part: float) -> None:
    assert output.bounds is not None
    low, high, step, _ = (output.bounds.low, output.bounds.high, output.bounds.step, None)
    wanted = min(high, max(low, low + part * (high - low)))
    value = output.checked(wanted)
    assert low <= value <= high
    assert abs(value - wanted) <= step + 1e-6
    assert float(output.state(value)) == pytest.approx(value, abs=1e-6)


def test_values_from_elsewhere_are_checked_too() -> None:
    for value in (1, 0.0, "ON", None):
        with pytest.raises(InputError):
            SWITCH.checked(value)  # type: ignore[arg-type]
    for value in (True, float("nan"), float("inf"), -1):
        with pytest.raises(InputError):
            NUMBER.checked(value)


def test_of_a_table() -> None:
    config = MqttOutput("valve", "Valve", "valve/set", min=5, max=30, step=0.5, unit="°C", safe=5.0)
    assert output_of(config) == NUMBER
    assert output_of(MqttOutput("plug", "Plug", "plug/set")) == SWITCH
    assert output_of(MqttOutput("plug", "Plug", "plug/set", safe="on")).safe is True
