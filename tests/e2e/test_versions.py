"""What an entry said before, in a browser: seen, taken back, never lost to another window."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.tab import Tab, check, tab
from tests.llama.panel.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _changed(opened: Tab, *texts: str) -> None:
    """An entry that has said all of these, changed in the panel each time."""
    await opened.write(texts[0])
    for text in texts[1:]:
        await _change(opened, text)


async def _change(opened: Tab, text: str) -> None:
    page = opened.page
    await page.click(".entry .menu summary")
    await page.get_by_role("link", name="Change", exact=True).click()
    await page.fill("#words", text)
    await page.click("#composer .primary")
    await expect(page.locator(".entry-text").first).to_have_text(text)


async def test_an_earlier_text_is_seen_and_taken_back_by_keyboard(ada: Tab) -> None:
    page = ada.page
    await _changed(ada, "The first snw fell.", "The first snow fell.", "The first snow melted.")
    await page.get_by_role("link", name="changed").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".entry-text").first).to_have_text("The first snow melted.")
    newest, first = page.locator(".version").first, page.locator(".version").last
    await expect(newest.locator("del")).to_contain_text("fell")
    await expect(newest.locator("ins")).to_contain_text("melted")
    await expect(first.locator("del")).to_contain_text("snw")
    await expect(first.locator(".entry-text")).to_be_hidden()
    await first.locator("summary").press("Enter")
    await expect(first.locator(".entry-text")).to_have_text("The first snw fell.")
    await first.get_by_role("button", name="Take this text back").press("Enter")
    await ada.entries("The first snw fell.")
    await page.get_by_role("link", name="changed").click()
    await expect(page.locator(".version")).to_have_count(3)
    await expect(page.locator(".version ins").first).to_contain_text("snw fell")
    assert ada.violations() == []


async def test_what_another_window_wrote_meanwhile_is_said_and_kept(
    ada: Tab, chromium: Browser
) -> None:
    page = ada.page
    await _changed(ada, "one", "two")
    await page.get_by_role("link", name="changed").click()
    other = Tab(await page.context.new_page(), ada.url)
    await other.open()
    await _change(other, "three")
    await page.get_by_role("button", name="Take this text back").click()
    await expect(page.get_by_role("alert")).to_contain_text("nothing was taken back")
    await expect(page.locator(".entry-text").first).to_have_text("three")
    await expect(page.locator(".version")).to_have_count(2)
    await check(ada, "not taken back")
    await page.get_by_role("button", name="Take this text back").last.click()
    await ada.entries("one")


async def test_two_windows_that_change_an_entry_keep_both_and_the_later_says_so(ada: Tab) -> None:
    page = ada.page
    await ada.write("one")
    await page.click(".entry .menu summary")
    await page.get_by_role("link", name="Change", exact=True).click()
    other = Tab(await page.context.new_page(), ada.url)
    await other.open()
    await _change(other, "there")
    await page.fill("#words", "here")
    await page.click("#composer .primary")
    await expect(page.get_by_role("alert")).to_contain_text("Your words stand in it now")
    await expect(page.locator(".entry-text").first).to_have_text("here")
    await expect(page.locator(".version del").first).to_contain_text("there")
    await page.get_by_role("link", name="Back to").click()
    await ada.entries("here")
    await ada.field_is("")


async def test_everybody_can_read_the_versions(chromium: Browser, set_up: Stage) -> None:
    opening = await set_up.person("Ada")
    journal = set_up.vaults.journal(opening)
    entry = await journal.add(set_up.today, "A walk. " * 60)
    assert entry
    for text in (
        "A walk. " * 40 + "And rain. " * 9,
        "x" * 400,
        "# Snow\n\n- shovel\n- tea\n\n" + "It fell all day. " * 300,
        "# Snow\n\n- shovel\n- milk\n\n" + "It fell all day. " * 300,
    ):
        set_up.clock.advance(60_000)
        await journal.change(entry.id, set_up.today, text)
    async with tab(chromium, set_up) as opened:
        await opened.sign_in()
        await opened.open(f"entry/{entry.id}/versions")
        await expect(opened.page.locator(".version")).to_have_count(4)
        await check(opened, "versions")
        for fold in await opened.page.locator(".version-whole summary").all():
            await fold.click()
        await check(opened, "versions, unfolded")
        assert opened.violations() == []
