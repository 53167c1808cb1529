"""Recall by words: what is found, narrowed before it is ranked, and what never comes back."""

import random
import sqlite3
from contextlib import closing
from datetime import UTC, date
from pathlib import Path

import pytest

from herdbook.embedding.model import Model
from herdbook.eventlog.event import encode_payload
from herdbook.house.asked import Asked
from herdbook.house.book import HouseBook
from herdbook.house.found import MOST
from herdbook.house.memory import RETRACTION, RetractionPayload
from herdbook.house.passages import AT_ONCE
from herdbook.house.ranking import DEPTH
from herdbook.house.recall import Recall
from tests.eventlog.samples import SYNCED_MS, identity
from tests.fakes.clock import ManualClock
from tests.house.household import Teller, answer, fact, noticed

DAY_MS = 86_400_000


@pytest.fixture
def recall(book: HouseBook) -> Recall:
    return book.recall(Model())


@pytest.fixture
async def attic(book: HouseBook) -> Teller:
    teller = Teller(book, identity(2))
    await teller.join("Attic")
    return teller


async def sentences(recall: Recall, typed: str = "", **narrowed: object) -> list[str]:
    recalled = await recall.ask(Asked(typed, **narrowed))  # type: ignore[arg-type]
    return [one.sentence for one in recalled.observations]


async def facts(recall: Recall, typed: str, **narrowed: object) -> list[str]:
    recalled = await recall.ask(Asked(typed, **narrowed))  # type: ignore[arg-type]
    return [one.value for topic in recalled.topics for one in topic.facts]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("co2", ["CO₂ is 1,840 ppm.", "The café smells of CO₂."]),
        ("CO₂ ", ["CO₂ is 1,840 ppm.", "The café smells of CO₂."]),
        ("CAFE", ["The café smells of CO₂."]),
        ("smel", ["The café smells of CO₂."]),
        ("smel ", []),
        ('"is 1,840"', ["CO₂ is 1,840 ppm."]),
        ('"1,840 is"', []),
        ("co2 -ppm", ["The café smells of CO₂."]),
        ("-ppm", ["The door stands open.", "The café smells of CO₂."]),
        ("living room ", ["CO₂ is 1,840 ppm.", "The café smells of CO₂."]),
        ("front_door", ["The door stands open."]),
        ('"below usual"', ["The café smells of CO₂."]),
        ("nothing like it ", []),
        ("open café doors ", ["The café smells of CO₂.", "The door stands open."]),
    ],
)
async def test_words(recall: Recall, hallway: Teller, typed: str, found: list[str]) -> None:
    await hallway.tell(
        noticed(hallway, "The café smells of CO₂.", kind="below_usual"),
        noticed(hallway, "CO₂ is 1,840 ppm."),
        noticed(hallway, "The door stands open.", "front_door", "Front door", "first_time"),
        *(noticed(hallway, "Dust.", "dust", "Dust", "other", wall_ms=1) for _ in range(6)),
    )
    kept = [one for one in await sentences(recall, typed) if one != "Dust."]
    assert sorted(kept) == sorted(found)
    if " " not in typed.strip():
        assert kept == found  # the newest first


async def test_a_node_is_found_by_what_it_is_called_now(
    book: HouseBook, recall: Recall, hallway: Teller, attic: Teller
) -> None:
    await hallway.tell(noticed(hallway, "It is warm."))
    await attic.tell(noticed(attic, "It is dry."))
    assert await sentences(recall, "attic ") == ["It is dry."]
    assert await sentences(recall, "it -attic") == ["It is warm."]
    assert await sentences(recall, "node:attic it") == ["It is dry."]
    await book.rename(attic.node_id, "Under the roof")
    assert await sentences(recall, "attic ") == []
    assert await sentences(recall, '"under the roof"') == ["It is dry."]
    assert await sentences(recall, "dry roof") == ["It is dry."]
    assert await sentences(recall, 'node:"under the roof"') == ["It is dry."]
    assert await sentences(recall, "-node:under") == ["It is warm."]


