"""A whole herd of one node for a test: a real mosquitto, a real Llama and a real Alpaca.

Each of them in a process of its own, to be killed at will. What the node measured is written down
where neither of them reads it, and compared in the end with what the Llama has.
"""

import asyncio
import json
import os
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC
from itertools import groupby, pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import ClientError

from demo.llama_api import approve
from demo.process import Process
from herdbook.clock import SystemClock
from herdbook.eventlog.audit import audit
from herdbook.eventlog.event import MAX_WALL_MS
from herdbook.eventlog.folder import LogFolder
from herdbook.house.book import HouseBook
from herdbook.house.readings import Reading
from herdbook.house.rollup import HOUR_MS
from tests.herd.steered_alpaca import SENSORS
from tests.mosquitto import Mosquitto, free_port

ROOT = Path(__file__).parents[2]
ALWAYS = (0, MAX_WALL_MS)
SETTLES_S = 75
NEAR_MS = 60_000
"""Two seconds of ours: between a look at a sensor and one at the clock, on a busy machine."""


class Herd:
    """Use as a context manager. `llama` and `node` are the folders that the two work in."""

    def __init__(
        self,
        folder: Path,
        *,
        persistence: bool = False,
        llama: Path | None = None,
        node_data: Path | None = None,
        wrong_ms: int = 0,
        quality: str = "synced",
    ) -> None:
        """`wrong_ms` and `quality` are of the node's clock at its first start."""
        self.folder = folder
        self.node = folder / "node"
        self.node_data = node_data or self.node / "data"
        self.llama = llama or folder / "llama"
        self._first = (wrong_ms, quality)
        self.broker = Mosquitto(folder / "broker", persistence=persistence)
        self.node_id = ""
        self._boots = 0
        self._given_up: set[tuple[str, int]] = set()
        self._begun = time.monotonic()

    async def __aenter__(self) -> Self:
        for part in (self.node, self.llama, self.folder / "broker"):
            part.mkdir(parents=True, exist_ok=True)
        self.broker.start()
        self.set_clock(*self._first)
        self.llama_process = self._process("llama", "-m", "herdbook.cli.main", *self._llama())
        await self.start_llama()
        await self.start_alpaca()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.alpaca.kill()
        await self.llama_process.kill()
        self.broker.kill()

    def set_clock(self, wrong_ms: int = 0, quality: str = "synced") -> None:
        """What the node's clock says from now on."""
        told = {"begun": self._begun, "wrong_ms": wrong_ms, "quality": quality}
        new = self.folder / "clock.new"
        new.write_text(json.dumps(told))
        new.replace(self.node / "clock.json")

    async def start_llama(self) -> None:
        await self.llama_process.start()
        await self.llama_process.said("Herdbook Llama ready:")

    async def start_alpaca(self) -> None:
        """Another boot of the node; a person approves it when it is new."""
        self._boots += 1
        self.alpaca = self._process(
            f"alpaca {self._boots}",
            *("-m", "tests.herd.steered_alpaca", self.node, self.node_data, self.broker.port),
            f"boot {self._boots}",
        )
        await self.alpaca.start()
        self.node_id = (await self.alpaca.said("ready")).split()[1]

    async def stop_alpaca(self) -> None:
        """In an orderly way, which gives up a look at a sensor that is under way just then."""
        await self.alpaca.stop()
        assert self.alpaca.returncode == 0, self.alpaca.output()
        self._given_up |= {(sensor, len(self.measured(sensor))) for sensor in SENSORS}

    async def approve(self) -> None:
        """As a person does, in Home Assistant."""
        token = (self.llama / "data" / "api_token").read_text().strip()

        async def done() -> bool:
            try:
                return await approve(f"http://127.0.0.1:{self._api}", token, self.node_id)
            except ClientError:
                return False

        async with asyncio.timeout(30):
            while not await done():
                await asyncio.sleep(0.05)

    def measured(self, sensor: str = SENSORS[0]) -> list[tuple[int, int]]:
        """What a sensor read, as (count, true time), by its own record."""
        lines = (self.node / "ledger" / sensor).read_text().split("\n")[:-1]
        return [(int(count), int(at)) for count, at in (line.split() for line in lines)]

    async def until_measured(self, more: int) -> None:
        """Until so many more readings were taken than now."""
        wanted = len(self.measured()) + more
        await self.until(lambda: len(self.measured()) >= wanted)

    def held(self) -> int:
        """The last event of the node that the Llama has."""
        path = self.llama / "data" / "house.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            row = connection.execute(
                "SELECT seq FROM node WHERE node_id = ?", (self.node_id,)
            ).fetchone()
        return int(row[0]) if row else 0

    async def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                assert self.alpaca.running, self.alpaca.output()
                await asyncio.sleep(0.02)

    async def settle(self) -> None:
        """End the node in an orderly way, once the Llama has all that it logged; then the Llama."""
        # After some cuts the Llama waits for up to a minute before it tries its broker again.
        until = time.monotonic() + SETTLES_S
        while time.monotonic() < until:
            await self.stop_alpaca()
            if not self.behind():
                break
            # It says goodbye after two seconds, whoever listens: another boot brings the rest.
            await self.start_alpaca()
            await self.until_measured(50)
        assert not self.behind()
        await self.llama_process.stop()

    def behind(self) -> int:
        """How many events of the node the Llama does not have."""
        source = LogFolder.open(self.node_data)
        try:
            found = audit(source)
        finally:
            source.close()
        assert found.problems == []
        return found.last_seq - self.held()

    @asynccontextmanager
    async def book(self) -> AsyncIterator[HouseBook]:
        """What the Llama has, when it is not running."""
        book = await HouseBook.open(self.llama / "data", SystemClock(), UTC)
        try:
            yield book
        finally:
            await book.close()

    async def readings(self) -> dict[str, list[Reading]]:
        """All that the Llama has, by sensor; its hours agree with it."""
        found = {}
        async with self.book() as book:
            for series in await book.series(self.node_id):
                held = found[series.sensor] = await book.readings(series.id, *ALWAYS)
                hours = await book.by_hour(series.id, *ALWAYS)
                by_hour = groupby(held, lambda one: one.at_ms // HOUR_MS)
                its = [(hour, [one.value for one in run]) for hour, run in by_hour]
                assert [(one.start_ms // HOUR_MS, one.count, one.most) for one in hours] == [
                    (hour, len(values), max(values)) for hour, values in its
                ]
                assert round(sum(one.mean * one.count for one in hours)) == sum(
                    sum(values) for _, values in its
                )
            assert set(await book.refusals()) <= {"gap", "unapproved"}
        return found

    async def check(self) -> None:
        """Everything that was measured is there, once, in order, when it was."""
        found = await self.readings()
        assert set(found) == set(SENSORS)
        for sensor in SENSORS:
            held = found[sensor]
            measured = dict(self.expected(sensor, held))
            assert [one.value for one in held] == list(measured), sensor
            assert sum(one.value for one in held) == sum(measured)
            assert max(abs(one.at_ms - measured[int(one.value)]) for one in held) < NEAR_MS
            assert all(one.at_ms <= later.at_ms for one, later in pairwise(held))

    def expected(self, sensor: str, held: Sequence[Reading]) -> list[tuple[int, int]]:
        """What was `measured`, but for what was given up when the node ended."""
        values = {one.value for one in held}
        return [
            (count, at)
            for count, at in self.measured(sensor)
            if count in values or (sensor, count) not in self._given_up
        ]

    def _llama(self) -> tuple[object, ...]:
        self._api = free_port()
        config = self.llama / "llama.toml"
        config.write_text(
            f'data = "data"\ntime_zone = "UTC"\n[panel]\nport = {free_port()}\n'
            f"[api]\nport = {self._api}\n[broker]\nport = {self.broker.port}\n"
        )
        return "llama", "run", "--config", config

    def _process(self, name: str, *arguments: object) -> Process:
        return Process(
            name,
            [sys.executable, *map(str, arguments)],
            self.folder / f"{name}.log",
            environment={
                "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
            },
        )
