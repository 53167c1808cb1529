"""What each way of sealing a journal costs: the comparison behind docs/adr/0006.

Three ciphers of SQLite3 Multiple Ciphers, the same file in plain, and every record sealed by itself
(XChaCha20-Poly1305, as a vault of single records would be): that one has to open all of them into
memory before it can search. The same journal of n entries, full-text index and vectors for each,
through bare connections, each in a process of its own. Medians; `open` is to the rows of one day.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Final

import apsw
import numpy as np
from nacl.secret import Aead

from bench.archive import DIMENSIONS, TOP, Archive, nearest, phrases
from bench.opened import resident_mb
from bench.report import Report, options
from herdbook import schema
from herdbook.embedding.near import Vector
from herdbook.journal.journal import SCHEMA

# A raw key, so that no engine derives one; SQLCipher's is key and salt.
_KEY: Final = "1f" * 32
ENGINES: Final[dict[str, tuple[str, str]]] = {
    "plain": ("", ""),
    "chacha20": ("chacha20", f"raw:{_KEY}"),
    "aegis": ("aegis", f"raw:{_KEY}"),
    "sqlcipher": ("sqlcipher", f"raw:{_KEY}"),
}
RECORDS: Final = "records"
_TIMES: Final = 40

Figures = dict[str, float]


def main() -> None:
    """Measure, and print."""
    chosen = options("vault_engines", "Ciphers, and records against pages.", n=10_000)
    report = Report("vault_engines", as_json=chosen.json)
    plain: Figures = {}
    with (
        tempfile.TemporaryDirectory(prefix="herdbook-bench-") as temporary,
        ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as alone,
    ):
        for engine in (*ENGINES, RECORDS):
            path = Path(temporary) / f"{engine}.db"
            build, measure = (
                (build_records, measure_records)
                if engine == RECORDS
                else (build_pages, measure_pages)
            )
            alone.submit(build, path, engine, chosen.n).result()
            figures = alone.submit(measure, path, engine, chosen.n).result()
            path.unlink()
            plain = plain or figures
            for metric, value in figures.items():
                unit = metric.rpartition("_")[2].replace("mb", "MB")
                peer = plain[metric]
                report.add(
                    f"{engine}_{metric}",
                    value,
                    unit,
                    n=chosen.n,
                    reference=f"plain: {peer:.2f}",
                    against=peer,
                )


def build_pages(path: Path, engine: str, n: int) -> None:
    """A whole journal under one cipher."""
    connection = _connect(path, engine)
    schema.migrate(lambda script: connection.execute(script).fetchall(), 0, SCHEMA)
    with connection:
        Archive(n).fill(connection)
    connection.close()


def measure_pages(path: Path, engine: str, n: int) -> Figures:
    """Open, search, save."""
    archive = Archive(n)
    day = archive.last_day.isoformat()

    def open_day() -> apsw.Connection:
        connection = _connect(path, engine)
        assert connection.execute("SELECT text FROM entries WHERE day = ?", (day,)).fetchall()
        return connection

    openings = []
    for _ in range(_TIMES):
        begun = time.perf_counter()
        connection = open_day()
        openings.append((time.perf_counter() - begun) * 1000)
        connection.close()
    connection = open_day()
    wanted = iter(phrases(connection, _TIMES))
    asked = iter(_vectors(connection, n))
    number = iter(range(n + 1, n + 1 + _TIMES))
    figures = {
        "open_ms": median(openings),
        "search_ms": _median_ms(lambda: _found(connection, next(wanted))),
        "vector_ms": _median_ms(lambda: nearest(connection, next(asked))),
        "save_ms": _median_ms(
            lambda: connection.execute(
                "INSERT INTO entries(number, id, day, created_ms, author, text) "
                "VALUES(?1, ?1, ?2, 0, 'person', 'a line of the day')",
                (next(number), day),
            )
        ),
        "rss_mb": resident_mb(),
    }
    connection.close()
    return figures


def _found(connection: apsw.Connection, phrase: str) -> None:
    """The best 20 of the entries that hold the phrase, by BM25, with their texts."""
    assert connection.execute(
        "SELECT number, entries.text FROM words JOIN entries ON number = words.rowid "
        f"WHERE words MATCH ? ORDER BY rank LIMIT {TOP}",
        (f'"{phrase}"',),
    ).fetchall()


def build_records(path: Path, _engine: str, n: int) -> None:
    """Every text and every vector sealed by itself, in plain SQLite."""
    archive, box = Archive(n), Aead(bytes.fromhex(_KEY))
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE records(number INTEGER PRIMARY KEY, text BLOB, vector BLOB)")
    connection.executemany(
        "INSERT INTO records VALUES(?, ?, ?)",
        (
            (number, bytes(box.encrypt(text.encode())), bytes(box.encrypt(half.tobytes())))
            for (number, text), half in zip(
                archive.texts(), archive.vectors().astype(np.float16), strict=True
            )
        ),
    )
    connection.commit()
    connection.close()


def measure_records(path: Path, _engine: str, n: int) -> Figures:
    """Open everything into an index in memory, the least that lets one search; then search that."""
    box = Aead(bytes.fromhex(_KEY))
    begun = time.perf_counter()
    connection = sqlite3.connect(path, autocommit=True)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    memory = apsw.Connection(":memory:")
    memory.execute("CREATE TABLE entries(number INTEGER PRIMARY KEY, text TEXT)")
    memory.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
    vectors = np.empty((n, DIMENSIONS), np.float16)
    with memory:
        for number, text, vector in connection.execute("SELECT * FROM records ORDER BY number"):
            opened = bytes(box.decrypt(text)).decode()
            memory.execute("INSERT INTO entries VALUES(?, ?)", (number, opened))
            memory.execute("INSERT INTO words(rowid, text) VALUES(?, ?)", (number, opened))
            vectors[number - 1] = np.frombuffer(bytes(box.decrypt(vector)), np.float16)
    whole = vectors.astype(np.float32)
    opening = (time.perf_counter() - begun) * 1000
    wanted = iter(phrases(memory, _TIMES))
    number = iter(range(n + 1, n + 1 + _TIMES))
    figures = {
        "open_ms": opening,
        "search_ms": _median_ms(lambda: _found(memory, next(wanted))),
        "vector_ms": _median_ms(lambda: np.argpartition(-(whole @ whole[7]), 20)[:20]),
        "save_ms": _median_ms(
            lambda: connection.execute(
                "INSERT INTO records VALUES(?, ?, NULL)",
                (next(number), bytes(box.encrypt(b"a line of the day"))),
            )
        ),
        "rss_mb": resident_mb(),
    }
    connection.close()
    memory.close()
    return figures


def _connect(path: Path, engine: str) -> apsw.Connection:
    cipher, key = ENGINES[engine]
    connection = apsw.Connection(str(path))
    if cipher:
        connection.pragma("cipher", cipher)
        connection.execute(f"pragma key='{key}'")
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("temp_store", "memory")
    return connection


def _vectors(connection: apsw.Connection, n: int) -> list[Vector]:
    return [
        np.frombuffer(
            connection.execute("SELECT half FROM derived_vectors WHERE place = ?", (place,)).get,
            np.float16,
        ).astype(np.float32)
        for place in np.linspace(1, n, _TIMES).astype(int).tolist()
    ]


def _median_ms(work: Callable[[], object]) -> float:
    took = []
    for _ in range(_TIMES):
        begun = time.perf_counter()
        work()
        took.append((time.perf_counter() - begun) * 1000)
    return median(took)


if __name__ == "__main__":
    main()
