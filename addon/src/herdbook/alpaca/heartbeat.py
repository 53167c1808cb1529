"""Tells systemd that a node is alive, for as long as it is: a node that hangs is started again.

It is alive while the event loop turns, or this would not run, and while every sampler does. One
slow or broken sensor is no reason to begin anew: its sampler goes on, and says so.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from herdbook.clock import Clock
from herdbook.systemd import Supervisor

_EVERY_S: Final = 10.0
_GRACE_MS: Final = 60_000
"""For a disk that is slow to take what was read, or a machine that stood still."""


class Turning(Protocol):
    """What has to go round: a `herdbook.alpaca.sampler.Sampler`."""

    @property
    def turned_ms(self) -> int:
        """When it last did, by the monotonic clock."""

    @property
    def interval(self) -> float:
        """Seconds from one turn to the next."""


async def beat(
    supervisor: Supervisor,
    samplers: Sequence[Turning],
    clock: Clock,
    trouble: Callable[[], str | None],
) -> None:
    """Do it until cancelled, which is told as the stop it is. `trouble` is why it is alone."""
    every_s = min(_EVERY_S, (supervisor.watchdog_s or _EVERY_S * 2) / 2)
    try:
        while True:
            stuck = sum(_is_stuck(sampler, clock) for sampler in samplers)
            if not stuck:
                supervisor.alive()
            supervisor.status(_status(len(samplers), stuck, trouble()))
            await asyncio.sleep(every_s)
    finally:
        supervisor.stopping()


def _is_stuck(sampler: Turning, clock: Clock) -> bool:
    return clock.monotonic_ms() - sampler.turned_ms > sampler.interval * 1000 + _GRACE_MS


def _status(samplers: int, stuck: int, trouble: str | None) -> str:
    sensors = f"{samplers} sensor{'' if samplers == 1 else 's'}"
    if stuck:
        return f"{stuck} of {sensors} hang."
    return f"Reading {sensors}." if trouble is None else f"Reading {sensors}. {trouble}"
