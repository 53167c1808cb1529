"""AI switched off by a person, and by the house, in a real browser."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from herdbook.embedding.embedder import Embedder
from herdbook.embedding.model import Model
from tests.e2e.tab import Tab, check, tab
from tests.llama.panel.stage import Stage, stage
from tests.model import embedder as embedder

pytestmark = pytest.mark.asyncio(loop_scope="module")

CAT = "Took Minka to the vet, she has not eaten for two days."


async def somebody_with_a_cat(set_up: Stage) -> None:
    journal = set_up.vaults.journal(await set_up.person("Ada"))
    await journal.add(set_up.today, CAT)


async def switch(page: Page, *, on: bool) -> None:
    await page.get_by_label("Use AI").set_checked(on)
    await page.click("form.form .primary")
    await expect(page.locator(".notice-calm")).to_be_visible()
    await expect(page.get_by_label("Use AI")).to_be_checked(checked=on)


async def search(opened: Tab, typed: str) -> None:
    await opened.open("search")
    await opened.page.fill("#query", typed)


async def test_a_person_switches_it_off_and_on_again(
    chromium: Browser, tmp_path: Path, embedder: Embedder
) -> None:
    model = Model()
    model.embedder, model.state = embedder, "ready"
    async with stage(tmp_path, model=model) as set_up, tab(chromium, set_up) as opened:
        await somebody_with_a_cat(set_up)
        page = opened.page
        await opened.sign_in()
        await opened.open("settings")
        await expect(page.locator(".meaning-state")).to_contain_text("Your one entry can be found")
        await switch(page, on=False)
        await expect(page.locator("#meaning")).to_have_count(0)
        await check(opened, "settings, AI off")
        await search(opened, "our pet was ill")
        await expect(page.locator(".empty")).to_be_visible()
        await expect(page.locator(".found-note")).to_have_text("Search goes by words.")
        await check(opened, "search, AI off")
        await page.fill("#query", "minka")
        await expect(page.locator(".result mark")).to_have_text(["Minka"])
        await expect(page.locator(".found-note")).to_have_text("Search goes by words.")
        await opened.open("settings")
        await switch(page, on=True)
        await expect(page.locator(".meaning-state")).to_contain_text("Your one entry can be found")
        await search(opened, "our pet was ill")
        await expect(page.locator(".result-meaning")).to_have_text("by meaning")
        await expect(page.locator(".found-note")).to_have_count(0)
        assert opened.violations() == []


async def test_a_page_that_shows_how_far_it_is_stops_where_it_was_switched_off(
    chromium: Browser, tmp_path: Path
) -> None:
    """In another tab; what was chosen on this one and not saved yet stays."""
    waits = Model()
    waits.state = "loading"
    async with stage(tmp_path, model=waits) as set_up, tab(chromium, set_up) as opened:
        await somebody_with_a_cat(set_up)
        await opened.sign_in()
        await opened.open("settings")
        left = opened.page
        await expect(left.locator(".meaning-state")).to_contain_text("being loaded")
        await left.select_option("#theme", "dark")
        page = await left.context.new_page()
        await page.goto(f"{opened.url}settings")
        await switch(page, on=False)
        await expect(left.locator("#meaning")).to_have_count(0)
        await expect(left.locator("#theme")).to_have_value("dark")
        assert opened.violations() == []


async def test_the_house_has_it_off(chromium: Browser, tmp_path: Path) -> None:
    async with (
        stage(tmp_path, model=Model(off=True)) as set_up,
        tab(chromium, set_up) as opened,
    ):
        await somebody_with_a_cat(set_up)
        page = opened.page
        await opened.sign_in()
        await opened.open("settings")
        await expect(page.get_by_text("AI is switched off for this house.")).to_be_visible()
        await expect(page.get_by_label("Use AI")).to_have_count(0)
        await expect(page.locator("#meaning")).to_have_count(0)
        await check(opened, "settings, no AI in the house")
        await search(opened, "our pet was ill")
        await expect(page.locator(".found-note")).to_have_text("Search goes by words.")
        await check(opened, "search, no AI in the house")
        assert opened.violations() == []
