import re

import pytest

from herdbook.llama.panel import printing
from tests.llama.panel.stage import Browser, Stage

DAYS = ("2026-10-31", "2026-11-01", "2026-11-02")


async def write(ada: Browser) -> None:
    for day in DAYS:
        for number in range(2):
            text = f"*entry* {number} of {day}"
            await ada.post(f"/day/{day}/entries", {"text": text, "key": f"{day} {number}"})


def printed(page: str) -> list[str]:
    found = re.findall(r'class="entry-text"[^>]*>(.*?)</div>', page, re.DOTALL)
    return [re.sub(r"<[^>]*>|\n", "", one) for one in found]


async def test_the_days_between_stand_in_a_row(ada: Browser) -> None:
    await write(ada)
    page = await ada.page("/print?first=2026-10-31&last=2026-11-01")
    assert printed(page) == [
        *(f"entry {number} of {day}" for day in DAYS[:2] for number in range(2)),
    ]
    assert re.findall(r'<h2 id="day-([0-9-]+)">', page) == list(DAYS[:2])
    assert "<em>entry</em>" in page
    assert 'id="watch"' in page, "it closes with its vault"


async def test_it_begins_with_this_month(set_up: Stage, ada: Browser) -> None:
    await write(ada)
    page = await ada.page("/print")
    assert f'value="{set_up.today.replace(day=1)}"' in page
    assert f'value="{set_up.today}"' in page
    assert re.findall(r'<h2 id="day-([0-9-]+)">', page) == list(DAYS[1:])
    assert "/print?first=2026-11-01&amp;last=2026-11-30" in await ada.page("/calendar/2026-11")


async def test_no_day_with_an_entry_is_said(ada: Browser) -> None:
    for span, said in (
        ("first=2020-01-01&last=2020-12-31", "Nothing was written"),
        ("first=2026-12-31&last=2026-01-01", "the other way round"),
    ):
        page = await ada.page(f"/print?{span}")
        assert said in page
        assert "data-print" not in page


async def test_more_than_a_page_holds_is_said(
    ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(ada)
    monkeypatch.setattr(printing, "LIMIT", 3)
    page = await ada.page("/print?first=2026-01-01&last=2026-12-31")
    assert len(printed(page)) == 3
    assert "first 3 entries, up to Sunday, 1 November 2026" in page


async def test_what_is_no_day_is_refused(ada: Browser) -> None:
    assert (await ada.get("/print?first=2026-02-30")).status == 404


async def test_a_locked_vault_prints_nothing(set_up: Stage, ada: Browser) -> None:
    await write(ada)
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    answer = await ada.get("/print")
    assert answer.url.path == f"/day/{set_up.today}"
    assert "entry 0" not in await answer.text()
