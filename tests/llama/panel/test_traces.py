"""Traces in the panel: on entries, all of them, one of them; their names stand in no address."""

import re
from datetime import date, timedelta

import pytest

from herdbook.journal.trace import Trace
from herdbook.llama.opening import Opening
from tests.llama.panel.stage import HTMX, Browser, Stage

CANARY = "a heron <b>&\"'"
SHOWN = "a heron &lt;b&gt;&amp;&#34;&#39;"


@pytest.fixture
async def opening(set_up: Stage, ada: Browser) -> Opening:
    return await set_up.vaults.unlock("Ada", "four quite unrelated words")


async def _write(set_up: Stage, opening: Opening, day: date, *names: str) -> str:
    journal = set_up.vaults.journal(opening)
    entry = await journal.add(day, f"of {day}")
    assert entry is not None
    for name in names:
        await journal.traces.add(entry.id, name)
    return entry.id


async def _trace(set_up: Stage, opening: Opening, name: str) -> Trace:
    return (await set_up.vaults.journal(opening).traces.named(name)).trace


def _chips(page: str) -> list[str]:
    return re.findall(r'<li class="chip"><a href="[^"]*"><bdi>([^<]*)</bdi>', page)


async def test_a_trace_is_given_and_taken_off_without_scripts(
    set_up: Stage, ada: Browser, opening: Opening
) -> None:
    entry = await _write(set_up, opening, set_up.today)
    answer = await ada.post(
        f"/entry/{entry}/traces", {"name": f" {CANARY} "}, allow_redirects=False
    )
    assert answer.headers["Location"] == f"/day/{set_up.today}#entry-{entry}"
    page = await ada.page(f"/day/{set_up.today}")
    assert _chips(page) == [SHOWN]
    trace = await _trace(set_up, opening, CANARY)
    assert f'<a href="/trace/{trace.id}">' in page
    assert f'aria-label="Remove the trace “{SHOWN}”"' in page
    answer = await ada.post(f"/entry/{entry}/traces/remove", {"trace": trace.id})
    assert _chips(await answer.text()) == []


async def test_by_htmx_the_field_stays_open(set_up: Stage, ada: Browser, opening: Opening) -> None:
    entry = await _write(set_up, opening, set_up.today)
    await _write(set_up, opening, set_up.today)
    answer = await ada.post(f"/entry/{entry}/traces", {"name": "snow"}, headers=HTMX)
    part = await answer.text()
    assert "<html" not in part
    assert _chips(part) == ["snow"]
    assert part.count('class="trace-add" open') == 1
    assert part.count('class="trace-add"') == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "A trace needs a name."), ("x" * 41, "at most 40 characters"), ("\x07", "be shown")],
)
async def test_a_name_that_is_none_is_told(
    set_up: Stage, ada: Browser, opening: Opening, name: str, said: str
) -> None:
    entry = await _write(set_up, opening, set_up.today)
    answer = await ada.post(f"/entry/{entry}/traces", {"name": name}, headers=HTMX)
    assert answer.status == 422
    assert answer.headers["HX-Retarget"] == "#notice"
    assert said in await answer.text()


async def test_an_open_page_hears_of_traces_given_elsewhere(
    set_up: Stage, ada: Browser, opening: Opening
) -> None:
    entry = await _write(set_up, opening, set_up.today)
    address = f"/day/{set_up.today}/house"

    async def ask(page: str) -> tuple[int, str]:
        marks = dict(re.findall(r'name="(entries_mark|house_mark)" value="([^"]*)"', page))
        answer = await ada.get(address, params={"vault": "open", **marks})
        return answer.status, await answer.text()

    page = await ada.page(f"/day/{set_up.today}")
    assert (await ask(page))[0] == 204
    await ada.post(f"/entry/{entry}/traces", {"name": "snow"})
    status, news = await ask(page)
    assert status == 200
    assert _chips(news) == ["snow"]
    mark = r'data-mark="(\w+)"'
    assert re.findall(mark, news) != re.findall(mark, page)
    trace = await _trace(set_up, opening, "snow")
    await ada.post(f"/trace/{trace.id}/rename", {"name": "ice"})
    status, renamed = await ask(news)
    assert (status, _chips(renamed)) == (200, ["ice"])


