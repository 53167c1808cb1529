"""A node's history, drawn from real logs."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from herdbook.alpaca.history import history as module
from herdbook.alpaca.history.fold import SLOT_MS, Series
from herdbook.alpaca.history.history import History
from herdbook.alpaca.history.store import KEPT_MS, remove
from herdbook.clock import Quality
from herdbook.errors import StorageError
from herdbook.eventlog.event import CLOCK, LOSS, OBSERVATION, READINGS, LossPayload, Run
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.readings import pack
from herdbook.eventlog.timeline import ClockPayload
from tests.eventlog.samples import CO2
from tests.fakes.clock import ManualClock

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Teller:
    """A log and its clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.clock.advance(5 * 60_000)  # amid ten minutes
        self.start(self.clock)

    def start(self, clock: ManualClock, boot: str = "first") -> None:
        self.clock = clock
        self.log = EventLog.open(self.folder, clock, boot_id=boot)

    def tell(self, *values: float | bool, sensor: str = "boiler", unit: str | None = "°C") -> None:
        """A reading a minute; the last is of now."""
        now = self.clock.wall_ms()
        first = now - (len(values) - 1) * 60_000
        samples = [(first + number * 60_000, value) for number, value in enumerate(values)]
        offset = now - self.clock.monotonic_ms()
        self.log.append(READINGS, pack(sensor, unit, samples, offset_ms=offset))


@pytest.fixture
def teller(tmp_path: Path) -> Iterator[Teller]:
    made = Teller(tmp_path)
    yield made
    made.log.close()


@pytest.fixture
async def history(teller: Teller) -> AsyncIterator[History]:
    made = History(teller.folder, teller.clock)
    yield made
    await made.close()


async def points(history: History, teller: Teller, days: float = 1) -> list[tuple[int, float]]:
    """How many readings there are at each point, and their mean."""
    now = teller.clock.wall_ms()
    read = await history.between("boiler", now - int(days * DAY_MS), now + 1)
    assert read.complete
    return [(one.count, round(one.mean, 3)) for one in read.points]


async def test_readings_are_added_up_as_finely_as_the_span_wants(
    teller: Teller, history: History
) -> None:
    for hour in range(40 * 24):
        teller.tell(*[float(hour)] * 30)
        if hour % 100 == 0:
            teller.log.seal()
        teller.clock.advance(HOUR_MS)
    now = teller.clock.wall_ms()
    for days, step, least in ((1, SLOT_MS, 70), (7, HOUR_MS, 160), (30, 4 * HOUR_MS, 175)):
        read = await history.between("boiler", now - days * DAY_MS, now)
        assert read.step_ms == step
        assert read.series == Series("°C", yes_no=False)
        assert least <= len(read.points) <= 240
        assert read.points[-1].most == 959.0
        assert sum(one.count for one in read.points) == pytest.approx(days * 24 * 30, abs=150)
        assert all(one.start_ms % step == 0 for one in read.points)
    earliest = await history.between("boiler", 0, now)
    assert earliest.points[0].start_ms >= now - KEPT_MS - 4 * HOUR_MS, "older is dropped"


async def test_what_comes_later_is_added_and_nothing_is_counted_twice(
    teller: Teller, history: History
) -> None:
    teller.tell(1.0, 2.0)
    assert await points(history, teller) == [(2, 1.5)]
    assert await points(history, teller) == [(2, 1.5)]
    teller.log.seal()
    assert await points(history, teller) == [(2, 1.5)]
    teller.tell(6.0)
    again = History(teller.folder, teller.clock)
    assert sum(count for count, _ in await points(again, teller)) == 3
    await again.close()


async def test_yes_and_no_are_a_share(teller: Teller, history: History) -> None:
    teller.tell(True, False, False, True, sensor="boiler", unit=None)
    now = teller.clock.wall_ms()
    read = await history.between("boiler", now - DAY_MS, now + 1)
    assert read.series == Series(None, yes_no=True)
    assert sum(one.mean * one.count for one in read.points) == 2
    nothing = await history.between("elsewhere", now - DAY_MS, now)
    assert (nothing.series, nothing.points) == (None, [])


@pytest.mark.parametrize(("quality", "seen"), [("unset", 0), ("unknown", 2)])
async def test_readings_wait_for_a_clock_that_was_never_set(
    teller: Teller, quality: Quality, seen: int
) -> None:
    """A boot in 1970 whose time is learned an hour later; or one that nobody checked."""
    teller.log.close()
    start = teller.clock.wall_ms()
    wall = 5 * 60_000 if quality == "unset" else start
    teller.start(ManualClock(wall, quality), "second")
    history = History(teller.folder, teller.clock)
    teller.tell(3.0, 4.0)
    read = await history.between("boiler", start - DAY_MS, start + DAY_MS)
    assert sum(one.count for one in read.points) == seen
    teller.clock.advance(HOUR_MS)
    teller.clock.wall = start + HOUR_MS
    teller.clock._quality = "synced"
    offset = teller.clock.wall_ms() - teller.clock.monotonic_ms()
    teller.log.append(CLOCK, ClockPayload(offset))
    for _ in range(2):
        read = await history.between("boiler", start - DAY_MS, start + DAY_MS)
        assert [(one.count, one.mean) for one in read.points] in ([(2, 3.5)], [(1, 3.0), (1, 4.0)])
        assert abs(read.points[-1].start_ms - start) <= SLOT_MS
    await history.close()


