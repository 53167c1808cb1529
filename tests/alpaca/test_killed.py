"""`kill -9` at random: of the readings, what was read just before is lost, and nothing else, ever.

`HERDBOOK_KILLS` says how often; a thousand take half an hour.
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from herdbook.clock import SystemClock
from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import READINGS, decode_payload
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.readings import ReadingsPayload
from tests.alpaca.killed_alpaca import SENSORS

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("HERDBOOK_KILLS", "6"))
EVERY_S = 0.2
SLACK_S = 1.0  # a reading's way into the note, on a machine with other things to do


def killed(folder: Path, block_s: float, lives_s: float) -> float:
    """Let a node run and kill it; when that was, in its own monotonic time."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.alpaca.killed_alpaca", folder, str(EVERY_S), str(block_s)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"ready")
        deadline = time.monotonic() + lives_s
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))
        at = time.monotonic()
    finally:
        process.kill()
        _, said = process.communicate()
    assert b"Traceback" not in said, said.decode()
    return at


def logged(folder: Path) -> dict[str, Counter[int]]:
    log = EventLog.open(folder / "node", SystemClock())
    log.absorb()
    log.seal()
    found = {sensor: Counter[int]() for sensor in SENSORS}
    for wire in log.batches_after(0, 1_000_000):
        for event in open_batch(wire, log.node_id).events:
            if event.kind == READINGS:
                block = decode_payload(event, ReadingsPayload)
                found[block.sensor].update(int(value) for _, value in block.samples())
    log.close()
    return found


@pytest.mark.parametrize("block_s", [60.0, 0.5])
def test_a_kill_costs_the_last_readings_and_nothing_is_there_twice(
    tmp_path: Path, block_s: float
) -> None:
    rng = random.Random(f"kills {block_s}")
    kills = [killed(tmp_path, block_s, rng.uniform(0, 2)) for _ in range(KILLS // 2)]
    found = logged(tmp_path)
    for sensor in SENSORS:
        assert set(found[sensor].values()) == {1}
        lines = [line.split() for line in (tmp_path / sensor).read_text().splitlines()]
        read = {int(number): float(at) for number, at in lines}
        assert found[sensor].keys() <= read.keys()
        for number in read.keys() - found[sensor].keys():
            death = min(kill for kill in kills if kill >= read[number] - 0.1)
            assert death - read[number] < EVERY_S + SLACK_S
        assert len(found[sensor]) > len(read) / 3
