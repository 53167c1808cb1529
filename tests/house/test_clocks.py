"""Times of clocks that nobody had set: put right when that can be, and else never called facts."""

import random
from datetime import UTC
from pathlib import Path
from typing import Any

import msgspec
import pytest

from herdbook.clock import iso
from herdbook.eventlog.event import CLOCK, MAX_WALL_MS, Event, Raw, encode_payload
from herdbook.house.book import HouseBook
from herdbook.house.clocks import MAX_KEPT
from herdbook.house.rollup import HOUR_MS
from tests.eventlog.samples import SYNCED_MS, numbered
from tests.fakes.clock import ManualClock
from tests.house.household import Teller, answer

ALWAYS = (0, MAX_WALL_MS)
BOOTED = SYNCED_MS - SYNCED_MS % HOUR_MS
UNSET = {"clock_quality": "unset", "boot_id": "b"}
UNKNOWN = {"clock_quality": "unknown", "boot_id": "b"}


def minutes(teller: Teller, first: int, wrong_ms: int = -BOOTED, **clock: Any) -> Event:
    """Ten minutes from a minute of the boot on, as a clock tells that is wrong by so much."""
    end = (first + 10) * 60_000
    samples = [
        (BOOTED + wrong_ms + minute * 60_000, float(minute)) for minute in range(first, first + 10)
    ]
    return teller.block(samples, wall_ms=BOOTED + wrong_ms + end, monotonic_ms=max(0, end), **clock)


async def state(book: HouseBook, teller: Teller) -> tuple[Any, ...]:
    """All that is known of the one series, and what was noticed."""
    series = await teller.series()
    return (
        await book.readings(series.id, *ALWAYS),
        await book.by_hour(series.id, *ALWAYS),
        await book.timeless(series.id),
        book._connection.execute(
            "SELECT * FROM reading_count WHERE count <> 0 ORDER BY quarter_ms"
        ).fetchall(),
        book._connection.execute("SELECT seq, observed_ms, clock FROM observation").fetchall(),
    )


async def test_a_boot_in_1970_is_put_right_by_its_clock_event(
    book: HouseBook, hallway: Teller
) -> None:
    measured = minutes(hallway, 0, **UNSET)
    noticed = hallway.event(
        payload=encode_payload(numbered(1)), wall_ms=70_000, monotonic_ms=70_000, **UNSET
    )
    await hallway.tell(measured, noticed)
    series = await hallway.series()
    assert await book.readings(series.id, *ALWAYS) == []
    assert await book.by_hour(series.id, *ALWAYS) == []
    assert await book.timeless(series.id) == 10
    [about] = await book.observations_of(hallway.node_id, 10)
    assert (about.clock, about.observed_at[:10]) == ("unset", "1970-01-01")

    await hallway.tell(answer(hallway, BOOTED))
    assert await book.timeless(series.id) == 0
    right = [(BOOTED + minute * 60_000, minute) for minute in range(10)]
    assert await book.readings(series.id, *ALWAYS) == right
    [hour] = await book.by_hour(series.id, *ALWAYS)
    assert (hour.start_ms, hour.count, hour.most) == (BOOTED, 10, 9)
    last = await book.last_observation()
    assert last is not None
    assert (last.clock, last.observed_at) == ("synced", iso(BOOTED + 70_000))
    # What still comes of that boot is put right as it comes.
    await hallway.tell(minutes(hallway, 10, **UNSET))
    assert len(await book.readings(series.id, *ALWAYS)) == 20
    assert book._connection.execute("SELECT count(*) FROM stretch").fetchone() == (0,)


async def test_a_clock_that_stood_still_while_off_is_believed_until_it_is_put_right(
    book: HouseBook, hallway: Teller
) -> None:
    """A Raspberry Pi goes on from when it was switched off, here two hours before."""
    before = minutes(hallway, -110, 0)
    await hallway.tell(before, minutes(hallway, 0, -2 * HOUR_MS, **UNKNOWN))
    series = await hallway.series()
    assert await book.unchecked(series.id) == 10
    [two_hours_ago] = await book.by_hour(series.id, *ALWAYS)
    assert (two_hours_ago.count, two_hours_ago.least, two_hours_ago.most) == (20, -110, 9)
    await hallway.tell(answer(hallway, BOOTED))
    assert await book.unchecked(series.id) == 0
    then, now = await book.by_hour(series.id, *ALWAYS)
    assert (then.count, then.least, then.most, then.mean) == (10, -110, -101, -105.5)
    assert (now.start_ms, now.count, now.least, now.most) == (BOOTED, 10, 0, 9)


async def test_a_clock_that_was_right_keeps_its_own_times(book: HouseBook, hallway: Teller) -> None:
    await hallway.tell(minutes(hallway, 0, 400, **UNKNOWN))
    before = await state(book, hallway)
    await hallway.tell(answer(hallway, BOOTED))
    assert await state(book, hallway) == before
    await hallway.tell(minutes(hallway, 10, 400, **UNKNOWN))
    readings, *_ = await state(book, hallway)
    assert readings[-1][0] == BOOTED + 400 + 19 * 60_000


