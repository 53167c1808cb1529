"""What the house book does with n days of ten sensors, read every half minute, that come at once.

`merge_per_s`: events taken in, each batch of a thousand checked (signature, chain, bounds), folded
and durable before the next; beside it the same events inserted into SQLite, a row each, in the same
transactions. `readings_per_s`: the readings in them, the same way; beside it a row each.
`bytes_per_reading`: the database file, with its indexes and hours, for each reading; beside it zstd
over the same times and values, eight bytes each. `query_90d_by_hour_ms`: one sensor's hours of all
days asked for, as the panel asks; beside it SQL over the rows. `day_ms`: the readings of one day.

Medians of all sensors for what is asked, kernel cache warm.
"""

import asyncio
import sqlite3
import tempfile
import time
from array import array
from collections.abc import Awaitable, Callable
from datetime import UTC
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import zstandard

from bench.herd_log import DAY_S, NODE, START_MS, HerdLog
from bench.report import Report, options
from herdbook.clock import SystemClock
from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.messages import Hello
from herdbook.house.book import HouseBook

LIMITS: Final = {"merge_per_s": 200_000, "bytes_per_reading": 2, "query_90d_by_hour_ms": 10}
_LEVEL: Final = 3


async def measure(report: Report, days: int) -> None:
    """Add this module's figures to a report."""
    log = HerdLog(days)
    with tempfile.TemporaryDirectory(prefix="herdbook-bench-") as temporary:
        folder = Path(temporary)
        merge_s = await _merge(folder, log)
        event_rows_s, reading_rows_s, rows = _as_rows(folder / "rows.db", log)
        _add(report, "merge_per_s", log.events / merge_s, "/s", days, log.events / event_rows_s)
        _add(report, "readings_per_s", log.readings / merge_s, "/s", days,
             log.readings / reading_rows_s)  # fmt: skip
        size = (folder / "house.db").stat().st_size
        _add(report, "bytes_per_reading", size / log.readings, "B", days, _zstd(log) / log.readings)
        await _ask(report, folder, rows, days)
        rows.close()


def _add(report: Report, metric: str, value: float, unit: str, n: int, against: float) -> None:
    peer = {"merge_per_s": "SQLite, a row an event", "bytes_per_reading": "zstd"}
    limit = f"; limit {LIMITS[metric]}" if metric in LIMITS else ""
    what = peer.get(metric, "SQLite, a row a reading")
    report.add(metric, value, unit, n=n, reference=f"{what}: {against:.2f}{limit}", against=against)


async def _merge(folder: Path, log: HerdLog) -> float:
    """Seconds until the whole log is in the house book."""
    book = await HouseBook.open(folder, SystemClock(), UTC)
    await book.hello(NODE.node_id, Hello("Bench", "0", 0))
    await book.approve(NODE.node_id)
    begun = time.perf_counter()
    for batch in log.batches:
        await book.store(open_batch(batch.wire, NODE.node_id))
    took = time.perf_counter() - begun
    await book.close()
    return took


def _as_rows(path: Path, log: HerdLog) -> tuple[float, float, sqlite3.Connection]:
    """Seconds for a row an event, seconds for a row a reading, and the rows of the latter."""
    rows = sqlite3.connect(path, autocommit=True)
    rows.execute("PRAGMA journal_mode = WAL")
    rows.execute("PRAGMA synchronous = FULL")
    rows.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, wall_ms INTEGER, payload BLOB)")
    rows.execute("CREATE TABLE reading (sensor INTEGER, at_ms INTEGER, value REAL)")
    opened = [open_batch(batch.wire, NODE.node_id).events for batch in log.batches]
    begun = time.perf_counter()
    for events in opened:
        _insert(rows, "event", [(one.seq, one.wall_ms, one.payload) for one in events])
    of_events = time.perf_counter() - begun
    flat = [
        (number, at, value)
        for number, samples in enumerate(log.samples.values())
        for at, value in samples
    ]
    each = -(-len(flat) // len(log.batches))
    begun = time.perf_counter()
    for first in range(0, len(flat), each):
        _insert(rows, "reading", flat[first : first + each])
    return of_events, time.perf_counter() - begun, rows


def _insert(rows: sqlite3.Connection, table: str, values: list[tuple[object, ...]]) -> None:
    rows.execute("BEGIN")
    rows.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", values)
    rows.execute("COMMIT")


def _zstd(log: HerdLog) -> int:
    size = 0
    for samples in log.samples.values():
        times = array("q", (at for at, _ in samples))
        values = array("d", (value for _, value in samples))
        size += len(zstandard.compress(times.tobytes() + values.tobytes(), _LEVEL))
    return size


async def _ask(report: Report, folder: Path, rows: sqlite3.Connection, days: int) -> None:
    rows.execute("CREATE INDEX by_time ON reading (sensor, at_ms)")
    book = await HouseBook.open(folder, SystemClock(), UTC)
    end = START_MS + days * DAY_S * 1000
    sensors = [one.id for one in await book.series(NODE.node_id)]
    hours = [await _ms(partial(book.by_hour, one, START_MS, end)) for one in sensors]
    by_sql = [
        await _ms(
            partial(
                _sql,
                rows,
                "SELECT at_ms / 3600000, count(*), min(value), max(value), avg(value) FROM reading"
                " WHERE sensor = ? GROUP BY 1 ORDER BY 1",
                (number,),
            )
        )  # fmt: skip
        for number in range(len(sensors))
    ]
    _add(report, "query_90d_by_hour_ms", median(hours), "ms", days, median(by_sql))
    begin = end - DAY_S * 1000
    of_day = [await _ms(partial(book.readings, one, begin, end)) for one in sensors]
    by_sql = [
        await _ms(
            partial(
                _sql,
                rows,
                "SELECT at_ms, value FROM reading WHERE sensor = ? AND at_ms >= ? AND at_ms < ?"
                " ORDER BY at_ms",
                (number, begin, end),
            )
        )  # fmt: skip
        for number in range(len(sensors))
    ]
    _add(report, "day_ms", median(of_day), "ms", days, median(by_sql))
    await book.close()


async def _sql(rows: sqlite3.Connection, query: str, values: tuple[int, ...]) -> None:
    rows.execute(query, values).fetchall()


async def _ms(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return (time.perf_counter() - begun) * 1000


async def main() -> None:
    """Measure, and print."""
    chosen = options("herd_house", "Merge, keep and ask for n days of ten sensors.", n=90)
    await measure(Report("herd_house", as_json=chosen.json), chosen.n)


if __name__ == "__main__":
    asyncio.run(main())
