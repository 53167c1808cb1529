"""How soon the panel answers with `n` entries, asked over HTTP of a Llama in a process of its own.

Medians in milliseconds from sending a request to having the whole answer, unless said:
`day_page_ms` a day's page; `calendar_page_ms` a month's; `traces_page_ms` all traces,
`trace_page_ms` the one that most entries have; `lexical_p50_ms` and `lexical_p95_ms` a search by
words as the page asks it (a word, two, one half typed, a phrase; all of them from the entries),
with the text around what is found; `search_p50_ms` and `search_p95_ms` the same and questions in
plain English of a Llama with a model: what is asked is embedded by MiniLM, the entries' vectors are
made up; `save_ms` an entry sent, until the answer that says it is durable.
`oldest_phrases_found`: of five words that stand together in each of the oldest 25 entries, how
many lead to that entry, with the model. `requests` and `kilobytes`: what Chromium, its cache
empty, loads for a day's page.

Beside each stands the limit; `answer_ms` is what an empty answer takes.
"""

import asyncio
import random
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import aiohttp
from playwright.async_api import Request

from bench.archive import Archive, trace_id
from bench.household import household
from bench.report import Report, options, percentile
from demo.browser import chromium
from demo.folder import Folder
from demo.herdbook import Llama
from demo.minilm import minilm
from demo.panel import Panel
from demo.ports import free_port
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, TIME_FLOOR, KdfParameters
from herdbook.embedding.folder import read_folder
from herdbook.files import make_folder
from herdbook.ids import random_id
from herdbook.journal.journal import SCHEMA
from herdbook.llama.people import People, Person
from herdbook.vault.vault import create_vault, draft_vault

LIMITS: Final = {
    "day_page_ms": 20,
    "calendar_page_ms": 20,
    "traces_page_ms": 50,
    "trace_page_ms": 50,
    "lexical_p50_ms": 8,
    "lexical_p95_ms": 80,
    "search_p50_ms": 30,
    "search_p95_ms": 80,
    "save_ms": 15,
    "requests": 12,
    "kilobytes": 150,
    "oldest_phrases_found": 25,
}
_UNITS: Final = {"requests": "asked", "kilobytes": "kB", "oldest_phrases_found": "of 25"}
_NAME: Final = "Ada"
_PASSWORD: Final = "three unrelated words"
_TIMES: Final = 60
_OLDEST: Final = 25
_PHRASE: Final = 5
_QUESTIONS: Final = 20
_LOADED_WITHIN_S: Final = 120


