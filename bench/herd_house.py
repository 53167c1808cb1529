"""What the house book does with n days of ten sensors, read every half minute, that come at once.

`merge_per_s`: events taken in, in batches of a thousand, each checked (signature, chain, bounds)
and folded, sixteen to a durable transaction, as from the broker; beside it the same events inserted
into SQLite, a row each, in as many transactions. `readings_per_s`: the readings in them, the same
way; beside it a row each. `bytes_per_event_on_wire`: the batches, for each event (a block of one
minute's readings of a sensor) in them; beside it all events compressed at once.
`bytes_per_reading`: the database file, with its indexes and hours, for each reading; beside it zstd
over the same times and values, eight bytes each.
`query_90d_by_hour_ms`: one sensor's hours of all days, as the panel asks for them; beside it SQL
over the rows. `day_ms`: the readings of one day, the same way.

Medians of all sensors for what is asked, kernel cache warm.
"""

import gc
import sqlite3
import tempfile
import time
from array import array
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from datetime import UTC
from functools import partial
from itertools import batched
from pathlib import Path
from statistics import median
from typing import Final

import zstandard

from bench.herd_log import DAY_S, NODE, START_MS, HerdLog
from bench.report import Report
from herdbook.clock import SystemClock
from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import encode
from herdbook.eventlog.messages import Hello
from herdbook.house.book import HouseBook

LIMITS: Final = {
    "merge_per_s": 200_000,
    "bytes_per_event_on_wire": 20,
    "bytes_per_reading": 2,
    "query_90d_by_hour_ms": 10,
}
TOGETHER: Final = 16
"""Batches that a Llama stores in one transaction when they arrive faster than it stores."""
_LEVEL: Final = 3
_HOURS: Final = (
    "SELECT at_ms / 3600000, count(*), min(value), max(value), avg(value) FROM reading"
    " WHERE sensor = ? GROUP BY 1 ORDER BY 1"
)
_DAY: Final = (
    "SELECT at_ms, value FROM reading WHERE sensor = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms"
)


async def measure(report: Report, log: HerdLog, days: int) -> None:
    """Add this module's figures to a report."""
    gc.collect()
    gc.freeze()  # a million samples of the bench's own are not to be looked through again and again
    with tempfile.TemporaryDirectory(prefix="herdbook-bench-") as temporary:
        folder = Path(temporary)
        merge_s = await _merge(folder, log)
        with closing(_rows(folder / "rows.db")) as rows:
            events_s, readings_s = _as_rows(rows, log)
            size = (folder / "house.db").stat().st_size / log.readings
            wire = sum(len(batch.wire) for batch in log.batches) / log.events
            for metric, value, unit, against in (
                ("merge_per_s", log.events / merge_s, "/s", log.events / events_s),
                ("readings_per_s", log.readings / merge_s, "/s", log.readings / readings_s),
                ("bytes_per_event_on_wire", wire, "B", _packed(log) / log.events),
                ("bytes_per_reading", size, "B", _zstd(log) / log.readings),
            ):
                _add(report, metric, value, unit, days, against)
            await _ask(report, folder, rows, days)


def _add(report: Report, metric: str, value: float, unit: str, n: int, against: float) -> None:
    peer = {"merge_per_s": "SQLite, a row an event", "bytes_per_reading": "zstd"}
    peer["bytes_per_event_on_wire"] = "zstd of all events in one piece"
    limit = f"; limit {LIMITS[metric]}" if metric in LIMITS else ""
    what = peer.get(metric, "SQLite, a row a reading")
    report.add(metric, value, unit, n=n, reference=f"{what}: {against:.2f}{limit}", against=against)


async def _merge(folder: Path, log: HerdLog) -> float:
    """Seconds until the whole log is in the house book."""
    book = await HouseBook.open(folder, SystemClock(), UTC)
    await book.hello(NODE.node_id, Hello("Bench", "0", 0))
    await book.approve(NODE.node_id)
    begun = time.perf_counter()
    for wires in batched((batch.wire for batch in log.batches), TOGETHER, strict=False):
        await book.store_many([open_batch(wire, NODE.node_id) for wire in wires])
    took = time.perf_counter() - begun
    await book.close()
    return took


def _rows(path: Path) -> sqlite3.Connection:
    rows = sqlite3.connect(path, autocommit=True)
    rows.execute("PRAGMA journal_mode = WAL")
    rows.execute("PRAGMA synchronous = FULL")
    rows.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, wall_ms INTEGER, payload BLOB)")
    rows.execute("CREATE TABLE reading (sensor INTEGER, at_ms INTEGER, value REAL)")
    return rows


def _as_rows(rows: sqlite3.Connection, log: HerdLog) -> tuple[float, float]:
    """Seconds for a row an event, and seconds for a row a reading."""
    events = [
        (one.seq, one.wall_ms, one.payload)
        for batch in log.batches
        for one in open_batch(batch.wire, NODE.node_id).events
    ]
    readings = [
        (number, at, value)
        for number, samples in enumerate(log.samples.values())
        for at, value in samples
    ]
    transactions = -(-len(log.batches) // TOGETHER)
    return (
        _insert(rows, "INSERT INTO event VALUES (?, ?, ?)", events, transactions),
        _insert(rows, "INSERT INTO reading VALUES (?, ?, ?)", readings, transactions),
    )


def _insert(
    rows: sqlite3.Connection, insert: str, values: Sequence[tuple[object, ...]], transactions: int
) -> float:
    begun = time.perf_counter()
    for some in batched(values, -(-len(values) // transactions), strict=False):
        rows.execute("BEGIN")
        rows.executemany(insert, some)
        rows.execute("COMMIT")
    return time.perf_counter() - begun


def _packed(log: HerdLog) -> int:
    """Bytes of all events compressed at once, as no batch can be."""
    events = [
        encode(event)
        for batch in log.batches
        for event in open_batch(batch.wire, NODE.node_id).events
    ]
    return len(zstandard.compress(b"".join(events), _LEVEL))


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
    begin = end - DAY_S * 1000
    sensors = list(enumerate(one.id for one in await book.series(NODE.node_id)))
    hours, day, hours_by_sql, day_by_sql = [], [], [], []
    for number, series in sensors:
        hours.append(await _ms(partial(book.by_hour, series, START_MS, end)))
        hours_by_sql.append(await _ms(partial(_sql, rows, _HOURS, (number,))))
        day.append(await _ms(partial(book.readings, series, begin, end)))
        day_by_sql.append(await _ms(partial(_sql, rows, _DAY, (number, begin, end))))
    _add(report, "query_90d_by_hour_ms", median(hours), "ms", days, median(hours_by_sql))
    _add(report, "day_ms", median(day), "ms", days, median(day_by_sql))
    await book.close()


async def _sql(rows: sqlite3.Connection, query: str, values: tuple[int, ...]) -> None:
    rows.execute(query, values).fetchall()


async def _ms(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return (time.perf_counter() - begun) * 1000
