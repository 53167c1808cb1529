"""What a node's log does: events a second from whoever appends until they are durable.

`append_per_s`: observations from 512 tasks at once, each of which waits until its own is
durable, through `herdbook.alpaca.record.Record`; beside it plain SQLite with the same
durability, inserting rows of the same bytes, as many in a transaction as came together there. Taken
in turns, the median of each.
"""

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Final

from bench.report import Report
from herdbook.alpaca.record import Record
from herdbook.clock import SystemClock
from herdbook.eventlog.event import OBSERVATION, ObservationPayload, encode

LIMITS: Final = {"append_per_s": 15_000}
_EVENTS: Final = 20_000
_EVENTS_A_DAY: Final = 300
_TASKS: Final = 512
_TURNS: Final = 5


async def measure(report: Report, days: int) -> None:
    """Add this module's figure, of some events a day, to a report."""
    events = min(_EVENTS, days * _EVENTS_A_DAY)
    with tempfile.TemporaryDirectory(prefix="herdbook-bench-") as temporary:
        ours, plain = await append_per_s(Path(temporary), events)
    report.add(
        "append_per_s",
        ours,
        "/s",
        n=days,
        reference=f"plain SQLite: {plain:,.0f}; limit {LIMITS['append_per_s']:,}",
        against=plain,
    )


async def append_per_s(folder: Path, n: int) -> tuple[float, float]:
    """Durable events a second, and durable rows a second of plain SQLite."""
    payloads = [_observation(number) for number in range(n)]
    record = await Record.open(folder / "node", SystemClock())
    ours, plain = [], []
    try:
        with closing(_plain(folder / "plain.db")) as connection:
            row = await _event(record)
            for _ in range(_TURNS):
                ours.append(n / await _append_s(record, payloads))
                plain.append(n / _insert_s(connection, row, n))
    finally:
        await record.close()
    return median(ours), median(plain)


async def _append_s(record: Record, payloads: list[ObservationPayload]) -> float:
    waiting = iter(payloads)

    async def append() -> None:
        for payload in waiting:
            if not await record.append(OBSERVATION, payload):
                raise SystemExit("the disk refused an event")

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(_TASKS):
            group.create_task(append())
    return time.perf_counter() - begun


def _insert_s(connection: sqlite3.Connection, row: bytes, n: int) -> float:
    begun = time.perf_counter()
    for first in range(0, n, _TASKS):
        connection.execute("BEGIN IMMEDIATE")
        rows = ((1, row) for _ in range(first, min(first + _TASKS, n)))
        connection.executemany("INSERT INTO event (lamport, event) VALUES (?, ?)", rows)
        connection.execute("COMMIT")
    return time.perf_counter() - begun


def _plain(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, autocommit=True)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, lamport INTEGER, event BLOB)")
    return connection


async def _event(record: Record) -> bytes:
    """One event as the log keeps it."""
    return await record.call(lambda: encode(record.log.append(OBSERVATION, _observation(0))))


def _observation(number: int) -> ObservationPayload:
    value = 1_000.0 + number % 900
    return ObservationPayload(
        sensor="room_co2",
        sensor_name="Living room CO₂",
        kind="above_usual",
        sentence=f"Living room CO₂ is {value:,.0f} ppm. It is usually between 420 and 990 ppm.",
        value=value,
        unit="ppm",
        usual=(420.0, 990.0),
        confidence=0.97,
    )