class Visitor:
    """Somebody signed in, who asks as the panel's pages do."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, path: str) -> str:
        """A page."""
        async with self._session.get(path) as answer:
            answer.raise_for_status()
            return await answer.text()

    async def post(self, path: str, form: dict[str, str]) -> str:
        """What a form or a field is answered with."""
        async with self._session.post(path, data=form) as answer:
            answer.raise_for_status()
            return await answer.text()

    async def timed(self, path: str, form: dict[str, str] | None = None) -> float:
        """Milliseconds until the whole answer is there."""
        begun = time.perf_counter()
        await (self.get(path) if form is None else self.post(path, form))
        return (time.perf_counter() - begun) * 1000


async def main() -> None:
    """Measure, and print."""
    chosen = options("journal", "Pages, search and saves of the panel.", n=36_000)
    report = Report("journal", as_json=chosen.json)
    archive = Archive(chosen.n)
    with (
        tempfile.TemporaryDirectory(prefix="herdbook-bench-") as temporary,
        Folder(Path(temporary)) as folder,
    ):
        model = minilm()
        broker, panel, api = free_port(), free_port(), free_port()
        llama = Llama(folder, broker_port=broker, panel_port=panel, api_port=api)
        await _fill(make_folder(llama.data), archive, read_folder(model).id)
        await llama.start()
        try:
            figures = await _measure(llama, archive, Path(temporary) / "profile")
        finally:
            await llama.stop()
        llama = Llama(folder, broker_port=broker, panel_port=panel, api_port=api, model=model)
        await llama.start()
        try:
            figures |= await _measure_meaning(llama, archive)
        finally:
            await llama.stop()
    answer = figures.pop("answer_ms")
    for metric, value in figures.items():
        limit = LIMITS[metric]
        beside = f"; an empty answer {answer:.2f} ms" if metric.endswith("_ms") else ""
        report.add(
            metric,
            value,
            _UNITS.get(metric, "ms"),
            n=chosen.n,
            reference=f"limit {limit}{beside}",
            against=limit,
        )


async def _fill(data: Path, archive: Archive, model: str) -> None:
    """A person and their vault, as the panel makes them, with all entries and vectors in it."""
    draft = draft_vault(_PASSWORD, KdfParameters(MEMORY_FLOOR_KIB, TIME_FLOOR, 1))
    vault = await create_vault(make_folder(data / "vaults"), draft, SCHEMA)
    await vault.database.write(archive.write_entries)
    await vault.database.write(archive.write_traces)
    await vault.database.write(partial(archive.write_vectors, model=model))
    await vault.database.close()
    person = Person(random_id(), _NAME, None, vault.vault_id)
    await People(data / "people.json").add(person)


async def _measure(llama: Llama, archive: Archive, profile: Path) -> dict[str, float]:
    chance = random.Random(1)
    texts = dict(archive.texts())
    async with _signed_in(llama.panel_url) as visitor:
        days = [archive.day(chance.randint(1, archive.n)) for _ in range(_TIMES)]
        figures = {
            "answer_ms": median([await visitor.timed("/watch") for _ in range(_TIMES)]),
            "day_page_ms": median([await visitor.timed(f"/day/{day}") for day in days]),
            "calendar_page_ms": median(
                [await visitor.timed(f"/calendar/{day.isoformat()[:7]}") for day in days]
            ),
            "traces_page_ms": median([await visitor.timed("/traces") for _ in range(_OLDEST)]),
            "trace_page_ms": median(
                [await visitor.timed(f"/trace/{trace_id(1)}") for _ in range(_OLDEST)]
            ),
        }
        searches = [
            await visitor.timed("/search", {"query": query, "typing": "1"})
            for query in _queries(chance, list(texts.values()))
        ]
        figures["lexical_p50_ms"] = percentile(searches, 50)
        figures["lexical_p95_ms"] = percentile(searches, 95)
        day = archive.last_day + timedelta(days=1)
        figures["save_ms"] = median(
            [
                await visitor.timed(
                    f"/day/{day}/entries", {"text": "a line of the day " * 20, "key": random_id()}
                )
                for _ in range(10)
            ]
        )
    figures |= await _cold_page(llama.panel_url, archive.last_day, profile)
    return figures


async def _measure_meaning(llama: Llama, archive: Archive) -> dict[str, float]:
    chance = random.Random(1)
    texts = dict(archive.texts())
    queries = _queries(chance, list(texts.values()))
    queries += [question.query for question in household()[1][:_QUESTIONS]]
    async with _signed_in(llama.panel_url) as visitor:
        await _until_by_meaning(visitor)
        searches = [
            await visitor.timed("/search", {"query": query, "typing": "1"}) for query in queries
        ]
        return {
            "search_p50_ms": percentile(searches, 50),
            "search_p95_ms": percentile(searches, 95),
            "oldest_phrases_found": await _oldest_found(visitor, chance, texts),
        }


async def _until_by_meaning(visitor: Visitor) -> None:
    """Wait until the page says no more that search goes by words only."""
    async with asyncio.timeout(_LOADED_WITHIN_S):
        while True:
            answer = await visitor.post("/search", {"query": "sea", "typing": "1"})
            if "found-note" not in answer:
                return
            await asyncio.sleep(0.1)


def _queries(chance: random.Random, texts: list[str]) -> list[str]:
    """What people type who look for an entry that is there: 15 of each kind."""
    queries = []
    for number in range(_TIMES):
        words = chance.choice(texts).split()
        at = chance.randrange(len(words) - 3)
        queries.append(
            (
                f"{words[at]} ",
                f"{words[at]} {words[at + 2]} ",
                f"{words[at]} {words[at + 1][:3]}",
                f'"{words[at]} {words[at + 1]} {words[at + 2]}"',
            )[number % 4]
        )
    return queries


async def _oldest_found(visitor: Visitor, chance: random.Random, texts: dict[int, str]) -> float:
    found = 0
    for number in range(1, _OLDEST + 1):
        words = texts[number].split()
        at = chance.randrange(len(words) - _PHRASE + 1)
        phrase = " ".join(words[at : at + _PHRASE])
        answer = await visitor.post("/search", {"query": f'"{phrase}"', "typing": "1"})
        found += f"#entry-{number:032x}" in re.findall(r'href="[^"]*(#[^"]*)"', answer)
    return float(found)


async def _cold_page(url: str, day: date, profile: Path) -> dict[str, float]:
    """What a browser loads that has never been there but to sign in, its cache empty again."""
    asked: list[Request] = []
    async with chromium(profile) as browser:
        page = await browser.new_page()
        await Panel(page, url).enter(_NAME, _PASSWORD)
        development = await browser.new_cdp_session(page)
        await development.send("Network.clearBrowserCache")
        page.on("requestfinished", lambda request: asked.append(request))
        await page.goto(f"{url}day/{day}")
        await page.wait_for_load_state("networkidle")
        sizes = [await request.sizes() for request in asked]
    size = sum(one["responseBodySize"] + one["responseHeadersSize"] for one in sizes)
    return {"requests": float(len(asked)), "kilobytes": size / 1000}


@asynccontextmanager
async def _signed_in(url: str) -> AsyncIterator[Visitor]:
    headers = {"Sec-Fetch-Site": "same-origin", "HX-Request": "true"}
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(url, headers=headers, cookie_jar=jar) as session:
        visitor = Visitor(session)
        await visitor.post("/sign-in", {"name": _NAME, "secret": _PASSWORD})
        yield visitor


if __name__ == "__main__":
    asyncio.run(main())
