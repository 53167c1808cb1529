"""The calendar: which days have something, and the ways to them."""

import re

import pytest

from herdbook.llama.people import Person
from tests.llama.panel.stage import Browser, Stage


@pytest.fixture
def person(set_up: Stage, ada: Browser) -> Person:
    return set_up.vaults.people.find(name="Ada")


async def _write(ada: Browser, *days: str) -> None:
    for day in days:
        await ada.post(f"/day/{day}/entries", {"text": f"of {day}"})


async def test_a_month_shows_its_written_days(ada: Browser) -> None:
    await _write(ada, "2026-11-01", "2026-11-01", "2026-11-30", "2026-12-01", "2024-02-29")
    page = await ada.page("/calendar/2026-11")
    assert re.findall(r'aria-label="(\w+, \d+ November 2026, [^"]*)"', page) == [
        "Sunday, 1 November 2026, 2 entries",
        "Monday, 30 November 2026, 1 entry",
    ]
    assert page.count('href="/day/2026-11-') == 30
    assert page.count('<i class="dot">') == 2 + 2, "two days, two months"
    assert 'Dec<span class="quiet-read"> 2026, 1 entry</span>' in page
    assert "Your journal holds 2024 to 2026." in page
    assert 'href="/calendar/2024-11"' in page
    assert 'href="/calendar/2026-10"' in page
    assert 'href="/calendar/2025-11"' in page
    for day in ("2026-11-01", "2026-11-30", "2026-12-01"):
        assert f"of {day}" not in page, "a calendar tells when, not what"
    assert page.count('href="/day/2024-02-') == 0
    leap = re.findall(r'<td><a href="/day/2024-02-(\d\d)"', await ada.page("/calendar/2024-02"))
    assert [int(day) for day in leap] == list(range(1, 30))


async def test_every_year_with_something_written_can_be_picked(ada: Browser) -> None:
    await _write(ada, "0001-01-01", "2024-02-29", "2024-12-31", "2026-01-01", "9999-12-31")
    page = await ada.page("/calendar/2024-03")
    picker = re.search(r'<ul class="years".*?</ul>', page, re.DOTALL)
    assert picker is not None
    assert re.findall(r'<a href="([^"]*)"([^>]*)>(\d{4})</a>', picker[0]) == [
        ("/calendar/0001-03", "", "0001"),
        ("/calendar/2024-03", ' aria-current="true"', "2024"),
        ("/calendar/2026-03", "", "2026"),
        ("/calendar/9999-03", "", "9999"),
    ]


async def test_the_year_is_shaded_day_by_day(ada: Browser) -> None:
    assert 'id="heatmap"' not in await ada.page("/calendar/2026-11"), "nothing to shade"
    await _write(ada, *["2026-11-01"] * 5, "2026-01-31", "2025-12-31")
    page = await ada.page("/calendar/2026-03")
    assert re.findall(r'class="lit lit-(\d)" data-day="([^"]*)"', page) == [
        ("1", "/day/2026-01-31"),
        ("4", "/day/2026-11-01"),
    ]
    assert "Your entries in 2026, day by day" in page
    assert '<a href="/day/2026-11-01">Open this day</a>' in page, "the last of them, at first"
    assert page.count('class="heat-sum"') == 12


async def test_today_is_marked(ada: Browser, set_up: Stage) -> None:
    page = await ada.page(f"/calendar/{set_up.today.isoformat()[:7]}")
    assert page.count('aria-current="date"') == 1
    assert 'aria-current="date"' not in await ada.page("/calendar/1999-01")
    assert "Your journal holds" not in page, "it is empty"


@pytest.mark.parametrize(
    ("month", "back", "on"),
    [("0001-01", False, True), ("9999-12", True, False), ("0001-02", True, True)],
)
async def test_the_ends_of_the_calendar(ada: Browser, month: str, back: bool, on: bool) -> None:
    page = await ada.page(f"/calendar/{month}")
    assert ('rel="prev"' in page, 'rel="next"' in page) == (back, on)


@pytest.mark.parametrize("wrong", ["2026", "2026-13", "0000-01", "2026-1", "x", "2026-11-01"])
async def test_a_month_that_is_none_is_not_found(ada: Browser, wrong: str) -> None:
    assert (await ada.get(f"/calendar/{wrong}")).status == 404


async def test_a_locked_vault_shows_no_calendar(
    set_up: Stage, ada: Browser, person: Person
) -> None:
    await _write(ada, "2026-11-01")
    await set_up.vaults.lock(person.id)
    answer = await ada.get("/calendar/2026-11")
    assert answer.url.path == f"/day/{set_up.today}"
    assert "door-secret" in await answer.text()


async def test_a_day_knows_the_same_day_of_other_years(ada: Browser) -> None:
    await _write(ada, "2019-07-04", "2021-07-04", "2021-07-04", "2021-07-05")
    page = await ada.page("/day/2026-07-04")
    assert re.findall(r'<a href="(/day/[^"]*)">(\d+)</a> <span>([^<]*)</span>', page) == [
        ("/day/2021-07-04", "2021", "2 entries"),
        ("/day/2019-07-04", "2019", "1 entry"),
    ]
    page = await ada.page("/day/2021-07-04")
    assert "/day/2019-07-04" in page
    assert '<a href="/day/2021-07-04">2021</a>' not in page
    assert "On this day" not in await ada.page("/day/2026-07-06")
