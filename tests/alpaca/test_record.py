from pathlib import Path

import pytest

from herdbook.alpaca.record import Record
from herdbook.errors import StorageError
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.readings import pack
from tests.fakes.clock import ManualClock

BLOCK = pack("t", None, [(1_800_000_000_000, 1.5)])


async def test_what_the_disk_refuses_goes_in_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    record = await Record.open(tmp_path / "node", ManualClock())
    try:
        assert await record.append("readings", BLOCK)
        with monkeypatch.context() as patch:

            def full(*_: object) -> None:
                raise StorageError("The disk is full.")

            patch.setattr(EventLog, "append_many", full)
            for _ in range(250):
                assert not await record.append("readings", BLOCK)
        assert await record.append("readings", BLOCK)
        head = await record.call(record.log.head)
        assert head.seq == 252
    finally:
        await record.close()
    assert caplog.text.count("The disk is full") == 1


async def test_the_oldest_are_given_up_when_too_many_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    record = await Record.open(tmp_path / "node", ManualClock())
    try:
        with monkeypatch.context() as patch:

            def full(*_: object) -> None:
                raise StorageError("The disk is full.")

            patch.setattr(EventLog, "append_many", full)
            for _ in range(1003):
                await record.append("readings", BLOCK)
        assert await record.append("readings", BLOCK)
        assert (await record.call(record.log.head)).seq == 1000
    finally:
        await record.close()
    assert caplog.text.count("An event was lost") == 4
