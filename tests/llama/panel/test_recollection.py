"""Searching the house from the panel: nothing of it in an address, and from there to a chart."""

import re
from typing import get_args

import pytest

from herdbook.alpaca.noticing.finding import Kind
from tests.eventlog.samples import identity
from tests.house.household import Teller, fact, noticed
from tests.llama.panel.herd_stage import herd_of
from tests.llama.panel.stage import HTMX, Browser, Stage


async def test_what_is_found_is_shown_by_day_and_leads_to_the_chart_of_that_day(
    set_up: Stage, ada: Browser
) -> None:
    hallway, _ = await herd_of(set_up)
    yesterday = set_up.clock.wall_ms() - 86_400_000
    await hallway.tell(
        noticed(
            *(hallway, "It is <warm>.", "room_temperature", "Room temperature"),
            wall_ms=yesterday,
            values=(1710.0, 1795.5),
        )
    )
    answer = await ada.post("/herd/recall", {"query": "warm hallway"})
    assert answer.url.path == "/herd/recall"
    assert not answer.url.query
    page = await answer.text()
    assert "It is &lt;warm&gt;." in page
    assert 'value="warm hallway"' in page
    assert "Last readings: 1710 · 1796\N{NO-BREAK SPACE}ppm" in page
    way = re.search(r'href="(/herd/\w+/sensor/\d+/on/[\d-]+)"', page)
    assert way
    assert f'href="/herd/{hallway.node_id}"' in page
    chart = await ada.page(way[1])
    assert chart.count('role="img"') == 2
    before = re.search(r'href="([^"]+)" rel="prev"', chart)
    assert before
    assert "The day after" in chart
    await ada.page(before[1])
    # Back from there, it is as it was left.
    assert "It is &lt;warm&gt;." in await ada.page("/herd/recall")


async def test_what_was_asked_is_forgotten_when_the_vault_locks(
    set_up: Stage, ada: Browser
) -> None:
    await herd_of(set_up)
    await ada.post("/herd/recall", {"query": "hallway"})
    assert 'value="hallway"' in await ada.page("/herd/recall")
    await set_up.vaults.lock(set_up.vaults.people.find(user_id=None, name="Ada").id)
    assert 'value="hallway"' not in await ada.page("/herd/recall")


async def test_facts_and_sensors_are_found(set_up: Stage, ada: Browser) -> None:
    await herd_of(set_up)
    answer = await ada.post("/herd/recall", {"query": "bathroom"}, headers=HTMX)
    page = await answer.text()
    assert "<html" not in page
    assert "The bathroom takes 20" in page
    answer = await ada.post("/herd/recall", {"query": "temperature"}, headers=HTMX)
    assert re.search(r"/sensor/\d+/day", await answer.text())
    answer = await ada.post("/herd/recall", {"query": "window"}, headers=HTMX)
    assert "These do not agree." in await answer.text()
    answer = await ada.post("/herd/recall", {"query": "window", "kept": "on"}, headers=HTMX)
    assert "Nothing found." in await answer.text()


async def test_a_fact_that_was_found_says_what_people_think_of_it(
    set_up: Stage, ada: Browser
) -> None:
    hallway, _ = await herd_of(set_up)
    await hallway.tell(fact(hallway, "oak", "armchair", "wood"))
    for verdict, said in (("kept", "Kept"), ("later", "Left for later")):
        form = {"topic": "armchair\x1fwood", "answer": "oak", "verdict": verdict}
        await ada.post("/herd/memories", form, headers=HTMX)
        page = await (await ada.post("/herd/recall", {"query": "armchair"}, headers=HTMX)).text()
        assert re.findall(r" · (Kept|Left for later)</p>", page) == [said]


async def test_filters_narrow(set_up: Stage, ada: Browser) -> None:
    _, attic = await herd_of(set_up)
    everything = {"query": "number"}
    page = await (await ada.post("/herd/recall", everything)).text()
    assert "Number 1." in page
    assert "Number 2." in page
    assert "about 01:00" in page
    for fields, there in (
        ({"node": attic.node_id}, {2}),
        ({"kind": "first_time"}, {1, 2}),
        ({"kind": "above_usual"}, set()),
        ({"first": "2000-01-01"}, {1}),
        ({"last": "2000-01-01"}, {2}),
        ({"query": "number on:1970"}, {2}),
        ({"query": "number node:hall"}, {1}),
    ):
        answer = await ada.post("/herd/recall", everything | fields, headers=HTMX)
        page = await answer.text()
        assert {n for n in (1, 2) if f"Number {n}." in page} == there, fields
    answer = await ada.post("/herd/recall", {"query": "number on:today"}, headers=HTMX)
    assert "names no time" in await answer.text()


async def test_every_kind_that_an_alpaca_notices_narrows(set_up: Stage, ada: Browser) -> None:
    teller = Teller(set_up.book, identity(1))
    await teller.join()
    kinds = get_args(Kind.__value__)
    await teller.tell(*(noticed(teller, f"It is {kind}.", kind=kind) for kind in kinds))
    page = await ada.page("/herd/recall")
    for kind in kinds:
        assert re.search(rf'<option value="{kind}">[A-Z][a-z ]+</option>', page)
        answer = await ada.post("/herd/recall", {"kind": kind}, headers=HTMX)
        assert re.findall(r"It is (\w+)\.", await answer.text()) == [kind]


async def test_only_the_best_are_shown_and_that_is_said(set_up: Stage, ada: Browser) -> None:
    teller = Teller(set_up.book, identity(1))
    await teller.join()
    await teller.tell(*(noticed(teller, f"It hums, {number}.") for number in range(60)))
    page = await (await ada.post("/herd/recall", {"query": "hums"})).text()
    assert page.count("It hums, ") == 50
    assert "These are the best 50." in page


@pytest.mark.parametrize("fields", [{"kind": "odd"}, {"first": "tomorrow"}, {"last": "2026-02-30"}])
async def test_what_is_no_choice_is_refused(ada: Browser, fields: dict[str, str]) -> None:
    assert (await ada.post("/herd/recall", fields, headers=HTMX)).status == 422


async def test_before_anything_is_asked_there_is_help(set_up: Stage, ada: Browser) -> None:
    page = await ada.page("/herd/recall")
    assert "attic humid" in page
    assert 'action="/herd/recall"' in await ada.page("/herd")


async def test_a_stranger_searches_nothing(set_up: Stage, browser: Browser) -> None:
    await set_up.person()
    assert (await browser.get("/herd/recall")).url.path == "/sign-in"
    assert (await browser.post("/herd/recall", {"query": "x"})).url.path == "/sign-in"


async def test_a_day_that_is_none_has_no_chart(set_up: Stage, ada: Browser) -> None:
    hallway, _ = await herd_of(set_up)
    series = (await hallway.book.series(hallway.node_id))[0]
    at = f"/herd/{hallway.node_id}/sensor/{series.id}/on"
    for day in ("2026-02-30", "0001-01-01", "9999-12-31"):
        assert (await ada.get(f"{at}/{day}")).status == 404
    assert "Nothing was read in this time" in await ada.page(f"{at}/1999-01-01")
