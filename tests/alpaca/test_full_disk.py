"""A node whose disk fills up says so, and goes on when there is room."""

import asyncio

import pytest

from herdbook.alpaca.record import Record
from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import OBSERVATION, ObservationPayload, decode_payload
from tests.disk import Disk
from tests.disk import disk as disk
from tests.eventlog.samples import numbered
from tests.fakes.clock import ManualClock


async def test_a_full_disk_is_said_and_nothing_of_what_follows_is_lost(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    record = await Record.open(disk.path / "node", clock)
    try:
        number = 0
        while True:
            number += 1
            clock.advance(1_000 if number > 1 else 0)
            if not await record.append(OBSERVATION, numbered(number)):
                break
            if number == 100:
                disk.leave(4096 * 8)
        assert number > 100
        assert "Free some space" in caplog.text
        refused = number
        for _ in range(50):
            number += 1
            clock.advance(1_000)
            assert not await record.append(OBSERVATION, numbered(number))
        assert (await record.call(record.log.head)).seq == refused - 1
        disk.make_room()
        caplog.set_level("INFO")
        number += 1
        clock.advance(1_000)
        assert await record.append(OBSERVATION, numbered(number))
        assert "can be written again" in caplog.text
        await record.call(record.log.seal)
        wires = await record.call(lambda: record.log.batches_after(0, 100))
        events = [e for wire in wires for e in open_batch(wire, record.identity.node_id).events]
        values = [decode_payload(event, ObservationPayload).value for event in events]
        assert values == [float(n) for n in range(1, number + 1)]
        # What waited is of when it was noticed, not of when there was room.
        times = [event.monotonic_ms for event in events]
        assert times == [1_000 * n for n in range(1, number + 1)]
    finally:
        await record.close()
        await asyncio.sleep(0)
