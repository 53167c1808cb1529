"""A node's facts: proposed, confirmed, superseded, judged here and at the Llama, ended."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from herdbook.alpaca.memory.memories import DAY_MS, Memories, Proposal, Source
from herdbook.alpaca.record import Record
from herdbook.clock import day_of
from herdbook.embedding.model import Model
from herdbook.errors import InputError, StorageError
from herdbook.eventlog.event import OBSERVATION, ObservationPayload
from herdbook.eventlog.neighbours import Reviewed
from herdbook.eventlog.readings import pack
from herdbook.house.memory import MEMORY, RETRACTION, MemoryPayload
from herdbook.house.notebook import Known, Notebook
from tests.fakes.clock import ManualClock


class Node:
    """A node's log and what it remembers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.record: Record
        self.memories: Memories

    async def start(self) -> None:
        self.record = await Record.open(self.folder, self.clock)
        self.memories = await Memories.open(
            self.folder, "Hallway", self.record, self.clock, UTC, Model()
        )

    async def stop(self) -> None:
        await self.memories.close()
        await self.record.close()

    async def propose(
        self, value: str, aspect: str = "airing", source: Source = "model", **more: Any
    ) -> str:
        sentence = f"The bathroom takes {value}."
        confidence = more.get("confidence", 0.6)
        subject = more.get("subject", "bathroom")
        return await self.memories.propose(
            Proposal(subject, aspect, value, sentence, confidence, source)
        )

    async def only(self) -> Known:
        [fact] = await self.memories.facts()
        return fact

    async def observe(self, sentence: str, kind: str = "above_usual") -> None:
        payload = ObservationPayload("co2", "CO₂", kind, sentence, 1840.0, "ppm", None, 0.9)
        await self.record.append(OBSERVATION, payload)


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    made = Node(tmp_path / "node")
    await made.start()
    yield made
    await made.stop()


async def test_a_fact_found_again_is_surer_once_a_day(node: Node) -> None:
    assert await node.propose("20 minutes") == "told"
    assert await node.propose("20 Minutes") == "known"
    for _ in range(8):
        node.clock.advance(DAY_MS)
        assert await node.propose("20 minutes") == "confirmed"
    fact = await node.only()
    assert (fact.confirmed, fact.source, fact.verdict) == (9, "model", None)
    assert 0.9 < fact.confidence <= 0.95
    assert await node.propose("20 minutes", source="person") == "confirmed"
    assert (await node.only()).confidence == 1.0


async def test_another_value_takes_its_place_and_says_of_what(node: Node) -> None:
    await node.propose("20 minutes")
    assert await node.propose("half an hour") == "told"
    fact = await node.only()
    assert (fact.value, fact.instead_of, fact.confirmed) == ("half an hour", "20 minutes", 1)


async def test_a_model_takes_nothing_from_what_a_person_kept(node: Node) -> None:
    await node.propose("20 minutes")
    await node.memories.review("bathroom", "airing", "20 minutes", "kept")
    assert await node.propose("an hour") == "kept_otherwise"
    assert await node.propose("25 minutes", source="arithmetic") == "told"


async def test_what_was_called_wrong_never_comes_back_by_itself(node: Node) -> None:
    await node.propose("20 minutes")
    await node.memories.review("bathroom", "airing", "20 minutes", "wrong")
    node.clock.advance(10 * DAY_MS)
    sources: tuple[Source, ...] = ("model", "arithmetic")
    for source in sources:
        assert await node.propose("20 minutes", source=source) == "wrong"
        assert await node.propose("20 min", "ventilation", source) == "wrong"
    found = await node.memories.recall("bathroom")
    assert found.topics == []
    await node.memories.forget("bathroom", "airing")
    await node.stop()
    await node.start()
    assert await node.propose("20 minutes") == "wrong"
    assert await node.propose("20 minutes", source="person") == "told"
    await node.memories.review("bathroom", "airing", "20 minutes", None)
    assert (await node.only()).verdict is None


async def test_what_people_say_at_the_llama_comes_home_and_stands(node: Node) -> None:
    await node.propose("20 minutes")
    assert await node.memories.reviewed() == 0
    await node.memories.come_home([Reviewed("bathroom", "airing", "20 minutes", "wrong", 7)])
    assert await node.memories.reviewed() == 7
    assert (await node.only()).verdict == "wrong"
    with pytest.raises(InputError, match="at the Llama"):
        await node.memories.review("bathroom", "airing", "20 minutes", "kept")
    # Another Llama's book counts from the beginning.
    await node.memories.come_home([Reviewed("bathroom", "airing", "20 minutes", None, 2)])
    assert await node.memories.reviewed() == 2
    assert (await node.only()).verdict is None


