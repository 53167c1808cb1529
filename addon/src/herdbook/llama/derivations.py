"""Key derivations on a small machine: one at a time, never on the event loop, limited where they
test a secret, and at a cost that was measured here.
"""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Final

from herdbook.crypto.calibration import calibrate, memory_limit_kib
from herdbook.crypto.kdf import KdfParameters, derive_key, new_salt
from herdbook.errors import Busy, HerdbookError, WrongSecret
from herdbook.llama.attempts import Attempts

WAITING_LIMIT: Final = 4
"""Derivations that run or wait; a second or two until one's own turn."""


class Derivations:
    """Runs what derives keys. `attempts` limits how often a name's secret may be tried."""

    def __init__(self, attempts: Attempts, parameters: KdfParameters | None = None) -> None:
        """`parameters` are the cost of new keys; without them it is measured when first needed."""
        self.attempts = attempts
        self._parameters = parameters
        self._one = asyncio.Lock()
        self._waiting = 0

    async def run[T](self, work: Callable[[], T]) -> T:
        """What `work` returns, run in a thread once all before it are done. Raises `Busy`."""
        self._check_room()
        self._waiting += 1
        try:
            async with self._one:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1

    def _check_room(self) -> None:
        # Each takes long, and strangers may ask too: a queue without end would keep people out.
        if self._waiting >= WAITING_LIMIT:
            raise Busy(
                "Too many people sign in or make keys at this moment.",
                fix="Try again in a few seconds.",
            )

    async def test[T](self, name: str, work: Callable[[], T]) -> T:
        """`run` something that tests a secret of a name; it counts as wrong until it has ended.

        Raises `TooManyAttempts`, `Busy`, and what `work` raises: `WrongSecret` goes on counting,
        and so does being turned away here, or a crowd could be used to begin anew.
        """
        self._check_room()  # before it counts: being turned away is no attempt
        await self.attempts.count(name)
        try:
            result = await self.run(work)
        except (WrongSecret, Busy):
            raise
        except HerdbookError:
            await self.attempts.forget(name)
            raise
        await self.attempts.forget(name)
        return result

    async def parameters(self) -> KdfParameters:
        """The cost of new keys on this machine."""
        if self._parameters is None:
            self._parameters = await self.run(
                lambda: calibrate(memory_limit_kib(_physical_memory()), _measure)
            )
        return self._parameters


def _physical_memory() -> int:
    """In bytes; 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return 0


def _measure(parameters: KdfParameters) -> float:
    """Seconds of one derivation, not counting those in which others had the processor."""
    started = time.thread_time()
    derive_key("a password of usual length", new_salt(), parameters)
    return time.thread_time() - started
