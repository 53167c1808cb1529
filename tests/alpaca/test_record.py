import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from herdbook.alpaca.record import Record
from herdbook.clock import Instant
from herdbook.errors import InputError, StorageError
from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import OBSERVATION, Event, decode_payload
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.readings import ReadingsPayload, pack
from tests.eventlog.samples import CO2, numbered, open_log
from tests.fakes.clock import ManualClock


class Large(msgspec.Struct):
    text: str


BLOCK = pack("t", None, [(1_800_000_000_000, 1.5)])


async def test_what_the_disk_refuses_goes_in_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    record = await Record.open(tmp_path / "node", ManualClock())
    told = 0

    def tell() -> None:
        nonlocal told
        told += 1

    record.follow(tell)
    try:
        assert await record.append("readings", BLOCK)
        with monkeypatch.context() as patch:

            def full(*_: object) -> None:
                raise StorageError("The disk is full.")

            patch.setattr(EventLog, "append_many", full)
            for _ in range(250):
                assert not await record.append("readings", BLOCK)
        assert told == 1
        assert await record.append("readings", BLOCK)
        assert told == 2, "whoever follows hears of what is there"
        head = await record.call(record.log.head)
        assert head.seq == 252
    finally:
        await record.close()
    assert caplog.text.count("The disk is full") == 1


async def test_the_oldest_are_given_up_when_too_many_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    record = await Record.open(tmp_path / "node", clock)
    try:
        with monkeypatch.context() as patch:

            def full(*_: object) -> None:
                raise StorageError("The disk is full.")

            patch.setattr(EventLog, "append_many", full)
            for number in range(1008):
                await record.append("readings", BLOCK)
                clock.advance(60_000 if number == 1005 else 0)
        assert _lost(caplog) == ["1", "6"], "at most once a minute"
        assert await record.append("readings", BLOCK)
        assert _lost(caplog) == ["1", "6", "1"]
        assert (await record.call(record.log.head)).seq == 1001
    finally:
        await record.close()
    assert len(_lost(caplog)) == 3


def _lost(caplog: pytest.LogCaptureFixture) -> list[str]:
    return re.findall(r"Events were lost, (\d+):", caplog.text)


@pytest.mark.parametrize("room", [False, True])
async def test_what_waits_for_the_disk_at_the_end_is_written_or_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    room: bool,
) -> None:
    record = await Record.open(tmp_path / "node", ManualClock())
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise StorageError("The disk is full.")

        patch.setattr(EventLog, "append_many", full)
        for _ in range(7):
            assert not await record.append("readings", BLOCK)
        if not room:
            await record.close()
    if room:
        await record.close()
    record = await Record.open(tmp_path / "node", ManualClock())
    assert (await record.call(record.log.head)).seq == (7 if room else 0)
    await record.close()
    said = caplog.text.count("Events were lost, 7: the disk refused them until the node stopped.")
    assert said == (0 if room else 1)


async def test_whoever_appends_at_the_same_time_shares_a_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await Record.open(tmp_path / "node", ManualClock())
    sizes = []
    append_many = EventLog.append_many

    def counted(log: EventLog, items: list[Any]) -> list[Event]:
        sizes.append(len(items))
        return append_many(log, items)

    monkeypatch.setattr(EventLog, "append_many", counted)
    try:
        payloads = [numbered(number) for number in range(1, 2501)]
        appended = await asyncio.gather(*(record.append(OBSERVATION, one) for one in payloads))
        assert all(appended)
        assert sizes == [1000, 1000, 500]
        await record.call(record.log.seal)
        wires = await record.call(lambda: record.log.batches_after(0, 9))
        events = [e for wire in wires for e in open_batch(wire, record.identity.node_id).events]
        values = [decode_payload(event, type(CO2)).value for event in events]
        assert values == [one.value for one in payloads], "in the order of the calls"
    finally:
        await record.close()


async def test_an_event_out_of_bounds_keeps_no_other_out(tmp_path: Path) -> None:
    record = await Record.open(tmp_path / "node", ManualClock())
    try:
        outcomes = await asyncio.gather(
            record.append(OBSERVATION, CO2),
            record.append("k" * 65, CO2),
            record.append("", CO2),
            record.append(OBSERVATION, msgspec.structs.replace(CO2, sentence="x" * 1001)),
            record.append("large", Large("x" * 65_100)),
            record.append("large", Large("x" * 64_000)),
            record.append(OBSERVATION, CO2),
            return_exceptions=True,
        )
        assert [isinstance(one, InputError) for one in outcomes] == [0, 1, 1, 1, 1, 0, 0]
        assert (await record.call(record.log.head)).seq == 3
    finally:
        await record.close()


