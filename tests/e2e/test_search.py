"""Searching in a real browser: while one types, and back again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error, Route, expect

from demo.minilm import minilm
from herdbook.embedding.embedder import Embedder
from herdbook.embedding.model import Model
from herdbook.embedding.pieces import Span
from herdbook.journal.search import PAGE
from tests.e2e.tab import STORED, Tab, check, tab
from tests.llama.panel.stage import PASSWORD, Stage, stage
from tests.model import embedder as embedder

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def write_much(set_up: Stage) -> None:
    """Two pages of snow, a day apart, and a long entry far back."""
    journal = set_up.vaults.journal(await set_up.vaults.unlock("Ada", PASSWORD))
    for number in range(PAGE + 5):
        await journal.add(set_up.today - timedelta(days=number + 1), f"Snow, day {number}.")
    long = "\n\n".join(["A line of a long letter."] * 60)
    day = set_up.today - timedelta(days=400)
    await journal.add(day, f"{long}\n\nIn the end a marmalade recipe.")


async def test_search_finds_while_one_types_and_jumps_to_the_entry(ada: Tab, set_up: Stage) -> None:
    await write_much(set_up)
    page = ada.page
    await page.click(".bar-nav a:has-text('Search')")
    await expect(page.locator("#query")).to_be_focused()
    await page.keyboard.type("marmal")
    await expect(page.locator(".result mark")).to_have_text(["marmalade"])
    await page.click(".result a")
    entry = page.locator(".entry:target")
    await expect(entry).to_contain_text("marmalade recipe")
    ends = await entry.locator("p", has_text="marmalade").bounding_box()
    assert ends, "what was folded is not folded where a search leads"
    await page.go_back()
    await expect(page.locator("#query")).to_have_value("marmal")
    await expect(page.locator(".result mark")).to_have_text(["marmalade"])
    assert [address for address in ada.addresses if "marmal" in address] == []
    assert await page.evaluate(STORED) == []
    assert ada.violations() == []


async def test_more_comes_while_one_scrolls(ada: Tab, set_up: Stage) -> None:
    await write_much(set_up)
    page = ada.page
    await ada.open("search")
    await page.keyboard.type("snow")
    await expect(page.locator(".result")).to_have_count(PAGE)
    await expect(page.locator(".found-head [role=status]")).to_have_text(f"{PAGE + 5} entries")
    await page.locator(".more").scroll_into_view_if_needed()
    await expect(page.locator(".result")).to_have_count(PAGE + 5)
    await expect(page.locator(".more")).to_have_count(0)
    assert ada.violations() == []


async def test_the_last_answer_is_the_last_questions(ada: Tab, set_up: Stage) -> None:
    """However slowly the one before is answered."""
    await write_much(set_up)
    page = ada.page
    await ada.open("search")
    held: list[Route] = []
    asked = asyncio.Event()

    async def hold_the_first(route: Route) -> None:
        if asked.is_set():
            await route.continue_()
        else:
            held.append(route)
            asked.set()

    await page.route("**/search", hold_the_first)
    await page.fill("#query", "marmalade")
    await asked.wait()
    await page.fill("#query", "snow")
    await expect(page.locator(".result")).to_have_count(PAGE)
    with suppress(Error):  # taken back, as it should be
        await held[0].continue_()
    await page.unroute("**/search")
    await expect(page.locator(".result")).to_have_count(PAGE)


async def test_a_search_page_left_open_closes_with_its_vault(ada: Tab, set_up: Stage) -> None:
    await write_much(set_up)
    page = ada.page
    await ada.open("search")
    await page.keyboard.type("marmalade")
    await expect(page.locator(".result")).to_have_count(1)
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page.locator("#door-title")).to_be_visible()
    assert "marmalade" not in await page.content()


async def test_without_scripts_search_works(chromium: Browser, set_up: Stage) -> None:
    await set_up.person("Ada")
    await write_much(set_up)
    async with tab(chromium, set_up, java_script_enabled=False) as opened:
        page = opened.page
        await opened.sign_in()
        await opened.open("search")
        await page.fill("#query", "snow")
        await page.press("#query", "Enter")
        await expect(page.locator(".result")).to_have_count(PAGE)
        await page.click(".more button")
        await expect(page.locator(".result")).to_have_count(5)
        assert opened.page.url.endswith("/search")


async def test_everybody_can_search(chromium: Browser, set_up: Stage) -> None:
    await set_up.person("Ada")
    await write_much(set_up)
    async with tab(chromium, set_up, viewport={"width": 390, "height": 844}) as opened:
        page = opened.page
        await opened.sign_in()
        await opened.open("search")
        await check(opened, "search")
        await page.fill("#query", "snow before:soon")
        await page.press("#query", "Enter")
        await expect(page.locator(".result")).not_to_have_count(0)
        await check(opened, "found")
        await page.fill("#query", "nothing of this")
        await expect(page.locator(".empty")).to_be_visible()
        await check(opened, "nothing found")
        await page.fill("#query", "")
        await expect(page.locator(".recent-search")).to_have_count(1)
        await check(opened, "recent searches")


CAT = "Took Minka to the vet, she has not eaten for two days."


@asynccontextmanager
async def by_meaning(tmp_path: Path) -> AsyncIterator[Stage]:
    """A panel with the real model, and somebody with a cat."""
    model = Model(minilm())
    await model.load()
    async with stage(tmp_path, model=model) as set_up:
        journal = set_up.vaults.journal(await set_up.person("Ada"))
        for number, text in enumerate((CAT, "The boiler shows F28.", "Nine jars of jam.")):
            await journal.add(set_up.today - timedelta(days=number), text)
        yield set_up
    await model.close()


async def test_an_entry_is_found_by_what_it_is_about(chromium: Browser, tmp_path: Path) -> None:
    """Without a word in common, and shown as such; the settings say how far that has come."""
    async with by_meaning(tmp_path) as set_up, tab(chromium, set_up) as opened:
        page = opened.page
        await opened.sign_in()
        await opened.open("settings")
        await expect(page.locator(".meaning-state")).to_contain_text("All 3 entries")
        await opened.open("search")
        await page.keyboard.type("our pet was ill")
        first = page.locator(".result").first
        await expect(first.locator(".result-text")).to_have_text(CAT)
        await expect(first.locator(".result-meaning")).to_have_text("by meaning")
        await expect(first.locator("mark")).to_have_count(0)
        await check(opened, "found by meaning")
        await page.fill("#query", "minka")
        await expect(first.locator("mark")).to_have_text(["Minka"])
        await expect(first.locator(".result-meaning")).to_have_count(0)
        await first.locator("a").click()
        await expect(page.locator(".entry:target")).to_contain_text(CAT)
        assert opened.violations() == []


async def test_the_bar_in_the_settings_goes_on(
    chromium: Browser, tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()
    pieces = embedder.pieces

    async def wait(text: str) -> list[Span]:
        await go_on.wait()
        return await pieces(text)

    monkeypatch.setattr(embedder, "pieces", wait)
    model = Model()
    model.embedder, model.state = embedder, "ready"
    async with stage(tmp_path, model=model) as set_up, tab(chromium, set_up) as opened:
        journal = set_up.vaults.journal(await set_up.person("Ada"))
        await journal.add(set_up.today, CAT)
        page = opened.page
        await opened.sign_in()
        await opened.open("settings")
        await expect(page.locator(".meaning-state progress")).to_have_attribute("value", "0")
        await check(opened, "looking through")
        go_on.set()
        await expect(page.locator(".meaning-state")).to_contain_text("Your one entry can be found")
        await expect(page.locator(".meaning-state progress")).to_have_count(0)
        assert opened.violations() == []


async def test_search_by_words_alone_says_so(ada: Tab, set_up: Stage) -> None:
    await write_much(set_up)
    page = ada.page
    await ada.open("search")
    await expect(page.locator(".found-note")).to_contain_text("Search goes by words")
    await page.keyboard.type("snow")
    await expect(page.locator(".result")).to_have_count(PAGE)
    await expect(page.locator(".found-note")).to_contain_text("none is named")
    await check(ada, "by words alone")
    await page.click(".found-note a")
    await expect(page.locator("#meaning")).to_be_in_viewport()
    await expect(page.locator(".meaning-state")).to_contain_text("No model is named")
    assert ada.violations() == []
