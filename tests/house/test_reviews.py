"""What people think of facts: at the Llama, at a node, and how the word goes home."""

from itertools import permutations
from pathlib import Path

from herdbook.eventlog.event import Event, encode_payload
from herdbook.eventlog.neighbours import MAX_REVIEWS, Reviewed
from herdbook.house.book import HouseBook
from herdbook.house.memory import MEMORY, REVIEW, MemoryPayload, ReviewPayload, Verdict
from tests.eventlog.samples import identity
from tests.house.household import Teller, fact


def said(
    teller: Teller, value: str, verdict: Verdict | None, number: int = 0, **more: object
) -> Event:
    """What somebody said at a node of how long the bathroom takes."""
    payload = ReviewPayload("Bathroom", "airing", value, verdict, number)
    return teller.event(kind=REVIEW, payload=encode_payload(payload), **more)


async def verdicts(book: HouseBook) -> list[Verdict | None]:
    return [one.verdict for topic in await book.topics() for one in topic.facts]


async def news(book: HouseBook, teller: Teller, after: int = 0) -> list[Reviewed]:
    told = await book.neighbours(teller.node_id, 0, 0, after)
    assert told is not None
    return told.reviews


async def test_a_fact_says_where_it_comes_from_and_how_often_it_was_so(
    book: HouseBook, hallway: Teller
) -> None:
    payload = MemoryPayload(
        "boiler", "hours", "6 to 8", "It runs.", 0.7, "arithmetic", 3, 5_000, "5 to 8"
    )
    await hallway.tell(hallway.event(kind=MEMORY, payload=encode_payload(payload)))
    attic = Teller(book, identity(2))
    await attic.join("Attic")
    await attic.tell(fact(attic, "6 to 8", "boiler", "hours"))
    [topic] = await book.topics()
    [one] = topic.facts
    assert (one.confirmed, one.confidence) == (4, 0.8)
    assert {one.source, one.instead_of} <= {"", "arithmetic", "5 to 8"}


async def test_a_word_said_at_a_node_counts_until_somebody_says_otherwise_here(
    book: HouseBook, hallway: Teller
) -> None:
    await hallway.tell(fact(hallway, "20 minutes"), said(hallway, "20 MINUTES", "wrong"))
    assert await verdicts(book) == ["wrong"]
    await hallway.tell(said(hallway, "20 minutes", "kept"))
    assert await verdicts(book) == ["kept"]
    [topic] = await book.topics()
    await book.review(topic.topic, "20 minutes", "later")
    await hallway.tell(said(hallway, "20 minutes", "wrong"))
    assert await verdicts(book) == ["later"]
    await book.review(topic.topic, "20 minutes", None)
    await hallway.tell(said(hallway, "20 minutes", "wrong"))
    assert await verdicts(book) == [None], "taking it back is somebody's word as well"
    assert await book.refusals() == {}


async def test_nobody_judges_what_another_node_tells_or_nobody_does(
    book: HouseBook, hallway: Teller
) -> None:
    attic = Teller(book, identity(2))
    await attic.join("Attic")
    await hallway.tell(fact(hallway, "20 minutes"))
    await attic.tell(said(attic, "20 minutes", "wrong"), said(attic, "an hour", "wrong"))
    assert await verdicts(book) == [None]
    count = book._connection.execute("SELECT count(*) FROM review").fetchone()
    assert count == (0,)


async def test_the_word_of_nodes_is_the_same_in_any_order(tmp_path: Path, book: HouseBook) -> None:
    tellers = [Teller(book, identity(seed)) for seed in (1, 2, 3)]
    for number, order in enumerate(permutations((0, 1, 2))):
        subject = f"room {number}"
        lines: list[Verdict] = ["kept", "wrong", "later"]
        for place in order:
            teller = tellers[place]
            if not number:
                await teller.join(f"Node {place}")
            payload = ReviewPayload(subject, "airing", "slow", lines[place])
            told = fact(teller, "slow", subject)
            word = teller.event(kind=REVIEW, payload=encode_payload(payload))
            await teller.tell(told, word)
    assert len(set(await verdicts(book))) == 1


async def test_a_node_hears_what_is_thought_of_its_own_facts(
    book: HouseBook, hallway: Teller
) -> None:
    attic = Teller(book, identity(2))
    await attic.join("Attic")
    await attic.tell(fact(attic, "oak", "table"))
    many = MAX_REVIEWS + 4
    await hallway.tell(*(fact(hallway, "slow", f"pipe {number}") for number in range(many)))
    for topic in await book.topics():
        await book.review(topic.topic, topic.facts[0].answer, "wrong")
    first = await news(book, hallway)
    assert len(first) == MAX_REVIEWS
    rest = await news(book, hallway, first[-1].number)
    assert len({one.subject for one in first + rest}) == many
    assert all(one.subject != "table" and one.verdict == "wrong" for one in first + rest)
    last = rest[-1]
    assert await news(book, hallway, last.number) == []
    await book.review(f"{last.subject}\x1f{last.aspect}", last.value, None)
    [undone] = await news(book, hallway, last.number)
    assert (undone.subject, undone.verdict) == (last.subject, None)
    # What it has heard of is of another book: this one tells it all.
    assert len(await news(book, hallway, 10_000)) == MAX_REVIEWS


async def test_what_was_heard_from_here_is_no_new_word(book: HouseBook, hallway: Teller) -> None:
    await hallway.tell(fact(hallway, "20 minutes"), said(hallway, "20 minutes", "kept", 7))
    assert await verdicts(book) == [None]
