"""A node that runs for a year: its disk, its memory, its hours, and what it has to say."""

import asyncio
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.e2e.year.household import NIGHTS
from tests.e2e.year.node import AWAY, BEGIN, DAYS, INTERVAL_S, SHARE_BYTES

MIB = 1024 * 1024
DAY_S = 86_400
MONTHS = [day for day in range(DAYS) if day % 30 == 29]


async def test_a_year(tmp_path: Path) -> None:
    # A year is many small writes: they go where those are cheap, if there is such a place.
    cheap = Path("/dev/shm")
    with TemporaryDirectory(dir=cheap if os.access(cheap, os.W_OK) else tmp_path) as folder:
        year = await _year(Path(folder) / "node")
    begin_ms = round(BEGIN.timestamp() * 1000)

    # Not a reading is missing, late or there twice, whatever the clocks on the walls did.
    grid = set(range(0, DAYS * DAY_S, INTERVAL_S))
    assert grid <= set(year["reads"])
    assert all(moment % (INTERVAL_S / 4) == 0 for moment in year["reads"])
    at_ms = sorted(begin_ms + round(moment * 1000) for moment in year["reads"])
    for times in year["readings"].values():
        assert sorted(times) == at_ms[: len(times)]
        assert len(at_ms) - len(times) <= 1
    assert year["waiting"] == 0

    # It says what is unusual, and nothing else in the whole year.
    said = [(datetime.fromisoformat(at), *what) for at, *what in year["observations"]]
    assert [at.date() for at, *_ in said] == list(NIGHTS)
    assert {(at.hour, sensor, kind) for at, sensor, kind in said} == {(3, "motion", "unusual_time")}

    # Memory is flat, once what it learns from is full.
    memory = year["memory"]
    assert max(memory[3:]) - memory[2] < 4 * MIB

    # The log keeps to its share, but for what the Llama does not have yet and a little to grow in.
    for day, size in zip(MONTHS, year["log"], strict=True):
        if not any(day in away or day - 3 in away for away in AWAY):
            assert size <= SHARE_BYTES + MIB, day


async def _year(folder: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.e2e.year.node", folder),
        env={**os.environ, "TZ": "Europe/Berlin"},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(output)
