"""What people call sensors: what was told last, shown so that it cannot pretend to be more."""

import pytest

from herdbook.house import names
from herdbook.house.book import HouseBook
from tests.eventlog.samples import SYNCED_MS, identity
from tests.house.household import Teller, fact, noticed


async def test_the_last_name_counts_whatever_told_it(book: HouseBook, hallway: Teller) -> None:
    await hallway.measure((SYNCED_MS, 20.5))
    assert (await hallway.series()).name == ""
    told = [
        hallway.block([(SYNCED_MS + 1, 20.5)], name="Pantry"),
        noticed(hallway, "It is warm.", "s", "Larder"),
        hallway.block([(SYNCED_MS + 2, 20.5)]),
    ]
    await hallway.tell(*told[:1])
    assert (await hallway.series()).name == "Pantry"
    await hallway.tell(*told[1:])
    assert (await hallway.series()).name == "Larder"
    await hallway.tell(hallway.block([(SYNCED_MS + 3, 20.5)], name="Pantry"))
    assert (await hallway.series()).name == "Pantry"


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Pantry warmth", "Pantry warmth"),
        ("Küche\N{NO-BREAK SPACE}CO₂", "Küche CO₂"),
        ("a\nb\x1b[31m\x00c", "a b [31m c"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\N{ZERO WIDTH SPACE}", "gnp.exe"),
        ("x" * 100, "x" * 64),
        ("\u2066\u2069 \n", ""),
    ],
)
async def test_a_name_is_one_short_line_of_what_can_be_seen(
    hallway: Teller, told: str, shown: str
) -> None:
    await hallway.measure((SYNCED_MS, 20.5), name=told)
    assert (await hallway.series()).name == shown


async def test_a_node_names_as_many_as_it_may_and_can_rename_them(
    book: HouseBook, hallway: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "MAX_NAMES", 3)
    for name in ("old", "new"):
        await hallway.tell(
            *(
                hallway.block([(SYNCED_MS, 20.5)], f"s{number}", name=f"{name} {number}")
                for number in range(5)
            )
        )
    called = [one.name for one in await book.series(hallway.node_id)]
    assert called == ["new 0", "new 1", "new 2", "", ""]


async def test_a_fact_of_a_sensor_names_it_where_all_who_tell_agree(
    book: HouseBook, hallway: Teller
) -> None:
    attic = Teller(book, identity(2))
    await attic.join("Attic")
    for teller in (hallway, attic):
        await teller.measure((SYNCED_MS, 1.0), sensor="fan", name="Fan")
        await teller.tell(fact(teller, "at night", "fan"))
    [topic] = await book.topics()
    assert (topic.subject, topic.name) == ("fan", "Fan")
    await attic.measure((SYNCED_MS, 1.0), sensor="fan", name="Attic fan")
    [topic] = await book.topics()
    assert (topic.subject, topic.name) == ("fan", "")


async def test_a_node_that_is_erased_takes_its_names_along(
    book: HouseBook, hallway: Teller
) -> None:
    await hallway.measure((SYNCED_MS, 20.5), name="Pantry")
    await book.forget(hallway.node_id)
    again = Teller(book, hallway.who)
    await again.join()
    await again.measure((SYNCED_MS, 20.5))
    assert (await again.series()).name == ""