@pytest.mark.parametrize(
    "narrowed",
    [
        {"node_id": identity(2).node_id},
        {"sensor": "front_door"},
        {"kind": "first_time"},
        {"first": date(2026, 11, 1), "last": date(2026, 11, 1)},
    ],
)
@pytest.mark.parametrize("typed", ["air ", "the air in here ", ""])
async def test_filters_come_before_the_best_are_chosen(
    recall: Recall,
    hallway: Teller,
    attic: Teller,
    typed: str,
    narrowed: dict[str, object],
) -> None:
    """Ten times as many that are as good, or better, and newer: all of them filtered out."""
    later = {"wall_ms": SYNCED_MS + 2 * DAY_MS}
    await attic.tell(
        noticed(attic, "Air.", "front_door", "Front door", "first_time", wall_ms=SYNCED_MS)
    )
    for sentence, times in (("The air in here.", 10), ("Dust.", 11)):
        for _ in range(times):
            await hallway.tell(*(noticed(hallway, sentence, **later) for _ in range(DEPTH)))
    await recall.catch_up()
    everything = await recall.ask(Asked(typed))
    assert len(everything.observations) == MOST
    assert everything.more
    assert "Air." not in [one.sentence for one in everything.observations]
    assert await sentences(recall, typed, **narrowed) == ["Air."]


async def test_days_are_those_of_the_household_and_of_corrected_clocks(
    recall: Recall, hallway: Teller
) -> None:
    early = {"clock_quality": "unset", "boot_id": "b", "monotonic_ms": 7000, "wall_ms": 7000}
    await hallway.tell(
        noticed(hallway, "It rattles.", **early), fact(hallway, "9 minutes", **early)
    )
    assert await sentences(recall, "rattles on:1970") == ["It rattles."]
    assert await facts(recall, "airing on:1970") == ["9 minutes"]
    await hallway.tell(answer(hallway, SYNCED_MS))
    assert await sentences(recall, "rattles on:1970") == []
    assert await facts(recall, "airing on:1970") == []
    assert await facts(recall, "airing on:2026-11-01") == ["9 minutes"]
    assert await sentences(recall, "rattles on:2026-11-01") == ["It rattles."]
    assert await sentences(recall, "rattles before:2026-11-01") == []
    assert await sentences(recall, "rattles", last=date(2026, 10, 31)) == []
    assert await sentences(recall, "rattles", first=date(1, 1, 1), last=date(9999, 12, 31))


async def test_a_fact_is_one_of_today(
    book: HouseBook, recall: Recall, hallway: Teller, attic: Teller
) -> None:
    await hallway.tell(fact(hallway, "20 minutes"), fact(hallway, "oak", "table", "wood"))
    assert await facts(recall, "bathroom") == ["20 minutes"]
    await hallway.tell(fact(hallway, "an hour"))  # supersedes
    assert await facts(recall, "bathroom") == ["an hour"]
    assert await facts(recall, "20 minutes") == []
    await attic.tell(fact(attic, "20 minutes"))  # contradicts: both are shown
    assert await facts(recall, '"20 minutes"') == ["20 minutes", "an hour"]
    [topic] = (await recall.ask(Asked("bathroom"))).topics
    assert topic.contradictory
    await book.review(topic.topic, "an hour", "wrong")
    assert await facts(recall, "bathroom") == ["20 minutes"]
    assert await facts(recall, '"an hour"') == []
    assert await facts(recall, "bathroom", kept=True) == []
    await book.review(topic.topic, "20 minutes", "kept")
    assert await facts(recall, "bathroom", kept=True) == ["20 minutes"]
    await book.retire(attic.node_id)
    assert await facts(recall, "bathroom") == []
    await book.approve(attic.node_id)
    assert await facts(recall, "bathroom") == ["20 minutes"]
    taken_back = encode_payload(RetractionPayload("bathroom", "airing"))
    await attic.tell(attic.event(kind=RETRACTION, payload=taken_back))
    assert await facts(recall, "bathroom") == []
    assert await facts(recall, "table") == ["oak"]


