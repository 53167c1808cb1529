"""An I²C bus as Adafruit's drivers want one, that several threads may use and nobody can hang on.

Owns the bus's device, its lock, and the time that one reading may take: some drivers wait for an
answer in a loop without end.
"""

import errno
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from adafruit_blinka.microcontroller.generic_linux.i2c import I2C  # type: ignore[import-untyped]

READING_S: Final = 3.0
_WAIT_S: Final = 0.1


class Bus:
    """Bus `number` of this machine; opened when it is first used, and again when it was lost."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._wire: Any = None
        self._lock = threading.Lock()
        self._chips: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)
        self._reading = threading.local()

    @contextmanager
    def reading(self, address: int) -> Iterator[None]:
        """One reading of a chip, from its first question to its last answer.

        No other reading of that chip goes on meanwhile. Raises `OSError` where the bus cannot be
        used, and from whatever the thread does within when it has taken `READING_S`.
        """
        with self._chips[address]:
            self._reading.until = time.monotonic() + READING_S
            self._opened()  # the drivers take a bus that is not there for a chip that is not
            yield

    def try_lock(self) -> bool:
        """Whether the bus is this thread's now; the drivers ask until it is."""
        self._check_time()
        return self._lock.acquire(timeout=_WAIT_S)

    def unlock(self) -> None:
        """Let others have it."""
        self._lock.release()

    def writeto(self, address: int, buffer: bytes, **span: Any) -> None:
        """See `busio.I2C`."""
        self._do("writeto", address, buffer, **span)

    def readfrom_into(self, address: int, buffer: bytearray, **span: Any) -> None:
        """See `busio.I2C`."""
        self._do("readfrom_into", address, buffer, **span)

    def writeto_then_readfrom(
        self, address: int, buffer_out: bytes, buffer_in: bytearray, **spans: Any
    ) -> None:
        """See `busio.I2C`."""
        self._do("writeto_then_readfrom", address, buffer_out, buffer_in, **spans)

    def _do(self, what: str, *arguments: object, **named: Any) -> None:
        self._check_time()
        try:
            getattr(self._opened(), what)(*arguments, **named)
        except OSError as error:
            if error.errno == errno.ENODEV:  # an adapter that was pulled out
                self._wire = None
            raise

    def _opened(self) -> Any:
        if self._wire is None:
            try:
                self._wire = I2C(self._number)
            except RuntimeError as error:  # it names no cause
                raise OSError(errno.ENOENT, f"there is no I²C bus {self._number}") from error
        return self._wire

    def _check_time(self) -> None:
        if time.monotonic() > getattr(self._reading, "until", float("inf")):
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