async def test_the_list_is_ordered_filtered_and_goes_on(
    set_up: Stage, ada: Browser, opening: Opening
) -> None:
    day = set_up.today
    await _write(set_up, opening, day - timedelta(days=9), "zoo", "Ärger")
    await _write(set_up, opening, day - timedelta(days=5), "zoo")
    await _write(set_up, opening, day, "milk")
    name = r'<bdi class="use-name">([^<]*)</bdi>'

    async def names(query: str, **form: str) -> list[str]:
        answer = await (ada.post(f"/traces{query}", form) if form else ada.get(f"/traces{query}"))
        return re.findall(name, await answer.text())

    assert await names("") == ["milk", "zoo", "Ärger"]
    assert await names("?sort=used") == ["zoo", "Ärger", "milk"]
    assert await names("?sort=name") == ["Ärger", "milk", "zoo"]
    assert await names("?sort=nonsense") == ["milk", "zoo", "Ärger"]
    assert await names("?sort=name", filter="AR") == ["Ärger"]
    assert await names("?sort=name", **{"from": "1"}) == ["milk", "zoo"]
    assert await names("", **{"from": "9" * 30}) == await names("")
    page = await ada.page("/traces?sort=used")
    assert 'href="/traces?sort=used" aria-current="true"' in page
    assert re.search(r"2 entries</span> <span>28 October 2026", page)
    answer = await ada.post("/traces", {"filter": CANARY}, headers=HTMX)
    part = await answer.text()
    assert "<html" not in part
    assert "No trace is called that." in part


async def test_a_long_list_comes_in_pieces(set_up: Stage, ada: Browser, opening: Opening) -> None:
    for part in range(5):
        day = set_up.today - timedelta(days=part)
        await _write(set_up, opening, day, *(f"{part}{number:02}" for number in range(30)))
    page = await ada.page("/traces?sort=name")
    assert page.count('class="use-name"') == 100
    assert 'name="from" value="100"' in page
    rest = await ada.post("/traces?sort=name", {"from": "100", "filter": ""}, headers=HTMX)
    rows = await rest.text()
    assert rows.strip().startswith("<li>")
    assert rows.count('class="use-name"') == 50
    assert 'name="from"' not in rows


async def test_an_empty_journal_invites(ada: Browser) -> None:
    page = await ada.page("/traces")
    assert "No traces yet" in page
    assert 'id="filter"' not in page


async def test_completing_offers_what_the_entry_has_not(
    set_up: Stage, ada: Browser, opening: Opening
) -> None:
    entry = await _write(set_up, opening, set_up.today, "Snow")
    await _write(set_up, opening, set_up.today, "snow", "snowman", CANARY)

    async def offers(**form: str) -> list[str]:
        answer = await ada.post("/traces/complete", form, headers=HTMX)
        assert answer.status == 200
        return re.findall(r"<bdi>(.*?)</bdi>", await answer.text())

    assert await offers(name="SN") == ["Snow", "snowman"]
    assert await offers(name="sn", entry=entry) == ["snowman"]
    snowman = await _trace(set_up, opening, "snowman")
    assert await offers(name="sn", trace=snowman.id) == ["Snow"]
    assert await offers(name="a h") == [SHOWN]
    assert await offers(name="zz") == []


async def test_one_traces_page(set_up: Stage, ada: Browser, opening: Opening) -> None:
    today = set_up.today
    for back in (0, 0, 1, 40, 400):
        await _write(set_up, opening, today - timedelta(days=back), "snow", "walk")
    await _write(set_up, opening, today, "walk", "dog")
    snow = await _trace(set_up, opening, "snow")
    page = await ada.page(f"/trace/{snow.id}")
    assert "5 entries · 28 September 2025 to 2 November 2026" in " ".join(page.split())
    assert page.count('<td class="lit lit-') == 3, "the fifth is older than a year"
    assert page.count('<th scope="row">') == 12
    assert "Monday, 2 November 2026, 2 entries" in page
    assert re.findall(r'<td class="heat-sum">(\d*)</td>', page) == [""] * 9 + ["1", "", "3"]
    beside = page[page.index('id="beside"') : page.index("Rename, merge")]
    assert re.findall(r"<bdi>(\w+)</bdi>.*?(\d+) ent", beside) == [("walk", "5")]
    days = re.findall(r'<h3 id="day-[\d-]+"><a href="(/day/[^"]*)">', page)
    assert days == [f"/day/{today - timedelta(days=back)}" for back in (0, 1, 40, 400)]
    assert page.count("<article") == 5
    assert page.count("#entry-") == 5


