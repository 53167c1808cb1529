from collections.abc import Callable

import pytest

from herdbook.crypto.calibration import TARGET_S, calibrate, memory_limit_kib
from herdbook.crypto.kdf import (
    MEMORY_CAP_KIB,
    MEMORY_FLOOR_KIB,
    TIME_CAP,
    TIME_FLOOR,
    KdfParameters,
)

FLOOR = KdfParameters(MEMORY_FLOOR_KIB, TIME_FLOOR, 1)
GIB = 1024**3


def _machine(mib_per_s: float, overhead_s: float = 0.0) -> Callable[[KdfParameters], float]:
    """A machine that fills so much memory in a second."""
    return lambda cost: overhead_s + cost.memory_kib * cost.time / 1024 / mib_per_s


@pytest.mark.parametrize(
    ("mib_per_s", "limit_mib"), [(400, 230), (800, 256), (2_700, 256), (1_500, 64)]
)
def test_it_comes_near_the_target(mib_per_s: float, limit_mib: int) -> None:
    machine = _machine(mib_per_s)
    chosen = calibrate(limit_mib * 1024, machine)
    assert TARGET_S / 1.6 <= machine(chosen) <= TARGET_S
    assert chosen.memory_kib <= limit_mib * 1024
    assert chosen.time == 3 or chosen.memory_kib == limit_mib * 1024


def test_a_slow_machine_gets_the_floor_and_is_measured_once() -> None:
    tried = []

    def measure(cost: KdfParameters) -> float:
        tried.append(cost)
        return 9.0

    assert calibrate(2**20, measure) == FLOOR
    assert tried == [FLOOR]


@pytest.mark.parametrize("speed", [10.0**n for n in range(-2, 9)])
@pytest.mark.parametrize("limit", [0, MEMORY_FLOOR_KIB, 118 * 1024, 2**30])
def test_it_stays_between_floor_and_cap_on_any_machine(speed: float, limit: int) -> None:
    tried = []

    def measure(cost: KdfParameters) -> float:
        tried.append(cost)
        return _machine(speed, 0.001)(cost)

    chosen = calibrate(limit, measure)
    for cost in (*tried, chosen):
        assert MEMORY_FLOOR_KIB <= cost.memory_kib <= max(MEMORY_FLOOR_KIB, min(limit, 524_288))
        assert TIME_FLOOR <= cost.time <= TIME_CAP
        assert cost.lanes == 1
    assert len(tried) <= 7
    assert max(measure(cost) for cost in tuple(tried)) <= max(2 * TARGET_S, measure(FLOOR))


def test_a_clock_that_stands_still_gives_the_floor() -> None:
    assert calibrate(MEMORY_CAP_KIB, lambda _cost: 0.0) == FLOOR


def test_a_machine_that_slows_down_is_given_less() -> None:
    answers = iter([0.01, 4.0, 1.2, 0.4])
    chosen = calibrate(256 * 1024, lambda _cost: next(answers, 0.4))
    assert chosen.memory_kib * chosen.time < 8 * FLOOR.memory_kib * FLOOR.time


@pytest.mark.parametrize(
    ("physical", "expected_mib"), [(GIB, 128), (int(1.85 * GIB), 236), (8 * GIB, 256), (0, 19)]
)
def test_an_eighth_of_the_memory_is_the_limit(physical: int, expected_mib: int) -> None:
    assert memory_limit_kib(physical) // 1024 == expected_mib
