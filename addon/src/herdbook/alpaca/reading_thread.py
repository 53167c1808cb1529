"""The thread that reads one sensor, and that keeps nobody from stopping.

Python waits at its end for the threads of its own executors, and a sensor may hang for ever: a node
with one could be stopped by force only.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from threading import Thread


class ReadingThread:
    """One thread, begun when it is first needed: drivers may want to be used from one alone."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def run[R](self, function: Callable[[], R]) -> asyncio.Future[R]:
        """Call a function there, after those before; what becomes of it, for this event loop."""
        if self._thread is None:
            self._thread = Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        future: Future[R] = Future()
        self._tasks.put(partial(_carry_out, future, function))
        return asyncio.wrap_future(future)

    def close(self) -> None:
        """End it after what it was given; nobody waits for that."""
        self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()


def _carry_out[R](future: Future[R], function: Callable[[], R]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    here = os.getpid()
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - whoever waits is told
        _end_a_copy(here)
        future.set_exception(error)
    else:
        _end_a_copy(here)
        future.set_result(result)


def _end_a_copy(of: int) -> None:
    """A sensor may have forked: what comes back in its child would go on as half a node."""
    if os.getpid() != of:
        os._exit(0)
