"""Whether what is looked for is found: `scripts/bench search_quality [--folder FOLDER]`.

Questions with known answers, asked of a real vault with the real model, as the panel asks: by words
alone, by vectors alone, and by both. Without a folder they are those of `bench.household`; with
one, of its `entries.jsonl` (`id`, `day`, `text`) and `queries.jsonl` (`query`, `relevant`: ids).

`recall_at_10_…`: how many of the entries that answer are among the first ten; `mrr_…`: one by the
rank of the first that answers; both are means over all questions.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import apsw
import msgspec

from bench.household import Asked, Written, household
from bench.report import Report, options
from demo.minilm import minilm
from herdbook.embedding.embedder import Embedder
from herdbook.embedding.model import Model
from herdbook.journal.fused import Meant, by_meaning, by_words, search_fused
from herdbook.journal.journal import SCHEMA
from herdbook.journal.meaning import Meaning
from herdbook.journal.query import read_query
from herdbook.journal.search import search
from herdbook.vault.database import Database

TOP: Final = 10
WAYS: Final = ("lexical", "vector", "fused")
_KEY: Final = bytes(range(32))

Ways = dict[str, list[str]]


@dataclass
class Quality:
    """Of one way to search, over all questions: sums."""

    recall: float = 0
    reciprocal: float = 0

    def count(self, found: list[str], relevant: frozenset[str]) -> None:
        """Add one question's answer, the best first."""
        hits = [rank for rank, one in enumerate(found, start=1) if one in relevant]
        self.recall += sum(rank <= TOP for rank in hits) / len(relevant)
        self.reciprocal += 1 / hits[0] if hits else 0


def judged(folder: Path | None) -> tuple[list[Written], list[Asked]]:
    """The entries, and the questions that any of them answers."""
    if folder is None:
        return household()

    def lines[T](name: str, kind: type[T]) -> list[T]:
        return msgspec.json.Decoder(kind).decode_lines((folder / name).read_bytes())

    questions = [asked for asked in lines("queries.jsonl", Asked) if asked.relevant]
    return lines("entries.jsonl", Written), questions


async def answers(
    entries: list[Written], questions: list[Asked], model: Path, folder: Path
) -> dict[str, Quality]:
    """How well each way to search answers; `folder` holds the vault's database meanwhile."""
    embedder = await Embedder.load(model)
    database = await Database.create(folder / "journal.db", _KEY, SCHEMA)
    try:
        await database.write(partial(_fill, entries=entries))
        await Meaning(database, Model()).catch_up(embedder)
        ways = {way: Quality() for way in WAYS}
        for question in questions:
            vector = await embedder.vector(read_query(question.query).meaning)
            meant = Meant(vector, embedder)
            found = await database.read(partial(_ask, asked=question.query, meant=meant))
            for way, quality in ways.items():
                quality.count(found[way], question.relevant)
        return ways
    finally:
        await database.close()
        await embedder.close()


def _fill(connection: apsw.Connection, entries: list[Written]) -> None:
    connection.executemany(
        "INSERT INTO entries(id, day, created_ms, author, text) VALUES(?, ?, 0, 'person', ?)",
        ((entry.id, entry.day.isoformat(), entry.text) for entry in entries),
    )


def _ask(connection: apsw.Connection, asked: str, meant: Meant) -> Ways:
    query = read_query(asked)
    ids = dict(connection.execute("SELECT number, id FROM entries"))
    if not query.meaning:
        # Nothing but phrases, or filters: the panel goes by words alone.
        found = [one.id for one in search(connection, query, "best", 0).found]
        return dict.fromkeys(WAYS, found)
    answers = (
        [ids[number] for number in by_words(connection, query).shares],
        [ids[near.number] for near in by_meaning(connection, query, meant)],
        [one.id for one in search_fused(connection, query, meant, 0).found],
    )
    return dict(zip(WAYS, answers, strict=True))


def main() -> None:
    """Fill, ask and print."""
    given = options("search_quality", __doc__ or "", n=0, folder=True)
    report = Report("search_quality", as_json=given.json)
    entries, questions = judged(given.folder)
    with TemporaryDirectory() as folder:
        ways = asyncio.run(answers(entries, questions, minilm(), Path(folder)))
    measures: dict[str, Callable[[Quality], float]] = {
        f"recall_at_{TOP}": lambda quality: quality.recall / len(questions),
        "mrr": lambda quality: quality.reciprocal / len(questions),
    }
    for name, measure in measures.items():
        single = max(measure(ways["lexical"]), measure(ways["vector"]))
        for way, quality in ways.items():
            report.add(
                f"{name}_{way}",
                measure(quality),
                "of 1",
                n=len(questions),
                reference=f"the better of words and vectors alone: {single:.3f}",
                against=single or 1,
            )


if __name__ == "__main__":
    main()