async def test_nobody_judges_what_is_not_told(node: Node) -> None:
    await node.propose("20 minutes")
    for value, aspect in (("an hour", "airing"), ("20 minutes", "size")):
        with pytest.raises(InputError, match="no such fact"):
            await node.memories.review("bathroom", aspect, value, "kept")


async def test_a_fact_ends_unless_it_is_confirmed_or_kept(node: Node) -> None:
    await node.propose("06:00 to 08:00", "hours", "arithmetic", subject="boiler")
    await node.propose("oak", "wood", "arithmetic", subject="table")
    await node.propose("pine", "wood", "arithmetic", subject="shelf")
    await node.memories.review("table", "wood", "oak", "kept")
    node.clock.advance(50 * DAY_MS)
    await node.propose("pine", "wood", "arithmetic", subject="shelf")
    node.clock.advance(11 * DAY_MS)
    task = asyncio.create_task(node.memories.run())
    async with asyncio.timeout(10):
        while len(await node.memories.facts()) != 2:
            await asyncio.sleep(0.01)
    task.cancel()
    assert {one.subject for one in await node.memories.facts()} == {"table", "shelf"}
    kinds = [one.kind for one in await node.record.call(lambda: node.record.log.events_after(0))]
    assert kinds.count(RETRACTION) == 1, "the house hears of it as well"


async def test_without_a_clock_nothing_ends(tmp_path: Path) -> None:
    node = Node(tmp_path / "node")
    node.clock = ManualClock(5_000, "unset")
    await node.start()
    await node.propose("20 minutes")
    assert (await node.only()).expires_ms is None
    await node.stop()


async def test_search_takes_its_filters_before_the_best_are_picked(node: Node) -> None:
    for number in range(150):
        await node.observe(f"The air was stuffy, {number}.")
    await node.observe("The air fell silent.", "missing")
    node.clock.advance(2 * DAY_MS)
    await node.observe("The air was stuffy once more.")
    await node.propose("20 minutes", "air")
    found = await node.memories.recall("air", kind="missing")
    assert [one.sentence for one in found.observations] == ["The air fell silent."]
    today = day_of(node.clock.wall_ms(), UTC)
    found = await node.memories.recall("air", since=today)
    assert [one.sentence for one in found.observations] == ["The air was stuffy once more."]
    assert [one.subject for one in found.topics] == ["bathroom"]
    assert len((await node.memories.recall("stuffy", limit=5)).observations) == 5


async def test_a_notebook_is_made_again_from_the_log(
    node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    await node.observe("The air was stuffy.")
    await node.propose("20 minutes")
    await node.memories.review("bathroom", "airing", "20 minutes", "kept")
    before = await node.only()
    await node.record.call(node.record.log.seal)
    await node.stop()
    for what in ("removed", "damaged", "ahead"):
        path = node.folder / "notebook.db"
        if what == "removed":
            path.unlink()
        elif what == "damaged":
            path.write_bytes(b"no database" * 1000)
        else:
            with sqlite3.connect(path) as connection:
                connection.execute("UPDATE node SET seq = 900")
            connection.close()
        await node.start()
        assert await node.only() == before
        assert len((await node.memories.recall("stuffy")).observations) == 1
        await node.stop()
    assert "made again" in caplog.text
    await node.start()


async def test_a_damaged_notebook_that_cannot_be_moved_aside_is_named(node: Node) -> None:
    await node.stop()
    (node.folder / "notebook.db").write_bytes(b"no database" * 1000)
    in_the_way = node.folder / "notebook.db.damaged"
    in_the_way.mkdir()
    with pytest.raises(StorageError, match=r"notebook\.db: Is a directory"):
        await node.start()
    in_the_way.rmdir()
    await node.record.close()
    await node.start()


async def test_readings_alone_cost_no_write(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    await node.propose("20 minutes")
    writes = []
    write = Notebook._write

    async def counted(notebook: Notebook, change: Any) -> Any:
        writes.append(change)
        return await write(notebook, change)

    monkeypatch.setattr(Notebook, "_write", counted)
    block = pack("t", None, [(node.clock.wall_ms(), 1.5)])
    for _ in range(5):
        await node.record.append("readings", block)
        await node.memories.catch_up()
    assert writes == []
    for _ in range(500):
        await node.record.append("readings", block)
    await node.memories.catch_up()
    assert len(writes) == 1


async def test_it_goes_on_in_the_middle_of_a_batch(node: Node) -> None:
    await node.propose("20 minutes")
    await node.record.append(MEMORY, wood("oak"))
    await node.record.append(MEMORY, wood("pine"))
    await node.record.call(node.record.log.seal)
    assert {one.value for one in await node.memories.facts()} == {"20 minutes", "pine"}


def wood(value: str) -> MemoryPayload:
    return MemoryPayload("table", "wood", value, f"It is {value}.", 0.5)
