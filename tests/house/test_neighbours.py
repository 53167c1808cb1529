"""What a node is told of the others: theirs, not its own, and of nobody who has left."""

from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path

import pytest

from herdbook.eventlog.event import encode_payload
from herdbook.eventlog.messages import Hello
from herdbook.eventlog.neighbours import MAX_NODES, Neighbours, open_neighbours, seal_neighbours
from herdbook.house.book import HouseBook
from tests.eventlog.samples import SYNCED_MS, identity, numbered
from tests.fakes.clock import ManualClock
from tests.house.household import Teller, fact


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[HouseBook]:
    opened = await HouseBook.open(tmp_path, ManualClock(SYNCED_MS + 86_400_000), UTC)
    yield opened
    await opened.close()


async def herd(book: HouseBook) -> tuple[Teller, Teller, Teller]:
    tellers = tuple(Teller(book, identity(seed)) for seed in (1, 2, 3))
    for teller, name in zip(tellers, ("Hallway", "Attic", "Cellar"), strict=True):
        await teller.join(name)
    return tellers


async def sentences(book: HouseBook, asking: Teller, limit: int = 100) -> list[str]:
    told = await book.neighbours(asking.node_id, limit, 0)
    assert told is not None
    return [one.sentence for one in told.observations]


async def facts(book: HouseBook, asking: Teller, limit: int = 200) -> list[tuple[str, list[str]]]:
    told = await book.neighbours(asking.node_id, 0, limit)
    assert told is not None
    return [(one.value, one.nodes) for one in told.memories]


async def test_a_node_is_told_the_newest_of_the_others(book: HouseBook) -> None:
    hallway, attic, cellar = await herd(book)
    for number, teller in enumerate((hallway, attic, cellar, attic, hallway), start=1):
        at = SYNCED_MS + 1000 * number
        await teller.tell(teller.event(payload=encode_payload(numbered(number)), wall_ms=at))
    assert await sentences(book, hallway) == ["Number 4.", "Number 3.", "Number 2."]
    assert await sentences(book, attic) == ["Number 5.", "Number 3.", "Number 1."]
    assert await sentences(book, attic, 1) == ["Number 5."]
    await book.rename(cellar.node_id, "Under the stairs")
    told = await book.neighbours(hallway.node_id, 2, 0)
    assert told is not None
    assert [one.node for one in told.observations] == ["Attic", "Under the stairs"]
    assert told.observations[1].observed_ms == SYNCED_MS + 3000


async def test_a_fact_of_several_is_one_and_what_was_dismissed_is_none(book: HouseBook) -> None:
    hallway, attic, cellar = await herd(book)
    await attic.tell(fact(attic, "20 minutes", "bathroom"))
    await cellar.tell(fact(cellar, "20 Minutes", "bathroom"))
    await cellar.tell(fact(cellar, "an hour", "window"))
    await hallway.tell(fact(hallway, "2 hours", "window"))
    assert sorted(await facts(book, hallway)) == [
        ("20 Minutes", ["Attic", "Cellar"]),
        ("an hour", ["Cellar"]),
    ]
    assert sorted(await facts(book, attic)) == [
        ("2 hours", ["Hallway"]),
        ("20 Minutes", ["Cellar"]),
        ("an hour", ["Cellar"]),
    ]
    assert len(await facts(book, attic, 2)) == 2
    [window] = [one for one in await book.topics() if one.subject == "window"]
    [wrong] = [one for one in window.facts if one.value == "2 hours"]
    await book.review(window.topic, wrong.answer, "wrong")
    assert ("2 hours", ["Hallway"]) not in await facts(book, attic)


async def test_nothing_is_told_of_who_left_or_waits_nor_to_them(book: HouseBook) -> None:
    hallway, attic, cellar = await herd(book)
    for teller in (attic, cellar):
        await teller.tell(teller.event(payload=encode_payload(numbered(teller.who.public_key[0]))))
        await teller.tell(fact(teller, "20 minutes", "bathroom"))
    assert len(await sentences(book, hallway)) == 2
    await book.retire(attic.node_id)
    assert len(await sentences(book, hallway)) == 1
    assert await facts(book, hallway) == [("20 minutes", ["Cellar"])]
    assert await book.neighbours(attic.node_id, 9, 9) is None
    await book.forget(cellar.node_id)
    assert await sentences(book, hallway) == []
    assert await facts(book, hallway) == []
    waiting = identity(4).node_id
    await book.hello(waiting, Hello("New", "0.1.0", 0))
    assert await book.neighbours(waiting, 9, 9) is None
    assert await book.neighbours(identity(5).node_id, 9, 9) is None


async def test_whatever_the_book_holds_is_an_answer_that_is_accepted(book: HouseBook) -> None:
    asking = Teller(book, identity(1))
    await asking.join()
    for seed in range(2, MAX_NODES + 5):
        teller = Teller(book, identity(seed))
        await teller.join("N" * 60 + str(seed))
        unset = {"clock_quality": "unset", "boot_id": "b", "monotonic_ms": 9000, "wall_ms": 0}
        await teller.tell(
            teller.event(payload=encode_payload(numbered(seed)), **unset),
            fact(teller, "20 minutes", "bathroom"),
        )
    told = await book.neighbours(asking.node_id, 100, 200)
    assert told is not None
    assert len(told.observations) == MAX_NODES + 3
    llama = identity(9)
    wire = seal_neighbours(llama, Neighbours(asking.node_id, bytes(16), 1, 0, *told))
    _, came = open_neighbours(wire, asking.node_id)
    assert (came.observations, came.memories, came.reviews) == told
    assert len(came.memories[0].nodes) == MAX_NODES
