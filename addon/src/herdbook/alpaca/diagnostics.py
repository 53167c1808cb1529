"""What Home Assistant is told of the node's own state, beside its sensors.

Owns how good its clock is, how much of its share of the disk the log takes, and which version there
is. Nobody outside the home is asked for the newest version: it is what the Llama says it runs.
"""

import asyncio
import logging
import re
from typing import Final, Protocol

import msgspec

from herdbook import __version__
from herdbook.alpaca.part import CLOCK_QUALITY, CLOCK_STATES, LOG_SHARE, UPDATE
from herdbook.alpaca.record import Record
from herdbook.clock import Clock
from herdbook.errors import StorageError
from herdbook.eventlog.retention import Retention
from herdbook.log import PacedLog

_LOOK_EVERY_S: Final = 10.0
_NUMBERS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")

_log = logging.getLogger(__name__)


class Display(Protocol):
    """The part of `herdbook.alpaca.line.Line` that is used here."""

    def diagnostic(self, part_id: str, state: str) -> None:
        """What one of `herdbook.alpaca.part.common_parts` shows now."""


class Diagnostics:
    """Shows each state when it changes."""

    def __init__(self, record: Record, retention: Retention, clock: Clock) -> None:
        self._record = record
        self._retention = retention
        self._clock = clock
        self._paced = PacedLog(_log, clock)
        self._llama_version = ""
        self._shown: dict[str, str] = {}
        self._news = asyncio.Event()

    def llama(self, version: str) -> None:
        """The node's Llama says which version it is."""
        if version != self._llama_version:
            self._llama_version = version
            self._news.set()

    async def run(self, display: Display) -> None:
        """Look every ten seconds, until cancelled."""
        while True:
            self._show(display, CLOCK_QUALITY, CLOCK_STATES[self._clock.quality()])
            self._show(display, UPDATE, update_state(__version__, self._llama_version))
            try:
                share = await self._record.call(
                    lambda: self._record.log.share_used(self._retention)
                )
            except StorageError as error:
                self._paced.warning("share", f"The size of the log is not known: {error}")
            else:
                self._show(display, LOG_SHARE, f"{share * 100:.0f}")
            try:
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._news.wait()
            except TimeoutError:
                continue
            self._news.clear()

    def _show(self, display: Display, part_id: str, state: str) -> None:
        if self._shown.get(part_id) != state:
            self._shown[part_id] = state
            display.diagnostic(part_id, state)


def update_state(installed: str, llama: str) -> str:
    """The update entity's state: the Llama's version is the latest if it is a higher one."""
    latest = llama if _numbers(llama) > _numbers(installed) else installed
    return msgspec.json.encode({"installed_version": installed, "latest_version": latest}).decode()


def _numbers(version: str) -> tuple[int, ...]:
    """The release's numbers; none of what is no version."""
    match = _NUMBERS.match(version)
    return tuple(int(number) for number in match[0].split(".")) if match else ()