async def test_many_facts_are_no_work_for_each_passage(
    book: HouseBook, recall: Recall, hallway: Teller
) -> None:
    """What only narrows looks at every passage; it must not look at every fact for each of them."""
    for first in range(0, 2000, 500):
        await hallway.tell(*(noticed(hallway, "It is so.") for _ in range(first, first + 500)))
    await hallway.tell(*(fact(hallway, "slowly", f"wall {number}") for number in range(500)))
    await recall.catch_up()
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1000

    await book._read(lambda c: c.set_progress_handler(step, 1000))
    assert len(await facts(recall, "", node_id=hallway.node_id)) == MOST
    assert 0 < steps < 2500 * 500


async def test_facts_that_are_called_wrong_take_no_place(
    book: HouseBook, recall: Recall, hallway: Teller, attic: Teller
) -> None:
    await attic.tell(fact(attic, "slowly", "cellar", "drying", wall_ms=SYNCED_MS))
    many = [
        fact(hallway, "slowly", f"wall {number}", "drying", wall_ms=SYNCED_MS + 1000)
        for number in range(2 * DEPTH)
    ]
    await hallway.tell(*many)
    for topic in await book.topics():
        if topic.subject != "cellar":
            await book.review(topic.topic, "slowly", "wrong")
    await recall.catch_up()
    assert await facts(recall, "drying slowly") == ["slowly"]


async def test_sensors_by_name(recall: Recall, hallway: Teller, attic: Teller) -> None:
    await hallway.measure((SYNCED_MS, 20.5), sensor="room_temperature")
    await attic.measure((SYNCED_MS, 0.5), sensor="wind_speed", unit="m/s")
    [found] = (await recall.ask(Asked("temperature"))).sensors
    assert (found.series.sensor, found.series.unit, found.node_name) == (
        "room_temperature",
        "°C",
        "Hallway",
    )
    [found] = (await recall.ask(Asked("attic"))).sensors
    assert found.series.sensor == "wind_speed"
    assert not (await recall.ask(Asked("temperature", kind="above_usual"))).sensors


async def test_sensors_by_what_they_are_called_now(recall: Recall, hallway: Teller) -> None:
    await hallway.measure((SYNCED_MS, 20.5), sensor="t1", name="Pantry warmth")
    [found] = (await recall.ask(Asked("pantry"))).sensors
    assert (found.series.sensor, found.series.name) == ("t1", "Pantry warmth")
    await hallway.measure((SYNCED_MS + 1, 20.5), sensor="t1", name="Larder warmth")
    [found] = (await recall.ask(Asked("larder"))).sensors
    assert found.series.name == "Larder warmth"
    assert not (await recall.ask(Asked("pantry"))).sensors
    assert (await recall.ask(Asked("t1"))).sensors == [found]


async def test_an_observation_leads_to_the_chart_of_its_sensor(
    recall: Recall, hallway: Teller
) -> None:
    await hallway.tell(noticed(hallway, "It is stuffy."), noticed(hallway, "It is late.", "clock"))
    await hallway.measure((SYNCED_MS, 900), sensor="room_co2", unit="ppm")
    await hallway.measure((SYNCED_MS, 0.1), sensor="room_co2", unit="%")
    recalled = await recall.ask(Asked("stuffy"))
    ppm = next(one for one in await hallway.book.series(hallway.node_id) if one.unit == "ppm")
    assert recalled.charts == {recalled.observations[0].id: ppm.id}


