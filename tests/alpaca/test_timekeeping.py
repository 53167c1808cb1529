import asyncio
import contextlib

import pytest
from msgspec import Struct

from herdbook.alpaca import timekeeping
from herdbook.alpaca.blocks import ReadingsBlock
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.clock import Instant
from herdbook.eventlog.timeline import ClockPayload
from tests.eventlog.samples import SYNCED_MS
from tests.fakes.clock import ManualClock


async def test_a_node_logs_its_clock_when_it_knows_the_time_and_when_that_jumps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timekeeping, "_LOOK_EVERY_S", 0.001)
    clock = ManualClock(5_000, "unset")
    logged: list[tuple[str, Struct]] = []

    async def log(kind: str, payload: Struct, at: Instant) -> None:
        assert isinstance(payload, ClockPayload)
        assert payload.offset_ms == at.wall_ms - at.monotonic_ms
        logged.append((kind, payload))

    async def until(count: int) -> None:
        async with asyncio.timeout(5):
            while len(logged) < count:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert len(logged) == count

    task = asyncio.create_task(timekeeping.keep_time(clock, log))
    try:
        await asyncio.sleep(0.01)
        assert logged == []
        clock.wall, clock._quality = SYNCED_MS, "synced"
        await until(1)
        clock.advance(100_000)
        await until(1)
        clock.wall += 7_000
        await until(2)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    first = ClockPayload(SYNCED_MS - 1_000)
    assert logged == [("clock", first), ("clock", ClockPayload(first.offset_ms + 7_000))]


@pytest.mark.parametrize(("step", "ends"), [(0, False), (499, False), (-500, True), (10**12, True)])
def test_a_block_ends_when_the_clock_is_set(step: int, ends: bool) -> None:
    block = ReadingsBlock(Measurement(id="t", name="T"))
    at = Instant(SYNCED_MS, 1_000, "synced")
    assert not block.ends_before(at)
    block.add(20.0, at)
    assert block.ends_before(Instant(SYNCED_MS + 10_000 + step, 11_000, "synced")) is ends
    taken = block.take()
    assert taken is not None
    payload, ended = taken
    assert (payload.start_ms, payload.offset_ms) == (SYNCED_MS, SYNCED_MS - 1_000)
    assert ended == at, "the clock that was set since says nothing of it"
