"""What a vault costs at n entries: unlock, open, search, save, memory; sealed and beside it plain.

`kdf_s`: one derivation with the default cost; beside it the floor's. `open_ms`: from the key to the
rendered page of the newest day: open, migrate, query, template; `open_cold_ms` with the files
dropped from the kernel's cache, in a process that has opened none before. `search_ms`: a phrase of
three words as the search page asks it, best 20 of all entries by BM25 with the text around it, and
how many there are. `vector_ms`: nearest 20 of n vectors of 384 numbers, as the journal finds them;
`vector_recall`: how many of the true 20 it found.
`save_ms`: `Journal.add` until durable; beside it one insert and fsync into plain SQLite, taken in
turns. `rss_mb`: of a process that has done all of that.

Medians in milliseconds, kernel cache warm unless said. Each of the two databases is measured in a
process of its own, through the same code but for the cipher.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from bench.archive import Archive
from bench.opened import Figures, Task
from bench.plain import PlainDatabase
from bench.report import Report, options
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, TIME_FLOOR, KdfParameters, derive_key, new_salt
from herdbook.crypto.keys import new_dek
from herdbook.journal.journal import SCHEMA
from herdbook.vault.database import Database

LIMITS: Final = {"open_ms": 50, "search_ms": 2, "vector_ms": 25, "rss_mb": 120}
_DERIVATIONS: Final = 3


async def main() -> None:
    """Measure, and print."""
    chosen = options("vault", "Unlock, open, search and save, sealed and in plain.", n=10_000)
    report = Report("vault", as_json=chosen.json)
    report.add(
        "kdf_s",
        _derivation_s(KdfParameters()),
        "s",
        n=chosen.n,
        reference="the floor of the cost",
        against=_derivation_s(KdfParameters(MEMORY_FLOOR_KIB, TIME_FLOOR, 1)),
    )
    with tempfile.TemporaryDirectory(prefix="herdbook-bench-") as temporary:
        sealed, plain = await measure(Path(temporary), chosen.n)
    for metric, unit in (
        ("open_ms", "ms"),
        ("open_cold_ms", "ms"),
        ("search_ms", "ms"),
        ("search_cold_ms", "ms"),
        ("vector_ms", "ms"),
        ("vector_cold_ms", "ms"),
        ("vector_recall", "of 1"),
        ("save_ms", "ms"),
        ("rss_mb", "MB"),
    ):
        limit = f"; limit {LIMITS[metric]}" if metric in LIMITS else ""
        peer = plain["plain_save_ms"] if metric == "save_ms" else plain[metric]
        report.add(
            metric,
            sealed[metric],
            unit,
            n=chosen.n,
            reference=f"plain SQLite: {peer:.2f}{limit}",
            against=peer,
        )


async def measure(folder: Path, n: int) -> tuple[Figures, Figures]:
    """What `bench.opened` finds of the sealed database and of the plain one, both of n entries."""
    archive, dek = Archive(n), new_dek()
    sealed = await Database.create(folder / "sealed.db", dek, SCHEMA)
    plain = await PlainDatabase.open(folder / "plain.db", dek, SCHEMA)
    for database in (sealed, plain):
        await database.write(archive.fill)
        await database.close()
    return (
        _in_a_process(Task(str(folder / "sealed.db"), dek.hex(), n)),
        _in_a_process(Task(str(folder / "plain.db"), None, n)),
    )


def _in_a_process(task: Task) -> Figures:
    done = subprocess.run(
        [sys.executable, "-m", "bench.opened"],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    figures: Figures = json.loads(done.stdout)
    return figures


def _derivation_s(parameters: KdfParameters) -> float:
    took = []
    for _ in range(_DERIVATIONS):
        begun = time.perf_counter()
        derive_key("three unrelated words", new_salt(), parameters)
        took.append(time.perf_counter() - begun)
    return median(took)


if __name__ == "__main__":
    asyncio.run(main())
