"""A process that opens one database and measures it; `bench.vault` reads its JSON."""

import asyncio
import json
import os
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple, cast

import apsw
import numpy as np

from bench.archive import TOP, Archive, nearest, phrases
from bench.plain import PlainDatabase
from herdbook.clock import SystemClock
from herdbook.embedding.near import Vector
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.journal.query import Query
from herdbook.journal.search import search
from herdbook.llama.panel.contents import contents_of
from herdbook.query import Term
from herdbook.vault.database import Database
from herdbook.vault.vault import Vault

Figures = dict[str, float]

_OPENINGS: Final = 15
_QUERIES: Final = 60
_SAVES: Final = 100
_PIECE: Final = 1 << 20
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Task(NamedTuple):
    """A database file, its key in hexadecimal (none: a plain one), and how many entries it has."""

    path: str
    key: str | None
    n: int


class Opened:
    """A database that is opened again and again, and what is asked of it."""

    def __init__(self, task: Task) -> None:
        self._path = Path(task.path)
        self._sealed = task.key is not None
        self._key = bytes.fromhex(task.key or "")
        self._archive = Archive(task.n)
        self.database: Database

    async def open(self) -> None:
        """Open, migrate if need be, and render what the newest day's page shows."""
        if self._sealed:
            self.database = await Database.open(self._path, self._key, SCHEMA)
        else:
            plain = await PlainDatabase.open(self._path, self._key, SCHEMA)
            self.database = cast(Database, plain)
        contents = await contents_of(self.journal(), self._archive.last_day)
        assert await contents.shown()

    def journal(self) -> Journal:
        """The journal of the open database; it needs nothing else of a vault here."""
        return Journal(cast(Vault, _OfDatabase(self.database)), SystemClock())

    def forget_pages(self) -> None:
        """Have the kernel drop what it holds of the file."""
        descriptor = os.open(self._path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)

    def recall_pages(self) -> None:
        """Have the kernel hold the file again."""
        with self._path.open("rb", buffering=0) as file:
            while file.read(_PIECE):
                pass

    async def saves(self) -> tuple[list[float], list[float]]:
        """Milliseconds of a save, and of an insert into a plain file, taken in turns."""
        ours, theirs = [], []
        plain = sqlite3.connect(self._path.with_name(f"{self._path.stem}-peer.db"), autocommit=True)
        plain.execute("PRAGMA journal_mode = WAL")
        plain.execute("PRAGMA synchronous = FULL")
        plain.execute("CREATE TABLE entries(number INTEGER PRIMARY KEY, day TEXT, text TEXT)")
        journal, day, text = self.journal(), self._archive.last_day, "a line of the day " * 20
        for _ in range(_SAVES):
            begun = time.perf_counter()
            await journal.add(day, text)
            saved = time.perf_counter()
            plain.execute("INSERT INTO entries(day, text) VALUES('2026-11-20', ?)", (text,))
            theirs.append((time.perf_counter() - saved) * 1000)
            ours.append((saved - begun) * 1000)
        plain.close()
        return ours, theirs


class _OfDatabase:
    def __init__(self, database: Database) -> None:
        self.database = database


async def measure(task: Task) -> Figures:
    """Every figure of one database, in the order in which a person would cause them."""
    opened = Opened(task)
    opened.forget_pages()
    figures = {"open_cold_ms": await _ms(opened.open)}
    openings = []
    for _ in range(_OPENINGS):
        await opened.database.close()
        openings.append(await _ms(opened.open))
    figures["open_ms"] = median(openings)
    await _search(opened, task.n, figures)
    ours, theirs = await opened.saves()
    figures |= {"save_ms": median(ours), "plain_save_ms": median(theirs)}
    figures["rss_mb"] = resident_mb()
    await opened.database.close()
    return figures


def resident_mb() -> float:
    """Megabytes of memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6


async def _search(opened: Opened, n: int, figures: Figures) -> None:
    read = opened.database.read
    wanted = await read(lambda connection: phrases(connection, _QUERIES))
    asked, true = await read(lambda connection: _questions(connection, n))
    opened.forget_pages()
    figures["search_cold_ms"] = await _ms(partial(read, partial(_search_found, phrase=wanted[0])))
    opened.forget_pages()
    figures["vector_cold_ms"] = await _ms(partial(read, partial(nearest, wanted=asked[0])))
    opened.recall_pages()
    figures["search_ms"] = median(
        [await _ms(partial(read, partial(_search_found, phrase=phrase))) for phrase in wanted]
    )
    took, hits = [], 0
    for vector, best in zip(asked, true, strict=True):
        begun = time.perf_counter()
        found = await read(partial(nearest, wanted=vector))
        took.append((time.perf_counter() - begun) * 1000)
        hits += len(best & set(found))
    figures["vector_ms"] = median(took)
    figures["vector_recall"] = hits / sum(len(best) for best in true)


def _search_found(connection: apsw.Connection, phrase: str) -> None:
    page = search(connection, Query((Term(phrase),)), "best", 0)
    assert page.total, "a phrase of the archive is not found in it"


def _questions(connection: apsw.Connection, n: int) -> tuple[list[Vector], list[set[int]]]:
    """Vectors near to some entry's, and the truly nearest entries, without holding all of them."""
    chance = np.random.default_rng(1)
    asked = []
    for _ in range(_QUERIES // 2):
        half = connection.execute(
            "SELECT half FROM derived_vectors WHERE place = ?", (int(chance.integers(1, n + 1)),)
        ).get
        vector = np.frombuffer(half, np.float16).astype(np.float32)
        vector = vector + 0.02 * chance.normal(size=vector.size).astype(np.float32)
        asked.append(vector / np.linalg.norm(vector))
    stacked = np.array(asked)
    scores: list[list[tuple[float, int]]] = [[] for _ in asked]
    for number, half in connection.execute("SELECT entry, half FROM derived_vectors"):
        near = stacked @ np.frombuffer(half, np.float16).astype(np.float32)
        for place, score in enumerate(near):
            kept = scores[place]
            kept.append((float(score), number))
            if len(kept) > 50 * TOP:
                kept.sort(reverse=True)
                del kept[TOP:]
    return asked, [{number for _, number in sorted(kept, reverse=True)[:TOP]} for kept in scores]


async def _ms(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(Task(*json.load(sys.stdin))))))
