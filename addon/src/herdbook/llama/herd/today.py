"""Telling listeners of the day's counts. Owns how often."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from herdbook.errors import StorageError
from herdbook.house.book import HouseBook, Today

_AT_MOST_EVERY_S: Final = 1.0
_LOOK_EVERY_S: Final = 30.0  # so that a new day is noticed in a house where nothing happens

_LOGGER = logging.getLogger(__name__)


class TodayWatch:
    """Gives `notify` the day's counts when they or the day changed, at most once a second."""

    def __init__(self, book: HouseBook, notify: Callable[[Today], None]) -> None:
        self._book = book
        self._notify = notify
        self._changed = asyncio.Event()

    def mark(self) -> None:
        """The counts may have changed."""
        self._changed.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        told: Today | None = None
        while True:
            self._changed.clear()
            try:
                today = await self._book.today()
            except StorageError as error:
                _LOGGER.warning("Cannot count the day: %s", error)
            else:
                if today != told:
                    told = today
                    self._notify(today)
            await asyncio.sleep(_AT_MOST_EVERY_S)
            try:
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._changed.wait()
            except TimeoutError:
                continue
