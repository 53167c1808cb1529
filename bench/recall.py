"""What it costs to recall something of n observations: `scripts/bench recall [--n N]`.

A made-up house: five rooms with six sensors each, a few facts, sentences as an Alpaca makes them,
over three years. Questions are those that people ask: words, a word and a room, a phrase, a room
and a month, in other words than the house's.

`recall_p50_ms`, `recall_p95_ms`: a whole question, with vectors and a warm kernel cache; beside
each the plain FTS5 query that finds the same words, ranked by its own BM25, of which a recall can
be no less. `recall_words_p50_ms`: the same without a model. `recall_distinct_p50_ms`: with a
model, were every sentence one of its own, as when a language model phrases them.
`ready_per_s`: observations whose words come into the index in the background; beside it how many
are stored. `stored_per_s`: those that are stored while the index is kept up; beside it without.
`recall_bytes`: what words and gists take of the house book, for each observation; beside it all
else.
"""

import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, date
from functools import partial
from itertools import batched
from pathlib import Path
from statistics import median
from typing import Final

from bench.herd_house import TOGETHER
from bench.report import Report, options, percentile
from demo.minilm import minilm
from herdbook.clock import SystemClock
from herdbook.embedding.model import Model
from herdbook.eventlog.batch import GENESIS, VerifiedBatch, open_batch, seal
from herdbook.eventlog.event import Event, ObservationPayload, encode_payload
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.messages import Hello
from herdbook.house.asked import Asked
from herdbook.house.book import HouseBook
from herdbook.house.recall import Recall

START_MS: Final = 1_698_796_800_000  # 2023-11-01 00:00 UTC
YEARS_MS: Final = 3 * 365 * 86_400_000
NODE: Final = Identity(bytes(range(32)))
ROOMS: Final = ("Living room", "Bedroom", "Bathroom", "Kitchen", "Attic")
SENSORS: Final = (
    ("temperature", "temperature", "°C", 14, 30),
    ("humidity", "humidity", "%", 25, 95),
    ("co2", "CO₂", "ppm", 400, 2400),
    ("noise", "noise", "dB", 25, 80),
    ("light", "light", "lx", 0, 900),
    ("power", "power use", "W", 1, 2500),
)
QUESTIONS: Final = (
    Asked("humidity "),
    Asked("bathroom humidity "),
    Asked('"Attic temperature"'),
    Asked("bedroom co2", first=date(2025, 3, 1), last=date(2025, 3, 31)),
    Asked("when was it stuffy in the bedroom "),
    Asked("damp walls upstairs "),
    Asked("too hot under the roof ", kind="above_usual"),
    Asked("kitchen noise -bedroom "),
    Asked("somebody left the lights on "),
    Asked("temperature on:2024-07"),
)
_PLAIN: Final = (
    "SELECT rowid FROM recall_words WHERE recall_words MATCH ? ORDER BY rank, rowid LIMIT 50"
)
_ROUNDS: Final = 5


def observations(count: int, *, distinct: bool = False) -> list[Event]:
    """The same for the same count; `distinct` has each with words of its own."""
    chance = random.Random(3)
    events = []
    for seq in range(1, count + 1):
        room = chance.choice(ROOMS)
        sensor, name, unit, least, most = chance.choice(SENSORS)
        high = chance.random() < 0.6
        value = chance.randint(least, most)
        sentence = f"{room} {name} is {value:,} {unit}."
        sentence += f" It is usually between {least:,} and {most // 2:,} {unit}."
        if distinct:
            sentence += " " + "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=9))
        at = START_MS + seq * YEARS_MS // count
        payload = ObservationPayload(
            f"{room.lower().replace(' ', '_')}_{sensor}",
            f"{room} {name}",
            "above_usual" if high else "below_usual",
            sentence,
            float(value),
            unit,
            (float(least), most / 2),
            0.9,
        )
        raw = encode_payload(payload)
        events.append(Event(seq, seq, "b", at - START_MS, at, "synced", "observation", raw))
    return events


def log_of(events: list[Event]) -> list[VerifiedBatch]:
    """They, as they come from a node."""
    log, previous = [], GENESIS
    for run in batched(events, 1000, strict=False):
        sealed = seal(NODE, previous, list(run))
        previous = sealed.hash
        log.append(open_batch(sealed.wire, NODE.node_id))
    return log


