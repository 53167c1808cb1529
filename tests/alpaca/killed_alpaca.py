"""A whole Alpaca to be killed: what it reads it writes down elsewhere too, for the test to compare.

Arguments: a folder for its ledgers and data, how often unfinished readings are noted, and how long
blocks are filled, both in seconds.
"""

import asyncio
import logging
import sys
import time
from pathlib import Path

from herdbook.alpaca import agent, blocks, unfinished
from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.sensors.measurement import Measurement, Sample
from herdbook.broker import BrokerSettings

SENSORS = ("lamp", "stove")
NOBODY_LISTENS = 9


class Counter:
    """Reads 1, 2, 3 …, also over restarts."""

    pace = 1.0
    quiet = 0.0
    interval = 0.1

    def __init__(self, sensor: str, folder: Path) -> None:
        self.measurements = (Measurement(sensor, sensor.title()),)
        self._sensor = sensor
        self._ledger = (folder / sensor).open("a+b", buffering=0)
        self._ledger.seek(0)
        self._count = len(self._ledger.read().splitlines())

    def read(self) -> dict[str, Sample]:
        self._count += 1
        self._ledger.write(b"%d %f\n" % (self._count, time.monotonic()))
        return {self._sensor: float(self._count)}


def main(folder: Path, every_s: float, block_s: float) -> None:
    logging.basicConfig(level=logging.INFO)
    unfinished._EVERY_S = every_s  # type: ignore[misc]
    blocks._BLOCK_MS = int(block_s * 1000)  # type: ignore[misc]
    sensors = [Counter(sensor, folder) for sensor in SENSORS]
    agent.open_sensors = lambda _config, _clock: sensors  # type: ignore[attr-defined]
    config = AlpacaConfig("Hallway", folder / "node", BrokerSettings(port=NOBODY_LISTENS), ())
    asyncio.run(agent.run(config, on_ready=lambda node_id: print("ready", node_id, flush=True)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
