from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path

import pytest

from herdbook.house.book import HouseBook
from tests.eventlog.samples import SYNCED_MS
from tests.fakes.clock import ManualClock
from tests.house.household import Teller


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SYNCED_MS + 86_400_000)


@pytest.fixture
async def book(tmp_path: Path, clock: ManualClock) -> AsyncIterator[HouseBook]:
    opened = await HouseBook.open(tmp_path, clock, UTC)
    yield opened
    await opened.close()


@pytest.fixture
async def hallway(book: HouseBook) -> Teller:
    teller = Teller(book)
    await teller.join()
    return teller
