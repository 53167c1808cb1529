"""adjtimex(2) as its manual page has it: asked with no mode, it fills in and changes nothing."""

from typing import Any

import pytest

import herdbook.clock
from herdbook.clock import UNSYNCED_US, Timex

TIME_OK, TIME_ERROR, FORBIDDEN = 0, 5, -1


class Kernel:
    """A machine's clock discipline; `use` puts it in the place of the real one."""

    def __init__(self) -> None:
        self.maxerror = UNSYNCED_US
        self.state = TIME_ERROR

    def adjtimex(self, buffer: Any) -> int:
        timex = buffer._obj
        assert isinstance(timex, Timex)
        assert timex.modes == 0
        if self.state != FORBIDDEN:
            timex.maxerror = self.maxerror
        return self.state

    def sync(self, maxerror: int = 30_000, state: int = TIME_OK) -> None:
        """An NTP client has an answer, which may be wrong by so many microseconds."""
        self.maxerror, self.state = maxerror, state

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(herdbook.clock, "_libc", self)