async def test_older_entries_come_on_demand(set_up: Stage, ada: Browser, opening: Opening) -> None:
    today = set_up.today
    for back in range(30):
        await _write(set_up, opening, today - timedelta(days=back), "snow")
    snow = await _trace(set_up, opening, "snow")
    page = await ada.page(f"/trace/{snow.id}")
    assert page.count("<article") == 20
    before = today - timedelta(days=19)
    older = f"/trace/{snow.id}?before={before}"
    assert f'href="{older}#history"' in page
    part = await (await ada.get(older, headers=HTMX)).text()
    assert "<html" not in part
    assert part.count("<article") == 10
    assert "?before=" not in part
    whole = await ada.page(older)
    assert f"Before {before.day} October 2026" in whole
    assert whole.count("<article") == 10
    assert (await ada.get(f"/trace/{snow.id}?before=x")).status == 404


async def test_a_trace_is_renamed(set_up: Stage, ada: Browser, opening: Opening) -> None:
    await _write(set_up, opening, set_up.today, "snw", "snow")
    snw, snow = await _trace(set_up, opening, "snw"), await _trace(set_up, opening, "snow")
    answer = await ada.post(f"/trace/{snw.id}/rename", {"name": CANARY})
    assert answer.url.path == f"/trace/{snw.id}"
    assert f"<bdi>{SHOWN}</bdi></h1>" in await answer.text()
    for headers in ({}, HTMX):
        answer = await ada.post(f"/trace/{snw.id}/rename", {"name": "SNOW"}, headers=headers)
        page = await answer.text()
        assert "There is a trace “snow” already, on 1 entry." in page
        assert f'name="into" value="{snow.id}"' in page
        assert ("<html" in page) == (not headers)
    answer = await ada.post(f"/trace/{snw.id}/merge", {"into": snow.id})
    assert answer.url.path == f"/trace/{snow.id}"
    assert (await ada.get(f"/trace/{snw.id}")).status == 404


async def test_a_trace_is_merged_by_name_and_deleted(
    set_up: Stage, ada: Browser, opening: Opening
) -> None:
    await _write(set_up, opening, set_up.today, "snw")
    await _write(set_up, opening, set_up.today, "snow")
    snw, snow = await _trace(set_up, opening, "snw"), await _trace(set_up, opening, "snow")
    answer = await ada.post(f"/trace/{snw.id}/merge", {"name": "hail"}, headers=HTMX)
    assert answer.status == 422
    assert "There is no trace of that name." in await answer.text()
    answer = await ada.post(f"/trace/{snw.id}/merge", {"name": "Snow"}, headers=HTMX)
    assert answer.headers["HX-Redirect"] == f"/trace/{snow.id}"
    assert "2 entries" in await ada.page(f"/trace/{snow.id}")
    answer = await ada.post(f"/trace/{snow.id}/delete")
    assert answer.url.path == "/traces"
    assert "No traces yet" in await answer.text()
    assert (await ada.page(f"/day/{set_up.today}")).count("<article") == 2
    assert (await ada.post(f"/trace/{snow.id}/delete")).status == 404


async def test_a_locked_vault_shows_no_trace(set_up: Stage, ada: Browser, opening: Opening) -> None:
    entry = await _write(set_up, opening, set_up.today, CANARY)
    trace = await _trace(set_up, opening, CANARY)
    assert (await ada.get("/watch")).status == 204
    await set_up.vaults.lock(opening.person.id)
    for address in ("/traces", f"/trace/{trace.id}", "/watch"):
        answer = await ada.get(address)
        assert answer.url.path == f"/day/{set_up.today}"
        assert SHOWN not in await answer.text()
    for address in ("/traces/complete", f"/entry/{entry}/traces", f"/trace/{trace.id}/delete"):
        answer = await ada.post(address, {"name": "a"}, headers=HTMX)
        assert answer.status == 423
        assert SHOWN not in await answer.text()


async def test_nobody_signed_in_sees_none(set_up: Stage, ada: Browser, opening: Opening) -> None:
    await _write(set_up, opening, set_up.today, "snow")
    trace = await _trace(set_up, opening, "snow")
    async with set_up.browser() as stranger:
        for address in ("/traces", f"/trace/{trace.id}", "/watch"):
            assert (await stranger.get(address)).url.path == "/sign-in"
        answer = await stranger.post("/traces/complete", {"name": "s"}, headers=HTMX)
        assert answer.headers["HX-Redirect"] == "/sign-in"
