"""What has to be done whole at the end, though whoever does it is told to stop.

A task group that ends by an error while its task is being cancelled asks for the cancellation
again: the next thing that is waited for would be cut short, and the error be lost with it.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


async def to_its_end[T](work: Coroutine[Any, Any, T]) -> T:
    """What comes of it, or is raised by it. To be cancelled meanwhile changes nothing.

    For use where the caller ends in any case: it is not told of the cancellation afterwards.
    """
    task = asyncio.create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    return task.result()