async def test_what_is_erased_leaves_no_word(
    tmp_path: Path, book: HouseBook, recall: Recall, hallway: Teller, attic: Teller
) -> None:
    await hallway.tell(noticed(hallway, "Quixotic zephyrs."), fact(hallway, "xylophone"))
    await hallway.measure((SYNCED_MS, 20.5), name="Jukebox")
    await attic.tell(noticed(attic, "It is dry."))
    await recall.catch_up()
    await book.forget(hallway.node_id)
    assert await sentences(recall, "quixotic") == []
    assert await facts(recall, "xylophone") == []
    assert await sentences(recall, "dry") == ["It is dry."]
    await book.close()
    with closing(sqlite3.connect(tmp_path / "house.db")) as connection:
        connection.execute("INSERT INTO recall_words (recall_words) VALUES ('integrity-check')")
        gists = [text for (text,) in connection.execute("SELECT text FROM gist")]
        assert gists == ["above usual: It is dry."]
    left = b"".join(path.read_bytes() for path in tmp_path.glob("house.db*"))
    assert b"dry" in left
    for word in (b"uixotic", b"zephyr", b"xylophone", b"ukebox"):
        assert word not in left


async def test_it_is_ready_in_the_background_and_goes_on_after_a_stop(
    tmp_path: Path, book: HouseBook, clock: ManualClock, hallway: Teller
) -> None:
    for _ in range(3):
        await hallway.tell(*(noticed(hallway, "It hums.") for _ in range(AT_ONCE)))
    recall = book.recall(Model())
    assert len((await recall.ask(Asked("hums"), limit=MOST)).observations) == MOST
    await book.close()
    again = await HouseBook.open(tmp_path, clock, UTC)
    await again.recall(Model()).catch_up()
    (count,) = again._connection.execute(
        "SELECT count(*) FROM recall_words WHERE recall_words MATCH 'hums'"
    ).fetchone()
    assert count == 3 * AT_ONCE
    await again.close()


async def test_anything_typed_is_a_question(recall: Recall, hallway: Teller) -> None:
    await hallway.tell(noticed(hallway, "It hums."))
    for typed in (
        '"',
        "(",
        "NEAR(a b)",
        "text:x",
        "node:",
        'a"b',
        "*",
        "-",
        "😀",
        "\x00",
        "ﬁ",
        "½",
        " ".join(map(chr, range(0x4E00, 0x4EFA))),
        "-" + " -".join(map(chr, range(0x4E00, 0x4EA0))),
        " ".join(f'"{chr(0x4E00 + number)} a"' for number in range(80)),
        " ".join(f"node:{number}" for number in range(60)),
    ):
        await recall.ask(Asked(typed))
    assert Asked(" ").is_empty
    assert not Asked("", kept=True).is_empty


async def test_whatever_the_order_of_arrival_the_same_is_recalled(
    tmp_path: Path, clock: ManualClock
) -> None:
    """Three nodes that say much the same at the same moments, with clocks put right later."""
    early = {"clock_quality": "unset", "boot_id": "b", "monotonic_ms": 7000, "wall_ms": 7000}
    told = []
    for order in range(4):
        rng = random.Random(order)
        book = await HouseBook.open(tmp_path / str(order), clock, UTC)
        tellers = [Teller(book, identity(number)) for number in (1, 2, 3)]
        logs = []
        for teller in tellers:
            await teller.join("Node")
            said = [noticed(teller, f"It hums at {number}.", **early) for number in range(30)]
            said += [noticed(teller, f"It hums at {number}.") for number in range(30)]
            said += [fact(teller, "slow", "air", f"of {number % 7}") for number in range(20)]
            said.append(answer(teller, SYNCED_MS))
            logs.append(said)
        recall = book.recall(Model())
        while any(logs):
            number = rng.choice([place for place, log in enumerate(logs) if log])
            count = rng.randint(1, 40)
            await tellers[number].tell(*logs[number][:count])
            logs[number] = logs[number][count:]
            if rng.random() < 0.3:
                await recall.catch_up()
        questions = ("hums", "hums 3 ", "air of 3", "slow hum")
        told.append([await recall.ask(Asked(typed)) for typed in questions])
        await book.close()
    assert told[0][0].observations
    assert told[0][2].topics
    assert told.count(told[0]) == len(told)
