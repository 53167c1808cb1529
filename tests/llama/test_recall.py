"""A running Llama recalls for Home Assistant what its house book has, made ready by itself."""

import asyncio
from datetime import UTC
from pathlib import Path
from typing import Any

from demo.minilm import minilm
from herdbook.eventlog.identity import Identity
from herdbook.house.book import HouseBook
from tests.eventlog.samples import SYNCED_MS
from tests.fakes.clock import ManualClock
from tests.house.household import Teller, fact, noticed
from tests.llama.running import Llama, running


async def recalled(llama: Llama, **members: object) -> Any:
    return await llama.command(type="recall", **members)


async def test_what_is_known_of_something(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    Identity.load_or_create(data / "identity")
    book = await HouseBook.open(data, ManualClock(SYNCED_MS + 86_400_000), UTC)
    hallway = Teller(book)
    await hallway.join()
    await hallway.tell(
        noticed(hallway, "The freezer was not shut for 12 minutes.", "freezer", "Freezer"),
        fact(hallway, "twenty minutes"),
    )
    await book.close()
    async with running(tmp_path, minilm()) as llama:
        by_words = await recalled(llama, query="freezer")
        assert len(by_words["observations"]) == 1
        assert [one["value"] for one in by_words["memories"]] == []
        [memory] = (await recalled(llama, query="bathroom"))["memories"]
        assert memory["value"] == "twenty minutes"
        async with asyncio.timeout(60):
            while not (found := await recalled(llama, query="icebox left open "))["observations"]:
                await asyncio.sleep(0.05)
        [observation] = found["observations"]
        assert observation["by_meaning"]
        assert observation["sentence"].startswith("The freezer")
