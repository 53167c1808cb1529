"""One Alpaca for a year of simulated time; its own process. Prints what became of it, as JSON."""

import asyncio
import json
import os
import random
import sys
from array import array
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil

from herdbook.alpaca import (
    agent,
    diagnostics,
    heartbeat,
    record,
    sampler,
    timekeeping,
    unfinished,
)
from herdbook.alpaca import node as running
from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.memory import memories
from herdbook.alpaca.outputs import outputs
from herdbook.alpaca.sensors.measurement import Measurement, Sample
from herdbook.alpaca.uplink import Uplink
from herdbook.broker import BrokerSettings
from herdbook.eventlog.batch import GENESIS, open_batch
from herdbook.eventlog.event import OBSERVATION, READINGS, ObservationPayload, decode_payload
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.messages import Have, open_hello, seal_have
from herdbook.eventlog.readings import ReadingsPayload
from herdbook.eventlog.receiver import START, Position, judge
from herdbook.eventlog.retention import Retention
from herdbook.house import file, recall
from tests.e2e.year import household
from tests.e2e.year.simulation import Inline, InlineReading, SimulatedClock, SimulatedLoop

DAY_S = 86_400
ZONE = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 11, 15, 18, tzinfo=ZONE)
DAYS = 365
INTERVAL_S = 1800
AWAY = (range(10, 100), range(180, 300))
"""Days on which the Llama is out of reach."""
SHARE_BYTES = 2_000_000


class Witness:
    """Gathers what the test asks about, in little room: what grows is to be the node."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.reads = array("d")
        """Seconds since the start."""
        self.readings = {sensor.id: array("q") for sensor in Room.measurements}
        """Their wall times, as they arrived."""
        self.events = 0
        self.waiting = 0
        self.observations: list[tuple[str, str, str]] = []
        """When, of which sensor, of which kind."""
        self.memory: list[int] = []
        self.log: list[int] = []
        """Bytes, at the end of each month."""

    def month(self) -> None:
        self.memory.append(psutil.Process().memory_info().rss)
        self.log.append((self._folder / "log.db").stat().st_size)

    def seen(self) -> dict[str, Any]:
        """All of it, for JSON."""
        seen = {name: value for name, value in vars(self).items() if name != "_folder"}
        seen["reads"] = self.reads.tolist()
        seen["readings"] = {name: times.tolist() for name, times in self.readings.items()}
        return seen


class Room:
    """The sensor; see `herdbook.alpaca.sensors.measurement.Sensor`."""

    measurements = (household.HEATING, household.MOTION, household.TEMPERATURE)
    interval = float(INTERVAL_S)
    quiet = 900.0
    pace = 1.0

    def __init__(self, witness: Witness, clock: SimulatedClock, loop: SimulatedLoop) -> None:
        self._witness = witness
        self._clock = clock
        self._loop = loop

    def read(self) -> Mapping[str, Sample]:
        self._witness.reads.append(self._loop.time())
        return household.measured(self._clock.wall_ms() / 1000)


class Home:
    """The line to a Llama that is there on some days; see `herdbook.alpaca.line.Line`."""

    def __init__(self, witness: Witness, uplink: Any, node_id: str) -> None:
        self._witness = witness
        self._uplink = uplink
        self._id = node_id
        self._llama = Identity(b"\x07" * 32)
        self._position = START
        self._hashes = {0: GENESIS}
        self._nonce = b""
        self._said = 0
        self.connected = False
        self.trouble = None

    async def run(self) -> None:
        for day in range(DAYS + 1):
            here = not any(day in away for away in AWAY)
            if here and not self.connected:
                self.connected = True
                await self._uplink.connected()
                await self._uplink.say_hello(self)
            self.connected = here
            await asyncio.sleep(DAY_S)

    def helpers(self) -> Sequence[Coroutine[Any, Any, None]]:
        return ()

    async def hello(self, wire: bytes) -> None:
        self._nonce = open_hello(wire, self._id).nonce
        await self._have()

    async def batch(self, wire: bytes) -> None:
        batch = open_batch(wire, self._id)
        if judge(self._position, batch, self._hashes.get) == "new":
            self._position = Position(batch.last_seq, batch.hash, batch.events[-1].lamport)
            self._hashes[batch.last_seq] = batch.hash
            self._hashes.pop(batch.last_seq - 5000, None)
            for event in batch.events:
                self._witness.events += 1
                if event.kind == READINGS:
                    block = decode_payload(event, ReadingsPayload)
                    self._witness.readings[block.sensor].extend(at for at, _ in block.samples())
                elif event.kind == OBSERVATION:
                    seen = decode_payload(event, ObservationPayload)
                    at = datetime.fromtimestamp(event.wall_ms / 1000, ZONE).isoformat()
                    self._witness.observations.append((at, seen.sensor, seen.kind))
        await self._have()

    async def ask(self, wire: bytes) -> None:
        """This Llama has nobody else to tell of."""

    def state(self, measurement: Measurement, value: float | None) -> None:
        pass

    def diagnostic(self, part_id: str, state: str) -> None:
        pass

    def output(self, output_id: str, state: str | None) -> None:
        raise AssertionError("it has no outputs")

    def observed(self, observation: ObservationPayload) -> None:
        pass

    async def send(self, topic: str, payload: str) -> None:
        raise AssertionError("it has no outputs")

    def waiting(self, events: int) -> None:
        self._witness.waiting = events

    async def _have(self) -> None:
        self._said += 1
        have = Have(
            self._id, self._position.seq, self._position.hash, True, self._nonce, self._said
        )
        await self._uplink.heard(seal_have(self._llama, have))


async def year(folder: Path, loop: SimulatedLoop, witness: Witness) -> None:
    """Be the node for a year."""
    clock = SimulatedClock(loop, round(BEGIN.timestamp() * 1000))
    disk = os.statvfs(folder.parent)
    config = AlpacaConfig(
        name="Attic",
        data=folder,
        broker=BrokerSettings(),
        sensor=(),
        log=Retention(keep_days=3650, disk_share=SHARE_BYTES / (disk.f_blocks * disk.f_frsize)),
    )
    agent.open_sensors = lambda *_: [Room(witness, clock, loop)]
    running.BrokerLine = lambda *made_of: Home(
        witness, next(one for one in made_of if isinstance(one, Uplink)), made_of[2]
    )
    file.ThreadPoolExecutor = record.ThreadPoolExecutor = Inline
    sampler.ReadingThread = InlineReading
    # What looks around every few seconds would take most of the test's time.
    for module in (diagnostics, memories, outputs, recall, timekeeping):
        module._LOOK_EVERY_S = INTERVAL_S
    for module in (heartbeat, unfinished):
        module._EVERY_S = INTERVAL_S
    node = asyncio.create_task(
        agent.run(config, on_ready=lambda _: None, clock=clock, rng=random.Random(1))
    )
    for day in range(DAYS):
        await asyncio.wait({node}, timeout=DAY_S)
        if node.done():
            break
        if day % 30 == 29:
            witness.month()
    node.cancel()
    await asyncio.wait({node})
    if not node.cancelled():
        node.result()


def main() -> None:
    """Run it; the folder is the argument."""
    folder = Path(sys.argv[1])
    loop = SimulatedLoop()
    witness = Witness(folder)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(year(folder, loop, witness))
    print(json.dumps(witness.seen()))


if __name__ == "__main__":
    main()
