"""A year in a minute: an event loop whose time goes on only when nothing is left to do.

Whoever sleeps wakes up at once, at the moment it asked for, in order. Threads run inline: nothing
goes on while time stands still.
"""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from herdbook.clock import Quality


class SimulatedLoop(asyncio.SelectorEventLoop):
    """`time` is seconds since it was made."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Skipping(self._skip))
        self.set_default_executor(Inline())
        # asyncio's own, a nanosecond, is less than what a float can tell after half a year: what is
        # due just now would be due never, as this time does not go on by itself.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._now

    def _skip(self, seconds: float) -> None:
        self._now += seconds


class SimulatedClock:
    """See `herdbook.clock.Clock`: a machine switched on at `start_ms`, and well synchronised."""

    def __init__(self, loop: SimulatedLoop, start_ms: int) -> None:
        self._loop = loop
        self._start_ms = start_ms

    def wall_ms(self) -> int:
        return self._start_ms + self.monotonic_ms()

    def monotonic_ms(self) -> int:
        return round(self._loop.time() * 1000)

    def quality(self) -> Quality:
        return "synced"


class Inline(ThreadPoolExecutor):
    """What is submitted is done when `submit` returns."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__(1)

    def submit[**P, R](self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        done: Future[R] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 # it is raised where the result is asked for
            done.set_exception(error)
        return done


class InlineReading:
    """See `herdbook.alpaca.reading_thread.ReadingThread`."""

    def __init__(self, _name: str) -> None:
        self._executor = Inline()

    def run[R](self, function: Callable[[], R]) -> asyncio.Future[R]:
        return asyncio.wrap_future(self._executor.submit(function))

    def close(self) -> None:
        """There is no thread."""


class _Skipping(selectors.DefaultSelector):
    def __init__(self, skip: Callable[[float], None]) -> None:
        super().__init__()
        self._skip = skip

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        ready = super().select(0)
        if not ready and timeout != 0:
            if timeout is None:
                raise RuntimeError("Nothing is left to do, and nothing to wait for.")
            self._skip(timeout)
        return ready
