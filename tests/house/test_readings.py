"""Readings in the house book: kept in blocks, asked for by time, rolled up by the hour."""

import random
from datetime import UTC
from pathlib import Path
from statistics import fmean

import msgspec
import pytest

from herdbook.eventlog.batch import GENESIS, open_batch, seal
from herdbook.eventlog.event import READINGS, Raw
from herdbook.house.book import DAY_MS, HouseBook
from herdbook.house.readings import FULL
from herdbook.house.rollup import HOUR_MS
from herdbook.house.series import MAX_SERIES
from tests.eventlog.samples import SYNCED_MS
from tests.fakes.clock import ManualClock
from tests.house.household import Teller

ALWAYS = (0, 2 * SYNCED_MS)


def blocks(book: HouseBook) -> list[int]:
    """How many readings each block has."""
    rows = book._connection.execute("SELECT count FROM block ORDER BY id")
    return [row[0] for row in rows]


async def test_many_small_blocks_become_few_and_nothing_is_lost(
    book: HouseBook, hallway: Teller
) -> None:
    rng = random.Random(3)
    told = []
    for minute in range(FULL):
        some = [
            (SYNCED_MS + minute * 60_000 + step, round(rng.gauss(20, 3), 1)) for step in (0, 30_000)
        ]
        told += some
        await hallway.measure(*some)
    assert blocks(book) == [FULL, FULL]
    series = await hallway.series()
    assert await book.readings(series.id, *ALWAYS) == told
    part = await book.readings(series.id, told[7][0], told[1500][0])
    assert part == told[7:1500]
    assert await book.readings(series.id, told[-1][0] + 1, 2 * SYNCED_MS) == []


async def test_an_hour_has_count_least_most_and_mean(book: HouseBook, hallway: Teller) -> None:
    rng = random.Random(4)
    hour = SYNCED_MS - SYNCED_MS % HOUR_MS
    told = [(hour + step * 60_000, round(rng.gauss(0, 9), 2)) for step in range(-50, 200)]
    for first in range(0, 250, 7):
        await hallway.measure(*told[first : first + 7])
    series = await hallway.series()
    rolled = await book.by_hour(series.id, hour - HOUR_MS, hour + 4 * HOUR_MS)
    assert [one.start_ms for one in rolled] == [hour + n * HOUR_MS for n in range(-1, 4)]
    for one in rolled:
        its = [value for at, value in told if one.start_ms <= at < one.start_ms + HOUR_MS]
        assert (one.count, one.least, one.most) == (len(its), min(its), max(its))
        assert one.mean == pytest.approx(fmean(its))
    assert await book.by_hour(series.id, hour, hour + HOUR_MS) == [rolled[1]]
    days = await book.by_day(series.id, hour - HOUR_MS, hour + 4 * HOUR_MS)
    assert [(one.count, one.mean) for one in days] == [
        (250, pytest.approx(fmean(value for _, value in told)))
    ]


async def test_late_and_overlapping_blocks_are_in_the_order_of_time(
    book: HouseBook, hallway: Teller
) -> None:
    told = [(SYNCED_MS + number * 1000, float(number % 9)) for number in range(3 * FULL)]
    first, second, late = told[::3], told[1::3], told[2::3]
    for some in (second, first, late):
        await hallway.measure(*some)
    series = await hallway.series()
    assert await book.readings(series.id, *ALWAYS) == told
    [hour, *_] = await book.by_hour(series.id, SYNCED_MS, SYNCED_MS + HOUR_MS)
    assert hour.count == 3072


async def test_a_batch_that_comes_twice_counts_once(book: HouseBook, hallway: Teller) -> None:
    sealed = seal(hallway.who, GENESIS, [hallway.block([(SYNCED_MS, 1.0), (SYNCED_MS + 1, 2.0)])])
    for _ in range(2):
        await book.store(open_batch(sealed.wire, hallway.node_id))
    series = await hallway.series()
    assert len(await book.readings(series.id, *ALWAYS)) == 2
    [hour] = await book.by_hour(series.id, SYNCED_MS, SYNCED_MS + HOUR_MS)
    assert hour.count == 2


