"""Times of clocks that nobody had set: put right when that can be, and else never called facts."""

import random
from collections import Counter
from datetime import UTC
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from herdbook.clock import iso
from herdbook.eventlog.event import CLOCK, MAX_WALL_MS, Event, Raw, encode_payload
from herdbook.eventlog.timeline import ClockPayload, Timeline
from herdbook.house import readings
from herdbook.house.book import HouseBook
from herdbook.house.clocks import MAX_KEPT
from herdbook.house.rollup import HOUR_MS
from tests.eventlog.samples import SYNCED_MS, event, numbered
from tests.fakes.clock import ManualClock
from tests.house.household import Teller, answer, fact

ALWAYS = (0, MAX_WALL_MS + 1)
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


async def test_a_clock_that_was_nearly_right_is_put_right_to_the_millisecond(
    book: HouseBook, hallway: Teller
) -> None:
    await hallway.tell(minutes(hallway, 0, 400, **UNKNOWN))
    readings, *_ = await state(book, hallway)
    assert readings[0][0] == BOOTED + 400
    await hallway.tell(answer(hallway, BOOTED))
    await hallway.tell(minutes(hallway, 10, 400, **UNKNOWN))
    readings, *_ = await state(book, hallway)
    assert [one.at_ms for one in readings] == [BOOTED + minute * 60_000 for minute in range(20)]


def told_at(monotonic_ms: int, lead_ms: int, **clock: Any) -> dict[str, Any]:
    """The members of an event at a moment of a boot, by a clock that leads by so much."""
    return {"monotonic_ms": monotonic_ms, "wall_ms": monotonic_ms + lead_ms, **UNKNOWN, **clock}


def set_at(teller: Teller, monotonic_ms: int, offset_ms: int) -> Event:
    payload = encode_payload(ClockPayload(offset_ms))
    return teller.event(kind=CLOCK, payload=payload, boot_id="b", monotonic_ms=monotonic_ms)


