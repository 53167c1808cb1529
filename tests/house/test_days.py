"""Days of households whose clocks are not whole hours from UTC, or are put forward and back."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

import pytest

from herdbook.eventlog.event import encode_payload
from herdbook.house.book import DAY_MS, HouseBook
from herdbook.house.rollup import HOUR_MS
from tests.eventlog.samples import numbered
from tests.fakes.clock import ManualClock
from tests.house.household import Teller

# Each with a day on which its clocks are set, where they are in 2026.
PLACES = [
    ("Asia/Kolkata", date(2026, 11, 1)),  # +05:30
    ("Asia/Kathmandu", date(2026, 11, 1)),  # +05:45
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # +11:00 to +10:30
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/St_Johns", date(2026, 3, 8)),  # −03:30 to −02:30
    ("Pacific/Chatham", date(2026, 9, 27)),  # +12:45 to +13:45
    ("Atlantic/Azores", date(2026, 10, 25)),  # midnight comes twice
    ("Europe/Amsterdam", date(2026, 3, 29)),  # 23 hours
    ("Europe/Amsterdam", date(2026, 10, 25)),  # 25 hours
]
STEP_MS = 7 * 60_000 + 13


@pytest.fixture(params=PLACES, ids=lambda place: f"{place[0]} {place[1]:%m-%d}")
def place(request: pytest.FixtureRequest) -> tuple[ZoneInfo, date]:
    name, day = request.param
    return ZoneInfo(name), day


def samples(day: date) -> Iterator[tuple[int, float]]:
    """Four days around one, a value all seven minutes."""
    begun = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000) - 2 * DAY_MS
    for number, at in enumerate(range(begun, begun + 4 * DAY_MS, STEP_MS)):
        yield at, float(number * 37 % 101)


async def test_each_reading_counts_on_its_own_day(
    tmp_path: Path, place: tuple[ZoneInfo, date]
) -> None:
    zone, around = place
    told = list(samples(around))
    clock = ManualClock(told[-1][0] + DAY_MS)
    book = await HouseBook.open(tmp_path, clock, zone)
    teller = Teller(book)
    await teller.join()
    by_day: dict[date, list[tuple[int, float]]] = {}
    for at, value in told:
        by_day.setdefault(datetime.fromtimestamp(at / 1000, zone).date(), []).append((at, value))
    for first in range(0, len(told), 60):
        await teller.measure(*told[first : first + 60])
    await teller.tell(
        *(
            teller.event(wall_ms=at, payload=encode_payload(numbered(number)))
            for number, (at, _) in enumerate(told[::9], 1)
        )
    )
    series = await teller.series()
    days = await book.by_day(series.id, told[0][0] - HOUR_MS, told[-1][0] + HOUR_MS)
    assert len(days) == len(by_day)
    for found, (day, its) in zip(days, by_day.items(), strict=True):
        assert datetime.fromtimestamp(found.start_ms / 1000, zone).date() == day
        values = [value for _, value in its]
        assert (found.count, found.least, found.most) == (len(its), min(values), max(values))
        assert found.mean == pytest.approx(fmean(values))
        clock.wall = its[-1][0]
        today = await book.today()
        assert (today.day, today.readings) == (day, len(its))
        noticed = [at for at, _ in told[::9] if (at, dict(its).get(at)) in its]
        assert today.observations == len(noticed)
        assert len(await book.observations(day)) == len(noticed)
    hours = await book.by_hour(series.id, *(told[0][0] - HOUR_MS, told[-1][0] + HOUR_MS))
    assert sum(one.count for one in hours) == len(told)
    await book.close()


async def test_once_its_readings_are_gone_an_hour_counts_to_the_day_it_begins_in(
    tmp_path: Path,
) -> None:
    zone, day = ZoneInfo("Asia/Kolkata"), date(2026, 11, 1)
    clock = ManualClock(int(datetime(2026, 11, 5, tzinfo=UTC).timestamp() * 1000))
    book = await HouseBook.open(tmp_path, clock, zone)
    teller = Teller(book)
    await teller.join()
    midnight = datetime(2026, 11, 1, tzinfo=zone)
    at = [int((midnight + timedelta(minutes=n)).timestamp() * 1000) for n in (-40, -10, 10, 40)]
    await teller.measure(*((moment, float(n)) for n, moment in enumerate(at)))
    series = await teller.series()

    async def counts() -> list[tuple[date, int]]:
        days = await book.by_day(series.id, at[0] - DAY_MS, at[-1] + DAY_MS)
        return [
            (datetime.fromtimestamp(one.start_ms / 1000, zone).date(), one.count) for one in days
        ]

    before = day - timedelta(days=1)
    assert await counts() == [(before, 2), (day, 2)]
    await book.tidy(1)
    assert await counts() == [(before, 3), (day, 1)]
    await book.close()
