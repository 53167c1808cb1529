"""What Home Assistant is told of the node's own state."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from herdbook import __version__
from herdbook.alpaca import diagnostics as module
from herdbook.alpaca.diagnostics import Diagnostics, update_state
from herdbook.alpaca.record import Record
from herdbook.eventlog.retention import Retention
from tests.fakes.clock import ManualClock


@pytest.mark.parametrize(
    ("installed", "llama", "latest"),
    [
        ("0.1.0", "", "0.1.0"),
        ("0.1.0", "0.1.0", "0.1.0"),
        ("0.1.0", "0.2.0", "0.2.0"),
        ("0.9.0", "0.10.0", "0.10.0"),
        ("0.2.0", "0.1.9", "0.2.0"),
        ("0.2.0", "0.2.0.dev1", "0.2.0"),
        ("0.2", "0.2.1", "0.2.1"),
        ("0.2.0", "nightly", "0.2.0"),
        ("0.2.0", "9" * 32, "9" * 32),
    ],
)
def test_the_latest_is_the_llamas_if_it_is_a_later_one(
    installed: str, llama: str, latest: str
) -> None:
    told = json.loads(update_state(installed, llama))
    assert told == {"installed_version": installed, "latest_version": latest}


class Shown:
    def __init__(self) -> None:
        self.states: list[tuple[str, str]] = []

    def diagnostic(self, part_id: str, state: str) -> None:
        self.states.append((part_id, state))


async def test_each_is_shown_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOOK_EVERY_S", 0.01)
    clock, shown = ManualClock(quality="unset"), Shown()
    record = await Record.open(tmp_path, clock)
    diagnostics = Diagnostics(record, Retention(disk_share=1), clock)
    running = asyncio.create_task(diagnostics.run(shown))

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)

    try:
        await until(lambda: len(shown.states) == 3)
        first = dict(shown.states)
        assert first == {
            "clock_quality": "unset",
            "log_share": "0",
            "update": update_state(__version__, ""),
        }
        shown.states.clear()
        clock._quality = "synced"
        await until(lambda: shown.states == [("clock_quality", "synced")])
        diagnostics.llama("9.1.0")
        diagnostics.llama("9.1.0")
        await until(lambda: len(shown.states) == 2)
        assert shown.states[-1] == ("update", update_state(__version__, "9.1.0"))
    finally:
        running.cancel()
        await asyncio.wait({running})
        await record.close()


async def test_a_data_folder_that_is_gone_ends_nothing_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_LOOK_EVERY_S", 0.01)
    clock, shown = ManualClock(), Shown()
    record = await Record.open(tmp_path / "node", clock)
    shutil.rmtree(tmp_path / "node")
    running = asyncio.create_task(Diagnostics(record, Retention(), clock).run(shown))
    async with asyncio.timeout(10):
        while "See that its disk is there" not in caplog.text:
            await asyncio.sleep(0.005)
        (tmp_path / "node").mkdir()
        while "log_share" not in dict(shown.states):
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait({running})
    await record.close()
    assert caplog.text.count("The size of the log is not known") == 1