async def test_between_two_clock_events_a_clock_drifted_evenly(
    book: HouseBook, hallway: Teller
) -> None:
    """Ten days without a network, in which the clock lost 50 seconds."""
    begun, ended, lost = HOUR_MS, 241 * HOUR_MS, 50_000
    moments = range(begun, ended, 7 * HOUR_MS + 11)
    await hallway.tell(set_at(hallway, begun, BOOTED))
    await hallway.tell(
        *(
            hallway.block(
                [(BOOTED + at + step * 1000, float(at + step)) for step in range(30)],
                offset_ms=BOOTED,
                **told_at(at + 30_000, BOOTED),
            )
            for at in moments
        ),
        hallway.event(payload=encode_payload(numbered(1)), **told_at(121 * HOUR_MS, BOOTED)),
        fact(hallway, "an hour", **told_at(61 * HOUR_MS, BOOTED)),
    )
    series = await hallway.series()
    before = [one.at_ms for one in await book.readings(series.id, *ALWAYS)]
    assert before == [BOOTED + at + step * 1000 for at in moments for step in range(30)]
    await hallway.tell(set_at(hallway, ended, BOOTED + lost))

    def right(at: int) -> int:
        return BOOTED + at + lost * (at - begun) // (ended - begun)

    expected = [(right(at + step * 1000), at + step) for at in moments for step in range(30)]
    assert await book.readings(series.id, *ALWAYS) == expected
    hours = await book.by_hour(series.id, *ALWAYS)
    assert [(one.start_ms, one.count) for one in hours] == sorted(
        Counter(at - at % HOUR_MS for at, _ in expected).items()
    )
    [half] = await book.observations_of(hallway.node_id, 1)
    assert (half.clock, half.observed_at) == ("synced", iso(BOOTED + 121 * HOUR_MS + lost // 2))
    [[told]] = [topic.facts for topic in await book.topics()]
    assert (told.clock, told.told_at) == ("synced", iso(BOOTED + 61 * HOUR_MS + lost // 4))


POINTS = [(1 * HOUR_MS, 0), (3 * HOUR_MS, 90_000), (4 * HOUR_MS, -2 * HOUR_MS), (9 * HOUR_MS, 777)]


@pytest.mark.parametrize("seed", range(12))
async def test_events_in_any_order_give_the_times_of_the_protocol(
    book: HouseBook, hallway: Teller, seed: int
) -> None:
    """What a node logs again behind a loss arrives late, its clock events too."""
    rng = random.Random(seed)
    timeline, expected, noticed, events = Timeline(), [], [], []
    clocks = [set_at(hallway, at, BOOTED + drift) for at, drift in rng.sample(POINTS, 3)]
    for one in clocks:
        timeline.learn(one)
    for number in range(120):
        at = rng.randrange(10 * HOUR_MS)
        lead, quality = rng.choice([(0, "unset"), (BOOTED - 400, "unknown"), (-3, "unset")])
        clock = told_at(at + 9000, lead, clock_quality=quality)
        if number % 3:
            samples = [(max(lead + at, 0) + step * 1000, float(number)) for step in range(9)]
            events.append(hallway.block(samples, offset_ms=lead, **clock))
            for wall, value in samples:
                sample = event(1, **{**clock, "monotonic_ms": wall - lead})
                expected.append((timeline.moment_of(sample).wall_ms, value))
        else:
            events.append(hallway.event(payload=encode_payload(numbered(number)), **clock))
            noticed.append((float(number), iso(timeline.moment_of(events[-1]).wall_ms)))
    events += clocks
    rng.shuffle(events)
    events = [replace(one, seq=seq, lamport=seq) for seq, one in enumerate(events, 1)]
    while events:
        count = rng.randint(1, 60)
        await hallway.tell(*events[:count])
        events = events[count:]
    found, hours, timeless, counts, _ = await state(book, hallway)
    assert sorted(found) == sorted(expected)
    assert timeless == 0
    said = await book.observations_of(hallway.node_id, 100)
    assert sorted((one.value, one.observed_at) for one in said) == sorted(noticed)
    by_hour: dict[int, list[float]] = {}
    for at_ms, value in expected:
        by_hour.setdefault(at_ms - at_ms % HOUR_MS, []).append(value)
    assert {one.start_ms: (one.count, one.least, one.most) for one in hours} == {
        start: (len(its), min(its), max(its)) for start, its in by_hour.items()
    }
    for hour, its in zip(hours, (by_hour[one.start_ms] for one in hours), strict=True):
        assert hour.mean == pytest.approx(fmean(its))
    assert sum(count for _, count in counts) == len(expected)


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
    # Nor does one within it that puts others outside: they stand at its ends.
    assert (readings, len(hours), timeless) == ([(0, 1), (MAX_WALL_MS, 2)], 2, 0)


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


async def test_what_is_given_up_keeps_the_times_it_was_put_at(
    book: HouseBook, hallway: Teller
) -> None:
    await hallway.tell(
        set_at(hallway, 0, BOOTED),
        minutes(hallway, 10, **UNSET),
        hallway.event(payload=encode_payload(numbered(1)), **told_at(11 * 60_000, 0)),
        set_at(hallway, 20 * 60_000, BOOTED + HOUR_MS),
    )
    before = await state(book, hallway)
    readings = before[0]
    assert readings[0].at_ms == BOOTED + 10 * 60_000 + HOUR_MS // 2
    for number in range(MAX_KEPT + 1):
        await hallway.tell(answer(hallway, BOOTED, boot_id=f"later {number}"))
    assert await state(book, hallway) == before
    connection = book._connection
    assert connection.execute("SELECT count(*) FROM stretch").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM boot").fetchone() == (MAX_KEPT,)
    assert connection.execute("SELECT count(*) FROM clock").fetchone() == (MAX_KEPT,)
    # Nobody knows that boot any more.
    await hallway.tell(set_at(hallway, 15 * 60_000, BOOTED + 7))
    assert await state(book, hallway) == before


async def test_many_clocks_of_a_batch_are_one_work_and_tell_what_each_alone_would(
    book: HouseBook, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each may move all that its boot told: a node gone mad must not keep the book busy for it."""
    refold, refolded = readings.refold, 0

    def counted(*arguments: Any) -> None:
        nonlocal refolded
        refolded += 1
        refold(*arguments)

    monkeypatch.setattr(readings, "refold", counted)
    other = await HouseBook.open(tmp_path / "other", clock, UTC)
    told, works = [], []
    for one, at_once in ((book, True), (other, False)):
        teller = Teller(one)
        await teller.join()
        events = [minutes(teller, first, **UNSET) for first in range(0, 50, 10)]
        for number in range(50):
            payload = encode_payload(ClockPayload(BOOTED + 7 * number * number))
            moment = 60_000 * (number * 37 % 50)
            events.append(
                teller.event(kind=CLOCK, payload=payload, boot_id="b", monotonic_ms=moment)
            )
        before = refolded
        for some in [events] if at_once else [[each] for each in events]:
            await teller.tell(*some)
        works.append(refolded - before)
        told.append(await state(one, teller))
    await other.close()
    assert works == [1, 50]
    assert told[0] == told[1]
    assert len(told[0][0]) == 50