async def store(book: HouseBook, log: list[VerifiedBatch]) -> float:
    """Seconds until all of a log is in a book."""
    await book.hello(NODE.node_id, Hello("House", "0", 0))
    await book.approve(NODE.node_id)
    begun = time.perf_counter()
    for some in batched(log, TOGETHER, strict=False):
        await book.store_many(some)
    return time.perf_counter() - begun


async def asked(recall: Recall) -> list[float]:
    """Milliseconds of each question, several rounds."""
    questions = QUESTIONS * _ROUNDS
    return [await _ms(partial(recall.ask, question)) for question in questions]


async def main() -> None:
    """Measure, and print."""
    chosen = options("recall", "Recall something of n observations.", n=100_000)
    report, count = Report("recall", as_json=chosen.json), chosen.n
    model = Model(minilm())
    await model.load()
    with tempfile.TemporaryDirectory(prefix="herdbook-bench-") as temporary:
        folder = Path(temporary)
        await _keep(report, folder, log_of(observations(count)), count)
        book = await HouseBook.open(folder / "plain", SystemClock(), UTC)
        recall = book.recall(model)
        await recall.catch_up()
        both, words = await asked(recall), await asked(book.recall(Model()))
        await book.close()
        plain = _by_fts(folder / "plain" / "house.db")
        for metric, value in (
            ("recall_p50_ms", median(both)),
            ("recall_p95_ms", percentile(both, 95)),
            ("recall_words_p50_ms", median(words)),
        ):
            _add(report, metric, value, "ms", count, "FTS5 alone", plain)
        await _distinct(report, folder, model, count)
    await model.close()


def _add(
    report: Report, metric: str, value: float, unit: str, n: int, what: str, against: float
) -> None:
    report.add(metric, value, unit, n=n, reference=f"{what}: {against:.2f}", against=against)


async def _keep(report: Report, folder: Path, log: list[VerifiedBatch], count: int) -> None:
    """What storing costs, and what making it ready does."""
    book = await HouseBook.open(folder / "plain", SystemClock(), UTC)
    stored = count / await store(book, log)
    size = _size(folder / "plain")
    begun = time.perf_counter()
    await book.recall(Model()).catch_up()
    ready = count / (time.perf_counter() - begun)
    await book.close()
    grown = _size(folder / "plain") - size
    book = await HouseBook.open(folder / "both", SystemClock(), UTC)
    keeping = asyncio.create_task(book.recall(Model()).run(lambda: False))
    meanwhile = count / await store(book, log)
    keeping.cancel()
    await book.close()
    _add(report, "ready_per_s", ready, "/s", count, "stored", stored)
    _add(report, "stored_per_s", meanwhile, "/s", count, "with no index made meanwhile", stored)
    _add(report, "recall_bytes", grown / count, "B", count, "all else of it", size / count)


async def _distinct(report: Report, folder: Path, model: Model, count: int) -> None:
    """All have the same vector: to make so many takes hours, to compare them does not."""
    book = await HouseBook.open(folder / "distinct", SystemClock(), UTC)
    await store(book, log_of(observations(count, distinct=True)))
    await book.recall(Model()).catch_up()
    await book.close()
    embedder = model.embedder
    assert embedder is not None
    with closing(sqlite3.connect(folder / "distinct" / "house.db")) as connection, connection:
        connection.execute("INSERT INTO gist_model VALUES (?)", (embedder.id,))
        _, half = await embedder.kept("Attic humidity is high.")
        connection.execute("UPDATE gist SET half = ?", (half,))
    book = await HouseBook.open(folder / "distinct", SystemClock(), UTC)
    both, words = await asked(book.recall(model)), await asked(book.recall(Model()))
    await book.close()
    slow, quick = median(both), median(words)
    _add(report, "recall_distinct_p50_ms", slow, "ms", count, "by words alone", quick)


def _by_fts(path: Path) -> float:
    took = []
    with closing(sqlite3.connect(path)) as connection:
        for match in ("humidity", "bathroom AND humidity", '"attic temperature"', "bedroom", "hot"):
            for _ in range(_ROUNDS):
                begun = time.perf_counter()
                connection.execute(_PLAIN, (match,)).fetchall()
                took.append((time.perf_counter() - begun) * 1000)
    return median(took)


def _size(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "house.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return (folder / "house.db").stat().st_size


async def _ms(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    asyncio.run(main())
