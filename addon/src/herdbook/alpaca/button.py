"""“Observe now”: a button that anybody at the broker may press, and nobody may hold down.

Owns what counts as pressing it. What it does runs beside, one at a time, so that whoever presses
keeps no other message waiting.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from herdbook.alpaca.part import PRESS
from herdbook.clock import Clock
from herdbook.errors import HerdbookError
from herdbook.log import PacedLog

_PAUSE_S: Final = 2.0

_log = logging.getLogger(__name__)


class Button:
    """Call `press` with what arrives; `run` does it."""

    def __init__(self, action: Callable[[], Awaitable[object]], clock: Clock) -> None:
        self._action = action
        self._paced = PacedLog(_log, clock)
        self._pressed = asyncio.Event()

    async def press(self, payload: bytes, retained: bool) -> None:
        """A message came. Pressed again before it was done, it is done once more and not twice."""
        if retained:
            self._paced.warning(
                "retained",
                "A retained “Observe now” is ignored: it would be pressed again at each connection."
                " Publish it without retain.",
            )
        elif payload != PRESS.encode():
            self._paced.warning(
                "payload", f"“Observe now” understands {PRESS}, not {payload[:40]!r}."
            )
        else:
            self._pressed.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._pressed.wait()
            self._pressed.clear()
            try:
                await self._action()
            except HerdbookError as error:
                self._paced.warning(error.code, f"“Observe now” failed: {error}")
            await asyncio.sleep(_PAUSE_S)
