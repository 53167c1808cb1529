"""A real Alpaca in a process of its own whose hardware a test owns: FOLDER DATA PORT BOOT.

Its clock goes 30 times as fast and says what `clock.json` in the folder tells. Its sensors count
how often they were read, and put each reading with the true time into `ledger` before anybody hears
of it. All the rest is the agent as it is.
"""

import asyncio
import logging
import signal
import sys
import time
from pathlib import Path

import msgspec

from herdbook.alpaca import agent, timekeeping
from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.sensors.measurement import Measurement, Sample
from herdbook.broker import BrokerSettings
from herdbook.clock import Quality
from herdbook.eventlog import log as eventlog

SPEED = 30
BEGUN_MS = 1_793_534_400_000  # 2026-11-01 12:00 UTC: when the test began, in truth
SENSORS = ("warmth", "draught", "light")
INTERVAL_S = 0.02


class Told(msgspec.Struct):
    """When the test began, by how much the clock is wrong, and what it is called."""

    begun: float
    wrong_ms: int
    quality: Quality


class SteeredClock:
    """See `Told`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock.json"
        self._booted = time.monotonic()

    def true_ms(self) -> int:
        return BEGUN_MS + int((time.monotonic() - self._told().begun) * 1000 * SPEED)

    def wall_ms(self) -> int:
        return max(0, self.true_ms() + self._told().wrong_ms)

    def monotonic_ms(self) -> int:
        return int((time.monotonic() - self._booted) * 1000 * SPEED)

    def quality(self) -> Quality:
        return self._told().quality

    def _told(self) -> Told:
        return msgspec.json.decode(self._file.read_bytes(), type=Told)


class Counter:
    """A sensor that reads 1, 2, 3 …, also over restarts."""

    pace = 1.0
    quiet = 0.0
    interval = INTERVAL_S

    def __init__(self, sensor: str, folder: Path, clock: SteeredClock) -> None:
        self.measurements = (Measurement(sensor, sensor.title(), unit="lx"),)
        self._sensor = sensor
        self._clock = clock
        self._ledger = (folder / "ledger" / sensor).open("a+", encoding="utf-8")
        self._ledger.seek(0)
        self._count = len(self._ledger.readlines())

    def read(self) -> dict[str, Sample]:
        self._count += 1
        self._ledger.write(f"{self._count} {self._clock.true_ms()}\n")
        self._ledger.flush()
        return {self._sensor: float(self._count)}


async def main(folder: Path, data: Path, port: int, boot: str) -> None:
    logging.basicConfig(level=logging.INFO)
    clock = SteeredClock(folder)
    (folder / "ledger").mkdir(exist_ok=True)
    (folder / "boot").write_text(boot)
    eventlog._BOOT_ID = folder / "boot"  # type: ignore[misc]
    timekeeping._LOOK_EVERY_S = 0.1  # type: ignore[misc]
    sensors = [Counter(sensor, folder, clock) for sensor in SENSORS]
    agent.open_sensors = lambda _config, _clock: sensors  # type: ignore[attr-defined]
    config = AlpacaConfig("Hallway", data, BrokerSettings(port=port), ())
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await agent.run(config, clock=clock, on_ready=lambda node_id: print("ready", node_id))


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
    except asyncio.CancelledError:
        sys.exit(0)