async def test_an_append_that_is_cancelled_and_a_close_lose_nothing(tmp_path: Path) -> None:
    record = await Record.open(tmp_path / "node", ManualClock())
    tasks = [asyncio.create_task(record.append(OBSERVATION, CO2)) for _ in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await record.close()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[1::2] == [True] * 10
    log = open_log(tmp_path / "node")
    assert log.head().seq == 20
    log.close()


async def test_a_fault_is_told_to_all_who_wait_and_the_next_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await Record.open(tmp_path / "node", ManualClock())
    try:
        with monkeypatch.context() as patch:

            def broken(*_: object) -> None:
                raise ZeroDivisionError

            patch.setattr(EventLog, "append_many", broken)
            outcomes = await asyncio.gather(
                *(record.append(OBSERVATION, CO2) for _ in range(3)), return_exceptions=True
            )
            assert [type(one) for one in outcomes] == [ZeroDivisionError] * 3
        assert await record.append(OBSERVATION, CO2)
    finally:
        await record.close()


def at(number: int) -> tuple[ReadingsPayload, Instant]:
    wall_ms = 1_800_000_000_000 + number
    return pack("t", None, [(wall_ms, 1.5)]), Instant(wall_ms, number, "synced")


async def test_unfinished_readings_are_asked_for_once_all_that_was_appended_is_written(
    tmp_path: Path,
) -> None:
    record = await Record.open(tmp_path / "node", ManualClock())
    appending = [asyncio.create_task(record.append("readings", at(n)[0])) for n in range(1500)]
    await asyncio.sleep(0)
    written: list[bool] = []

    def blocks() -> list[tuple[ReadingsPayload, Instant]]:
        written.extend(task.done() for task in appending)
        return [at(9000)]

    await record.keep_unfinished(blocks)
    assert written == [True] * 1500
    await record.close()
    record = await Record.open(tmp_path / "node", ManualClock())
    assert (await record.call(record.log.head)).seq == 1501
    await record.close()


async def test_what_waits_for_the_disk_stays_noted_until_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    record = await Record.open(tmp_path / "node", ManualClock())
    block, instant = at(1)
    await record.keep_unfinished(lambda: [(block, instant)])

    def full(*_: object) -> None:
        raise StorageError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(EventLog, "append_many", full)
        assert not await record.append("readings", block, instant)
        await record.keep_unfinished(lambda: [at(2)])
        noted = record.log._store.connection.execute("SELECT start_ms FROM unfinished").fetchall()
        assert noted == [(block.start_ms,)]
    with monkeypatch.context() as patch:
        patch.setattr(EventLog, "keep_unfinished", full)
        assert await record.append("readings", *at(3))
        await record.keep_unfinished(lambda: [at(4)])
        await record.keep_unfinished(lambda: [at(4)])
    await record.keep_unfinished(lambda: [at(4)])
    await record.close()
    assert caplog.text.count("The last readings are in memory alone") == 1
    assert caplog.text.count("The event log can be written again") == 2
    record = await Record.open(tmp_path / "node", ManualClock())
    assert (await record.call(record.log.head)).seq == 3
    await record.close()
    assert "Blocks of readings that were saved: 1" in caplog.text


async def test_a_disk_that_is_full_at_the_start_keeps_what_was_left_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    record = await Record.open(tmp_path / "node", ManualClock())
    await record.keep_unfinished(lambda: [at(1)])
    await record.close()

    def full(_log: EventLog) -> int:
        raise StorageError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(EventLog, "absorb", full)
        record = await Record.open(tmp_path / "node", ManualClock())
    assert "What the last run had not finished is not in the log yet" in caplog.text
    await record.keep_unfinished(lambda: [at(2)])
    assert (await record.call(record.log.head)).seq == 1
    await record.close()


async def test_what_comes_while_a_fault_ends_a_writing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await Record.open(tmp_path / "node", ManualClock())
    append_many = EventLog.append_many
    writing, go_on = threading.Event(), threading.Event()

    def fail(*_: object) -> None:
        monkeypatch.setattr(EventLog, "append_many", append_many)
        writing.set()
        go_on.wait(10)
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(EventLog, "append_many", fail)
    try:
        first = asyncio.create_task(record.append("readings", BLOCK))
        await asyncio.to_thread(writing.wait, 10)
        second = asyncio.create_task(record.append("readings", BLOCK))
        await asyncio.sleep(0.01)
        go_on.set()
        with pytest.raises(RuntimeError, match="a fault of ours"):
            await first
        async with asyncio.timeout(10):
            assert await second
    finally:
        await record.close()
