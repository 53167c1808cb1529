import html
import re

import pytest

from herdbook.journal.search import PAGE
from herdbook.journal.settings import Settings
from tests.disk import Disk
from tests.llama.panel.stage import HTMX, Browser, Stage, stage

IDLE_LIMIT_MS = Settings().lock_after_min * 60_000

SENT = {"query": "snow"}


async def write(set_up: Stage, browser: Browser, *texts: str) -> None:
    for text in texts:
        await browser.post(f"/day/{set_up.today}/entries", {"text": text, "key": text})


def results(page: str) -> list[str]:
    found = re.findall(r'class="result-text"[^>]*>(.*?)</span>', page, re.DOTALL)
    return [html.unescape(one) for one in found]


async def test_words_are_found_and_lead_to_their_entry(set_up: Stage, ada: Browser) -> None:
    await write(set_up, ada, "the first snow", "no such weather")
    answer = await ada.post("/search", SENT, headers=HTMX)
    page = await answer.text()
    assert results(page) == ["the first <mark>snow</mark>"]
    assert "One entry" in page
    link = re.search(r'href="(/day/[0-9-]+)#(entry-[0-9a-f]{32})"', page)
    assert link
    assert f'id="{link[2]}"' in await ada.page(link[1])


async def test_what_is_looked_for_stands_in_no_address(set_up: Stage, ada: Browser) -> None:
    await write(set_up, ada, "the first snow")
    answer = await ada.post("/search", SENT)
    assert answer.url.path == "/search"
    assert answer.url.query_string == ""
    assert results(await answer.text()) == ["the first <mark>snow</mark>"]
    assert (await ada.get("/search?query=snow")).status == 200


async def test_the_page_is_as_it_was_left_until_the_vault_locks(
    set_up: Stage, ada: Browser
) -> None:
    await write(set_up, ada, "the first snow")
    await ada.post("/search", SENT | {"typing": "1"}, headers=HTMX)
    page = await ada.page("/search")
    assert results(page) == ["the first <mark>snow</mark>"]
    assert 'value="snow"' in page
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    await ada.sign_in()
    page = await ada.page("/search")
    assert "snow</mark>" not in page
    assert 'value="snow"' not in page


async def test_text_and_words_are_shown_as_text(set_up: Stage, ada: Browser) -> None:
    text = '<img src=x onerror="alert(1)"> snow </span><script>'
    await write(set_up, ada, text)
    page = await (await ada.post("/search", SENT, headers=HTMX)).text()
    assert "<img" not in page
    assert "<script" not in page
    (shown,) = results(page)
    assert shown.replace("<mark>", "").replace("</mark>", "") == text
    typed = '"><script>alert(1)</script>'
    page = await (await ada.post("/search", {"query": typed})).text()
    assert "<script>alert" not in page
    assert f'value="{html.escape(typed, quote=False).replace(chr(34), "&#34;")}"' in page


async def test_kept_is_what_was_sent_and_asks_for_something(set_up: Stage, ada: Browser) -> None:
    for query, typing in (("first", ""), ("half ty", "1"), ("second", ""), ("on:noday", "")):
        await ada.post("/search", {"query": query, "typing": typing}, headers=HTMX)
    page = await (await ada.post("/search", {"query": "", "typing": "1"}, headers=HTMX)).text()
    recent = re.findall(r'class="recent-search"[^>]*value="([^"]*)"', page)
    assert recent == ["second", "first"]
    page = await (await ada.post("/search/forget", headers=HTMX)).text()
    assert "recent-search" not in page
    assert "second" not in await ada.page("/search")
    assert (await ada.post("/search/forget")).url.path == "/search"


