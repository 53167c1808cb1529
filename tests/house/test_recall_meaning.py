"""Recall by what something is about, with the real model."""

import asyncio
from pathlib import Path

import pytest

from herdbook.embedding.embedder import Embedder
from herdbook.embedding.model import Model
from herdbook.eventlog.event import encode_payload
from herdbook.house.asked import Asked
from herdbook.house.book import HouseBook
from herdbook.house.memory import RETRACTION, RetractionPayload
from herdbook.house.recall import Recall
from tests.eventlog.samples import SYNCED_MS, identity
from tests.house.household import Teller, fact, noticed
from tests.model import embedder as embedder
from tests.model import model as model

FREEZER = "The freezer was not shut for {} minutes."


@pytest.fixture
def recall(book: HouseBook, model: Model) -> Recall:
    return book.recall(model)


def counted(book: HouseBook, table: str) -> int:
    sql = {
        "gist": "SELECT count(*) FROM gist",
        "vector": "SELECT count(*) FROM gist WHERE half IS NOT NULL",
    }[table]
    count: int = book._connection.execute(sql).fetchone()[0]
    return count


async def found(recall: Recall, typed: str, **narrowed: object) -> list[str]:
    recalled = await recall.ask(Asked(typed, **narrowed))  # type: ignore[arg-type]
    return [one.sentence for one in recalled.observations]


async def test_other_words_for_the_same(recall: Recall, hallway: Teller) -> None:
    await hallway.tell(
        noticed(hallway, FREEZER.format(12), "freezer", "Freezer"),
        noticed(hallway, "Somebody is at the front door.", "bell", "Bell"),
        noticed(hallway, "Rain gauge shows 12 mm.", "rain", "Rain"),
    )
    await recall.catch_up()
    recalled = await recall.ask(Asked("icebox left open "))
    assert recalled.observations[0].sentence == FREEZER.format(12)
    assert recalled.observations[0].id in recalled.about
    assert (await found(recall, "a visitor rings "))[0] == "Somebody is at the front door."
    assert await found(recall, '"icebox"') == []
    assert await found(recall, "icebox left open -minutes ") != [FREEZER.format(12)]
    [with_word, *_] = (await recall.ask(Asked("freezer "))).observations
    assert with_word.id not in (await recall.ask(Asked("freezer "))).about


async def test_what_is_said_again_and_again_has_one_vector_and_hides_nothing(
    book: HouseBook, recall: Recall, hallway: Teller
) -> None:
    cellar = noticed(hallway, "The cold store in the cellar stands open.", wall_ms=SYNCED_MS)
    await hallway.tell(cellar)
    await hallway.tell(*(noticed(hallway, FREEZER.format(number)) for number in range(300)))
    await recall.catch_up()
    assert (counted(book, "gist"), counted(book, "vector")) == (2, 2)
    answer = await found(recall, "icebox left ajar ")
    assert answer[0] == FREEZER.format(299)
    assert "The cold store in the cellar stands open." in answer


async def test_filters_come_before_the_nearest_are_chosen(
    book: HouseBook, recall: Recall, hallway: Teller
) -> None:
    attic = Teller(book, identity(2))
    await attic.join("Attic")
    await attic.tell(noticed(attic, "Rain gauge shows much.", "rain", "Rain", wall_ms=SYNCED_MS))
    rooms = ("kitchen", "cellar", "shed", "garage", "hall", "barn", "flat", "pantry", "office")
    many = [
        noticed(hallway, f"It pours {how} over the {room}: wet days.")
        for room in rooms
        for how in ("down", "softly", "again")
    ]
    await hallway.tell(*many)
    await recall.catch_up()
    assert "Rain gauge shows much." not in await found(recall, "wet weather, downpour ")
    assert await found(recall, "wet weather, downpour ", node_id=attic.node_id) == [
        "Rain gauge shows much."
    ]
    assert await found(recall, "wet weather, downpour ", sensor="rain") == [
        "Rain gauge shows much."
    ]


