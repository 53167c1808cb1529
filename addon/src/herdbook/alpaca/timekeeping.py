"""Logs, once the time is known and whenever it is known anew, how this boot's clocks stand."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

from herdbook.clock import Clock, Instant, now
from herdbook.eventlog.event import CLOCK
from herdbook.eventlog.timeline import Timekeeper

_LOOK_EVERY_S: Final = 10.0


async def keep_time(
    clock: Clock, log_event: Callable[[str, Struct, Instant], Awaitable[None]]
) -> None:
    """Look at the clock until cancelled."""
    keeper = Timekeeper()
    while True:
        instant = now(clock)
        payload = keeper.notice(*instant)
        if payload is not None:
            await log_event(CLOCK, payload, instant)
        await asyncio.sleep(_LOOK_EVERY_S)
