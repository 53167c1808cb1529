"""Waiting: for a condition instead of for a time, and for several things at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine

from demo.errors import DemoError

_PAUSE = 0.05


async def until[T](
    condition: Callable[[], Awaitable[T]], what: str, *, seconds: float, fix: str = ""
) -> T:
    """Call `condition` until it gives something true, and return that.

    Raises `DemoError` naming `what` when that takes longer than `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        if value := await condition():
            return value
        if time.monotonic() > deadline:
            raise DemoError(f"Not within {seconds:g} seconds: {what}.", fix=fix)
        await asyncio.sleep(_PAUSE)


async def together(*jobs: Coroutine[None, None, None]) -> None:
    """Do several things at once; when one fails, cancel the others and raise its error."""
    try:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(job)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