@pytest.mark.parametrize("seed", range(8))
async def test_when_the_answer_comes_changes_nothing_in_the_end(
    tmp_path: Path, clock: ManualClock, seed: int
) -> None:
    """The same events, cut into batches anywhere, with the answer early or late."""
    rng = random.Random(seed)
    states = []
    for number, place in enumerate((0, 3, 8)):
        book = await HouseBook.open(tmp_path / str(number), clock, UTC)
        teller = Teller(book)
        await teller.join()
        events = []
        for run in range(8):
            if run == place:
                events.append(answer(teller, BOOTED))
            wrong, told = [(-BOOTED, UNSET), (-5 * HOUR_MS, UNKNOWN), (0, {})][run % 3]
            events.append(minutes(teller, run * 10, wrong, **told))
        if place == 8:
            events.append(answer(teller, BOOTED))
        while events:
            count = rng.randint(1, len(events))
            await teller.tell(*events[:count])
            events = events[count:]
        states.append((await state(book, teller))[:4])
        await book.close()
    assert states[0] == states[1] == states[2]
    assert len(states[0][0]) == 80


async def test_a_boot_that_nobody_puts_right_hinders_no_other(
    book: HouseBook, hallway: Teller
) -> None:
    await hallway.tell(minutes(hallway, 0, **UNSET))
    await hallway.tell(answer(hallway, BOOTED, boot_id="another"))
    series = await hallway.series()
    assert await book.timeless(series.id) == 10


@pytest.mark.parametrize("early", [True, False])
async def test_a_block_from_before_the_clock_was_set_is_put_right(
    book: HouseBook, hallway: Teller, *, early: bool
) -> None:
    """It was packed in 1970, and logged when the clock had just been set."""
    asked = answer(hallway, BOOTED)
    block = hallway.block(
        [(5000, 1.0), (35_000, 2.0)],
        offset_ms=0,
        boot_id="b",
        wall_ms=BOOTED + 40_000,
        monotonic_ms=40_000,
    )
    if early:
        await hallway.tell(asked)
        await hallway.tell(block)
    else:
        await hallway.tell(asked, block)
    series = await hallway.series()
    assert await book.readings(series.id, *ALWAYS) == [(BOOTED + 5000, 1), (BOOTED + 35_000, 2)]
    right = hallway.block(
        [(BOOTED + 50_000, 3.0)],
        offset_ms=BOOTED - 10,
        boot_id="b",
        wall_ms=BOOTED + 60_000,
        monotonic_ms=60_000,
    )
    await hallway.tell(right)
    assert (await book.readings(series.id, *ALWAYS))[-1] == (BOOTED + 50_000, 3)
    assert await book.timeless(series.id) == 0


async def test_a_clock_that_leaves_the_calendar_moves_nothing(
    book: HouseBook, hallway: Teller
) -> None:
    early = hallway.block([(5, 1.0)], wall_ms=BOOTED, monotonic_ms=0, **UNKNOWN)
    late = hallway.block([(MAX_WALL_MS, 2.0)], wall_ms=0, monotonic_ms=0, **UNSET)
    await hallway.tell(early, late)
    wrong = [{"offset_ms": offset} for offset in (MAX_WALL_MS, -MAX_WALL_MS, 2**63, "now")]
    payloads = [Raw(msgspec.msgpack.encode(payload)) for payload in (*wrong, "no map")]
    await hallway.tell(
        *(hallway.event(kind=CLOCK, boot_id="b", payload=payload) for payload in payloads)
    )
    assert await book.refusals() == {"payload": 5}
    await hallway.tell(answer(hallway, BOOTED - HOUR_MS))
    readings, hours, timeless, *_ = await state(book, hallway)
    assert (readings, len(hours), timeless) == ([(5, 1)], 1, 1)


async def test_a_thousand_boots_are_bounded(book: HouseBook, hallway: Teller) -> None:
    for first in range(0, 3 * MAX_KEPT, 128):
        events = []
        for number in range(first, first + 128):
            boot = {"boot_id": f"boot {number}"}
            events += [
                minutes(hallway, 0, **UNSET | boot),
                minutes(hallway, 0, -HOUR_MS, **UNKNOWN | boot),
                answer(hallway, BOOTED, boot_id=f"other {number}"),
            ]
        await hallway.tell(*events)
    for table in ("stretch", "boot"):
        [(count,)] = book._connection.execute(f"SELECT count(*) FROM {table}").fetchall()
        assert count == MAX_KEPT
    series = await hallway.series()
    # None is lost: those that were believed still are, the others still have no time.
    assert len(await book.readings(series.id, *ALWAYS)) == 3 * MAX_KEPT * 10
    assert await book.timeless(series.id) == 3 * MAX_KEPT * 10
