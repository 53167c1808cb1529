"""Running until stopped, and with which code a process ends."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from typing import Final

from herdbook.cli.plain import plain
from herdbook.errors import ConfigError, HerdbookError

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
"""Something that is needed is not there now, or does not work: trying again may help."""
EXIT_REFUSED: Final = 2
"""What we were told or given cannot work; starting again will not help."""
EXIT_INTERRUPTED: Final = 130
"""Ctrl-C, as shells have it."""


def until_stopped(work: Coroutine[object, object, None]) -> int:
    """Run until it ends by itself, or SIGINT, SIGTERM or a closed terminal cancels it.

    That is a clean end, which takes its time: whoever asks again does not cut it short.
    """

    async def run() -> int:
        task = asyncio.create_task(work)
        loop = asyncio.get_running_loop()

        asked = asyncio.Event()

        def stop() -> None:
            if not asked.is_set():
                asked.set()
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # as “nohup” has it
                loop.add_signal_handler(number, stop)
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return EXIT_DONE

    try:
        return asyncio.run(run())
    except* HerdbookError as group:
        # A task group of a part gives a group; the first error is the one that ended the rest.
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        print(f"herdbook: {plain(str(error))}", file=sys.stderr)
    return EXIT_REFUSED if isinstance(error, ConfigError) else EXIT_FAILED
