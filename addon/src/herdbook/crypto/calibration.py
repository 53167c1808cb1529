"""Choosing what one guess at a password shall cost on this machine.

Pure: it is handed how long a derivation takes and how much memory may be used.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from herdbook.crypto.kdf import (
    MEMORY_CAP_KIB,
    MEMORY_FLOOR_KIB,
    TIME_CAP,
    TIME_FLOOR,
    KdfParameters,
)

TARGET_S: Final = 0.5
_PASSES: Final = 3
_STEP_KIB: Final = 1024
_TOLERANCE: Final = 1.5
_TRIES: Final = 6


def memory_limit_kib(physical: int) -> int:
    """How much memory a derivation may take on a machine with `physical` bytes of it.

    An eighth, at most 256 MiB: what a 2 GB Raspberry Pi can spare beside Home Assistant.
    """
    return max(MEMORY_FLOOR_KIB, min(256 * 1024, physical // 8 // 1024))


def calibrate(
    memory_limit_kib: int,
    measure: Callable[[KdfParameters], float],
    *,
    target_s: float = TARGET_S,
) -> KdfParameters:
    """The parameters whose derivation takes about `target_s` seconds, as `measure` tells.

    Memory comes first, as it is what costs an attacker's hardware most; passes only once memory is
    at its limit. A machine too slow for the floor gets the floor. Measures from the cheapest up, at
    most seven times, so that nothing it tries takes much longer than the target.
    """
    floor = KdfParameters(MEMORY_FLOOR_KIB, TIME_FLOOR, 1)
    limit = min(memory_limit_kib, MEMORY_CAP_KIB)
    chosen, seconds = floor, measure(floor)
    for _ in range(_TRIES):
        if seconds <= 0:
            break
        # What the target buys, in KiB times passes, if the cost stays as it was just measured.
        affordable = chosen.memory_kib * chosen.time * target_s / seconds
        better = _spend(affordable, limit)
        if better == chosen or target_s / _TOLERANCE <= seconds <= target_s:
            break
        # A cold start measures too slow, a warm cache too fast: never more than eightfold at once.
        step = min(affordable, 8 * chosen.memory_kib * chosen.time)
        chosen = _spend(step, limit)
        seconds = measure(chosen)
    while seconds > target_s * _TOLERANCE and chosen != floor:
        chosen = _spend(chosen.memory_kib * chosen.time / 2, limit)
        seconds = measure(chosen)
    return chosen


def _spend(affordable: float, limit: int) -> KdfParameters:
    memory = int(min(affordable / _PASSES, limit)) // _STEP_KIB * _STEP_KIB
    if memory < MEMORY_FLOOR_KIB:
        memory = MEMORY_FLOOR_KIB
    passes = int(affordable / memory)
    return replace(KdfParameters(memory, _PASSES, 1), time=max(TIME_FLOOR, min(passes, TIME_CAP)))