async def test_observations_come_newest_first(teller: Teller, history: History) -> None:
    for _ in range(3):
        teller.log.append(OBSERVATION, CO2)
        teller.clock.advance(1000)
    said = await history.observations(2)
    assert [one.moment.wall_ms for one in said] == [
        teller.clock.wall_ms() - 1000,
        teller.clock.wall_ms() - 2000,
    ]
    assert said[0].payload == CO2
    assert said[0].moment.known


@pytest.mark.parametrize("remains", [b"", b"no database" * 999], ids=["empty", "garbage"])
async def test_a_damaged_index_is_made_anew(
    teller: Teller, history: History, remains: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    teller.tell(1.0)
    before = History(teller.folder, teller.clock)
    await points(before, teller)
    await before.close()
    for ending in ("-wal", "-shm"):
        (teller.folder / f"history.db{ending}").unlink(missing_ok=True)
    (teller.folder / "history.db").write_bytes(remains)
    assert await points(history, teller) == [(1, 1.0)]
    assert ("made anew" in caplog.text) == (remains != b"")


async def test_what_stands_in_the_way_of_an_index_is_named(
    teller: Teller, history: History
) -> None:
    teller.tell(1.0)
    in_the_way = teller.folder / "history.db"
    in_the_way.mkdir()
    with pytest.raises(StorageError, match=r"history\.db is no file") as said:
        await points(history, teller)
    assert said.value.fix == "Move away what stands in its place."
    in_the_way.rmdir()
    in_the_way.write_bytes(b"no database" * 999)
    (teller.folder / "history.db-shm").mkdir()
    with pytest.raises(StorageError, match=r"history\.db-shm: Is a directory"):
        remove(teller.folder)
    (teller.folder / "history.db-shm").rmdir()
    assert await points(history, teller) == [(1, 1.0)]


async def test_another_logs_index_is_not_believed(teller: Teller, tmp_path: Path) -> None:
    teller.tell(1.0)
    other = Teller(tmp_path / "other")
    other.tell(8.0)
    history = History(other.folder, other.clock)
    await points(history, other)
    await history.close()
    other.log.close()
    (other.folder / "history.db").rename(teller.folder / "history.db")
    mine = History(teller.folder, teller.clock)
    assert await points(mine, teller) == [(1, 1.0)]
    await mine.close()


async def test_a_damaged_piece_of_the_log_is_passed_over(teller: Teller, history: History) -> None:
    for value in (1.0, 2.0, 3.0):
        teller.tell(value)
        teller.log.seal()
        teller.clock.advance(HOUR_MS)
    teller.log._store.connection.execute("UPDATE batch SET wire = x'00' WHERE first_seq = 2")
    assert await points(history, teller) == [(1, 1.0), (1, 3.0)]


async def test_what_a_mended_log_tells_again_counts_once(teller: Teller, history: History) -> None:
    """Events 2 and 3 were read, then lost to damage; of event 3 the log still knew."""
    for value in (1.0, 2.0, 3.0):
        teller.tell(value)
    assert await points(history, teller) == [(3, 2.0)]
    teller.log._store.connection.execute("DELETE FROM tail WHERE seq > 1")
    teller.log.append(LOSS, LossPayload(2, 3, (Run(3, 1),)))
    teller.tell(3.0)
    for _ in range(2):
        assert await points(history, teller) == [(2, 2.0)]


async def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    history = History(tmp_path, ManualClock())
    with pytest.raises(StorageError, match="no event log"):
        await history.observations(1)
    await history.close()


async def test_a_long_log_is_read_on_behind_the_first_answer(
    teller: Teller, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    monkeypatch.setattr(module, "_BRIEFLY_MS", 0)
    for value in range(5):
        teller.tell(float(value))
        teller.clock.advance(HOUR_MS)
    now = teller.clock.wall_ms()
    read = await history.between("boiler", now - DAY_MS, now)
    assert (len(read.points), read.complete) == (2, False)
    async with asyncio.timeout(5):  # nobody has to ask for that
        while not history._complete:
            await asyncio.sleep(0.005)
    read = await history.between("boiler", now - DAY_MS, now)
    assert (len(read.points), read.complete) == (5, True)
