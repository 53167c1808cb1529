"""Facts: the same one from two nodes is one, others beside it contradict it, a person judges."""

import pytest

from herdbook.eventlog.event import Event, encode_payload
from herdbook.house.book import HouseBook
from herdbook.house.memory import (
    MAX_MEMORIES,
    MEMORY,
    RETRACTION,
    Fact,
    RetractionPayload,
)
from tests.eventlog.samples import SYNCED_MS, identity
from tests.house.household import Teller, fact


@pytest.fixture
async def attic(book: HouseBook) -> Teller:
    teller = Teller(book, identity(2))
    await teller.join("Attic")
    return teller


def taken_back(teller: Teller, subject: str = "bathroom", name: str = "airing") -> Event:
    payload = encode_payload(RetractionPayload(subject, name))
    return teller.event(kind=RETRACTION, payload=payload)


async def facts(book: HouseBook) -> list[Fact]:
    [topic] = await book.topics()
    return topic.facts


async def test_the_same_fact_from_two_nodes_is_one(
    book: HouseBook, hallway: Teller, attic: Teller
) -> None:
    await hallway.tell(fact(hallway, "20 minutes", wall_ms=SYNCED_MS))
    later = fact(attic, " 20  MINUTES", "Bathroom", wall_ms=SYNCED_MS + 5)
    await attic.tell(later)
    [one] = await facts(book)
    assert one.nodes == ["Attic", "Hallway"]
    assert one.sentence == "The Bathroom takes  20  MINUTES."
    [topic] = await book.topics()
    assert not topic.contradictory


async def test_a_fact_can_be_judged_from_a_page_whatever_stands_in_it(
    book: HouseBook, hallway: Teller
) -> None:
    """HTML has no character of the number 0: a browser would send another in its place."""
    await hallway.tell(fact(hallway, "20\0minutes", "bath\0room", "\0"))
    [topic] = await book.topics()
    [one] = topic.facts
    assert "\0" not in topic.topic + one.answer
    await book.review(topic.topic, one.answer, "wrong")
    assert [one.verdict for one in await facts(book)] == ["wrong"]


async def test_contradictions_stand_beside_each_other_until_one_is_dismissed(
    book: HouseBook, hallway: Teller, attic: Teller
) -> None:
    await hallway.tell(fact(hallway, "20 minutes"), fact(hallway, "oak", "table", "wood"))
    await attic.tell(fact(attic, "an hour"))
    first, second = await book.topics()
    assert (first.subject, first.contradictory) == ("bathroom", True)
    assert (second.subject, second.contradictory) == ("table", False)
    assert [one.value for one in first.facts] == ["20 minutes", "an hour"]
    await book.review(first.topic, "an hour", "wrong")
    await book.review(first.topic, "20 minutes", "kept")
    await book.review(first.topic, "never told", "kept")
    topics = {topic.subject: topic for topic in await book.topics()}
    assert not topics["bathroom"].contradictory
    assert [one.verdict for one in topics["bathroom"].facts] == ["kept", "wrong"]
    # Who tells it does not matter: another node's word does not undo a person's.
    await hallway.tell(fact(hallway, "AN HOUR"))
    [dismissed] = [topic for topic in await book.topics() if topic.subject == "bathroom"]
    assert [(one.nodes, one.verdict) for one in dismissed.facts] == [
        (["Attic", "Hallway"], "wrong")
    ]
    await book.review(first.topic, "an hour", None)
    assert [one.verdict for topic in await book.topics() for one in topic.facts] == [None, None]


async def test_what_a_node_tells_later_takes_the_place_of_what_it_told(
    book: HouseBook, hallway: Teller
) -> None:
    await hallway.tell(fact(hallway, "20 minutes"), fact(hallway, "30 minutes"))
    assert [one.value for one in await facts(book)] == ["30 minutes"]
    await hallway.tell(taken_back(hallway, "BATHROOM"), taken_back(hallway, "nothing"))
    assert await book.topics() == []
    assert await book.refusals() == {}


async def test_a_fact_told_without_a_clock_has_its_time_about(
    book: HouseBook, hallway: Teller
) -> None:
    clock = {"clock_quality": "unset", "boot_id": "b", "wall_ms": 9000, "monotonic_ms": 9000}
    await hallway.tell(fact(hallway, "20 minutes", **clock))
    [one] = await facts(book)
    assert one.clock == "unset"


async def test_memories_are_bounded_and_what_is_none_is_refused(
    book: HouseBook, hallway: Teller
) -> None:
    for first in range(0, MAX_MEMORIES + 256, 256):
        await hallway.tell(*(fact(hallway, "x", f"s{n}") for n in range(first, first + 256)))
    assert len(await book.topics()) == MAX_MEMORIES
    await hallway.tell(fact(hallway, "y", "s3"), hallway.event(kind=MEMORY))
    assert {"y"} == {
        one.value for topic in await book.topics() if topic.subject == "s3" for one in topic.facts
    }
    assert await book.refusals() == {"memories": 256, "payload": 1}


async def test_a_node_that_is_forgotten_takes_its_facts_along(
    book: HouseBook, hallway: Teller, attic: Teller
) -> None:
    await hallway.tell(fact(hallway, "20 minutes"))
    await attic.tell(fact(attic, "20 minutes"))
    await book.retire(hallway.node_id)
    assert [one.nodes for one in await facts(book)] == [["Attic", "Hallway"]]
    await book.forget(hallway.node_id)
    assert [one.nodes for one in await facts(book)] == [["Attic"]]