async def test_facts_and_sensors_are_found_by_meaning_while_they_hold(
    book: HouseBook, recall: Recall, hallway: Teller
) -> None:
    await hallway.measure((SYNCED_MS, 20.5), sensor="room_temperature")
    await hallway.tell(fact(hallway, "twenty minutes after a shower", "bathroom", "airing"))
    await recall.catch_up()
    recalled = await recall.ask(Asked("how warm is it "))
    assert [one.series.sensor for one in recalled.sensors] == ["room_temperature"]
    assert len((await recall.ask(Asked("how long to ventilate after washing "))).topics) == 1
    taken_back = encode_payload(RetractionPayload("bathroom", "airing"))
    await hallway.tell(hallway.event(kind=RETRACTION, payload=taken_back))
    assert (await recall.ask(Asked("how long to ventilate after washing "))).topics == []
    assert counted(book, "gist") == 1
    await book.forget(hallway.node_id)
    assert counted(book, "gist") == 0
    assert (await recall.ask(Asked("how warm is it "))).sensors == []


async def test_vectors_of_another_model_are_made_anew(
    book: HouseBook, recall: Recall, embedder: Embedder, hallway: Teller
) -> None:
    await hallway.tell(noticed(hallway, FREEZER.format(1)))
    book._connection.execute("INSERT INTO gist_model VALUES ('another')")
    await recall._index()
    book._connection.execute("UPDATE gist SET half = x'00'")
    assert await found(recall, "icebox left open ") == []
    await recall.catch_up()
    assert await found(recall, "icebox left open ") == [FREEZER.format(1)]


async def test_without_a_model_there_are_words(book: HouseBook, hallway: Teller) -> None:
    await hallway.tell(noticed(hallway, FREEZER.format(1)))
    recall = book.recall(Model(Path("nowhere")))
    await recall.catch_up()
    assert await found(recall, "freezer") == [FREEZER.format(1)]
    assert await found(recall, "icebox ") == []


async def test_a_house_that_switches_ai_off_keeps_no_vectors(
    book: HouseBook, recall: Recall, hallway: Teller
) -> None:
    await hallway.tell(noticed(hallway, FREEZER.format(1)))
    await recall.catch_up()
    assert counted(book, "vector") == 1
    off = book.recall(Model(off=True))
    await off.catch_up()
    assert counted(book, "vector") == 0
    assert await found(off, "freezer") == [FREEZER.format(1)]
    await recall.catch_up()
    assert await found(recall, "icebox left open ") == [FREEZER.format(1)]


async def test_the_background_task_lets_go_of_a_model_that_nobody_else_needs(
    book: HouseBook,
    recall: Recall,
    hallway: Teller,
    embedder: Embedder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("herdbook.house.recall._REST_AFTER_S", 0)
    monkeypatch.setattr("herdbook.house.recall._LOOK_EVERY_S", 0.01)
    await hallway.tell(noticed(hallway, FREEZER.format(1)))
    idle = False
    running = asyncio.create_task(recall.run(lambda: idle))
    async with asyncio.timeout(20):
        while not counted(book, "vector"):
            await asyncio.sleep(0.02)
        assert embedder._loaded is not None
        idle = True
        await hallway.tell(noticed(hallway, "It hums."))
        while embedder._loaded is not None:
            await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await found(recall, "icebox left open ") == [FREEZER.format(1)]


async def test_who_says_when_something_was_stored_is_not_asked_meanwhile(
    book: HouseBook, recall: Recall, hallway: Teller, embedder: Embedder
) -> None:
    running = asyncio.create_task(recall.run(lambda: True, every_s=3600))
    for number, sentence in enumerate((FREEZER.format(1), "The cellar door was open all night.")):
        await hallway.tell(noticed(hallway, sentence))
        recall.written()
        async with asyncio.timeout(20):
            while counted(book, "vector") <= number:
                await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