async def test_another_unit_or_type_is_another_series(book: HouseBook, hallway: Teller) -> None:
    await hallway.measure((SYNCED_MS, 20.5))
    await hallway.measure((SYNCED_MS + 1, 69.0), unit="°F")
    await hallway.measure((SYNCED_MS + 2, True), (SYNCED_MS + 3, False), unit=None)
    await hallway.measure((SYNCED_MS + 4, 1.0), unit=None)
    found = await book.series(hallway.node_id)
    assert [(one.unit, one.yes_no) for one in found] == [
        ("°C", False),
        ("°F", False),
        ("", True),
        ("", False),
    ]
    values = [[one.value for one in await book.readings(one.id, *ALWAYS)] for one in found]
    assert values == [[20.5], [69], [1, 0], [1]]
    [share] = await book.by_hour(found[2].id, SYNCED_MS, SYNCED_MS + HOUR_MS)
    assert (share.least, share.most, share.mean) == (0, 1, 0.5)


async def test_what_is_no_block_is_refused_and_the_rest_is_taken(
    book: HouseBook, hallway: Teller
) -> None:
    good = {
        "sensor": "s",
        "unit": None,
        "start_ms": SYNCED_MS,
        "times": [1],
        "decimals": 0,
        "values": [1, 1],
    }
    wrong = (
        good | {"values": [float("nan"), 1.0]},
        good | {"values": [float("inf"), 1.0]},
        good | {"values": [2**53, 1]},
        good | {"values": [2**53 - 1, 1]},
        good | {"values": [1, 2], "decimals": None},
        good | {"values": []},
        good | {"times": []},
        good | {"times": [2**53 - 1]},
        good | {"times": [-SYNCED_MS - 1]},
        good | {"decimals": 7},
        good | {"sensor": ""},
        good | {"sensor": "x" * 65},
    )
    events = [
        hallway.event(kind=READINGS, payload=Raw(msgspec.msgpack.encode(payload)))
        for payload in (*wrong, good)
    ]
    stored = await hallway.tell(*events)
    assert stored.readings == 2
    assert await book.refusals() == {"payload": len(wrong)}
    assert (await book.today()).readings == 0
    series = await hallway.series()
    assert await book.readings(series.id, *ALWAYS) == [(SYNCED_MS, 1), (SYNCED_MS + 1, 2)]


async def test_a_node_with_a_million_names_fills_its_own_bound_only(
    book: HouseBook, hallway: Teller
) -> None:
    for first in range(0, MAX_SERIES + 1000, 512):
        await hallway.tell(
            *(
                hallway.block([(SYNCED_MS, 1.0)], sensor=f"s{number}")
                for number in range(first, first + 512)
            )
        )
    assert len(await book.series(hallway.node_id)) == MAX_SERIES
    assert await book.refusals() == {"sensors": 1024}
    assert await book.quarantined() == []
    # What it has goes on, and so does every other node.
    await hallway.measure((SYNCED_MS + 1, 2.0), sensor="s0")
    [known] = [one for one in await book.series(hallway.node_id) if one.sensor == "s0"]
    assert len(await book.readings(known.id, *ALWAYS)) == 2


async def test_raw_readings_go_when_their_time_is_over_and_their_hours_stay(
    book: HouseBook, hallway: Teller, clock: ManualClock
) -> None:
    await hallway.measure(*((SYNCED_MS + step, float(step)) for step in range(FULL)))
    clock.advance(20 * DAY_MS)
    await hallway.measure(*((clock.wall + step, 1.0) for step in range(FULL)))
    series = await hallway.series()
    await book.tidy(30)
    assert len(await book.readings(series.id, 0, 2 * SYNCED_MS)) == 2 * FULL
    await book.tidy(15)
    assert len(await book.readings(series.id, 0, 2 * SYNCED_MS)) == FULL
    hours = await book.by_hour(series.id, 0, 2 * SYNCED_MS)
    assert sum(hour.count for hour in hours) == 2 * FULL


async def test_a_llama_that_does_not_know_the_time_deletes_nothing(
    tmp_path: Path, book: HouseBook, hallway: Teller
) -> None:
    await hallway.measure(*((1000 + step, 1.0) for step in range(FULL)))
    await book.close()
    lost = await HouseBook.open(tmp_path, ManualClock(400 * DAY_MS, "unset"), UTC)
    await lost.tidy(1)
    [series] = await lost.series(hallway.node_id)
    assert len(await lost.readings(series.id, *ALWAYS)) == FULL
    await lost.close()