async def test_more_comes_page_by_page(set_up: Stage, ada: Browser) -> None:
    await write(set_up, ada, *(f"snow {number}" for number in range(PAGE + 2)))
    first = await (await ada.post("/search", SENT, headers=HTMX)).text()
    assert len(results(first)) == PAGE
    assert f"{PAGE + 2} entries" in first
    more = {"query": "snow", "order": "best", "typing": "1", "offset": str(PAGE)}
    second = await (await ada.post("/search", more, headers=HTMX)).text()
    assert len(results(second)) == 2
    assert len({*results(first), *results(second)}) == PAGE + 2
    assert "more" not in re.sub(r"<a .*?</a>", "", second, flags=re.DOTALL)
    assert len(results(await (await ada.post("/search", more)).text())) == 2, "without scripts too"


async def test_sorted_by_what_fits_best_or_by_time(set_up: Stage, ada: Browser) -> None:
    await write(set_up, ada, "snow snow snow", "snow once in a far longer entry than the other is")
    best = await (await ada.post("/search", SENT, headers=HTMX)).text()
    newest = await (await ada.post("/search", SENT | {"order": "newest"}, headers=HTMX)).text()
    assert results(best) == results(newest)[::-1]
    for page, chosen in ((best, ["Best first"]), (newest, ["Newest first"])):
        assert re.findall(r'aria-pressed="true">(.*?)</button>', page) == chosen
        assert page.count("aria-pressed") == 2, "both ways are there to choose"


@pytest.mark.parametrize(
    "form",
    [{"offset": "-1"}, {"offset": "x"}, {"offset": "9" * 30}, {"offset": "²"}, {"order": "worst"}],
)
async def test_what_no_page_asks_is_refused(ada: Browser, form: dict[str, str]) -> None:
    assert (await ada.post("/search", SENT | form)).status == 422


async def test_nothing_found_and_no_time_are_said(ada: Browser) -> None:
    page = await (await ada.post("/search", {"query": "snow before:soon"}, headers=HTMX)).text()
    assert "Nothing found." in page
    assert "“before:soon” names no time" in page


@pytest.mark.parametrize(("typed", "told"), [("🎉", True), ("…", True), ('"', False), ("-", False)])
async def test_signs_alone_are_no_words(ada: Browser, typed: str, told: bool) -> None:
    page = await (await ada.post("/search", {"query": typed}, headers=HTMX)).text()
    assert ("Emoji and signs are none." in page) == told


async def test_a_locked_vault_is_not_searched(set_up: Stage, ada: Browser) -> None:
    await write(set_up, ada, "the first snow")
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    assert (await ada.get("/search")).url.path == f"/day/{set_up.today}"
    answer = await ada.post("/search", SENT, headers=HTMX)
    assert answer.status == 423
    assert "first" not in await answer.text()
    async with set_up.browser() as stranger:
        assert (await stranger.get("/search")).url.path == "/sign-in"
        assert (await stranger.post("/search", SENT)).url.path == "/sign-in"


async def test_an_open_page_watches_and_watching_is_no_use(set_up: Stage, ada: Browser) -> None:
    for path in ("/search", "/calendar/2026-11"):
        assert 'id="watch"' in await ada.page(path)
    for _ in range(3):
        set_up.clock.advance(IDLE_LIMIT_MS // 4)
        assert (await ada.get("/watch", headers=HTMX)).status == 204
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    assert (await ada.get("/watch", headers=HTMX)).headers["HX-Redirect"] == "/"
    await ada.sign_in()
    opened = next(iter(set_up.vaults._open.values()))
    before = dict(opened.used_ms)
    set_up.clock.advance(1_000)
    await ada.get("/watch", headers=HTMX)
    assert opened.used_ms == before


async def test_a_full_disk_keeps_nobody_from_searching(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    disk.make_room()
    async with stage(disk.path) as set_up, set_up.browser() as ada:
        await set_up.person("Ada")
        await ada.sign_in()
        await write(set_up, ada, "the first snow")
        assert results(await (await ada.post("/search", SENT, headers=HTMX)).text())
        disk.leave(0)
        answer = await ada.post("/search", SENT | {"query": "first"}, headers=HTMX)
        assert results(await answer.text()) == ["the <mark>first</mark> snow"]
        disk.make_room()
        assert "What was searched for is not kept" in caplog.text
        assert "first" not in caplog.text
