"""What opens over a page: every key on one page, and a field for today wherever one is."""

import pytest
from playwright.async_api import FrameLocator, expect

from tests.e2e.tab import STORED, Tab, check
from tests.llama.panel.stage import PASSWORD, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _over(ada: Tab) -> FrameLocator:
    return ada.page.frame_locator("dialog.overlay iframe")


async def _texts(set_up: Stage) -> list[str]:
    journal = set_up.vaults.journal(await set_up.vaults.unlock("Ada", PASSWORD))
    return [entry.text for entry in await journal.on_day(set_up.today)]


async def test_single_keys_lead_about(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await expect(page.locator("#words")).to_be_focused()
    await page.keyboard.type("t/cr")
    await ada.field_is("t/cr")
    await page.fill("#words", "")
    await page.keyboard.press("Escape")
    await page.keyboard.press("n")
    await expect(page.locator("#words")).to_be_focused()
    for key, address in (
        ("c", f"**/calendar/{set_up.today.isoformat()[:7]}"),
        ("r", "**/traces"),
        ("/", "**/search"),
    ):
        await page.keyboard.press("Escape")
        await page.evaluate("document.activeElement.blur()")
        await page.keyboard.press(key)
        await page.wait_for_url(address)
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("t")
    await page.wait_for_url(f"**/day/{set_up.today}")
    await page.keyboard.press("Escape")
    await page.keyboard.press("ArrowLeft")
    await page.wait_for_url("**/day/2026-11-01")
    assert ada.violations() == []


async def test_single_keys_can_be_turned_off(ada: Tab) -> None:
    page = ada.page
    await ada.open("settings")
    await page.uncheck("[name=single_keys]")
    await page.click("form.form .primary")
    await expect(page.locator(".notice-calm")).to_be_visible()
    await page.keyboard.press("t")
    await page.keyboard.press("?")
    await expect(page.locator("dialog.overlay")).not_to_be_visible()
    await page.click("nav >> text=Keys and signs")
    await expect(page.locator(".lead")).to_contain_text("turned single keys off")
    await expect(page.get_by_role("rowheader", name="Esc")).to_have_count(0)


async def test_every_key_stands_over_the_page(ada: Tab) -> None:
    page = ada.page
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(_over(ada).get_by_role("heading", level=1)).to_have_text("Keys and signs")
    await expect(_over(ada).locator(".bar")).not_to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog.overlay")).not_to_be_visible()
    await ada.open("help")
    await check(ada, "help")
    assert ada.violations() == []


async def test_something_is_jotted_down_wherever_one_is(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await ada.open("search")
    await page.fill("#query", "snow")
    await page.get_by_role("link", name="Jot something down").click()
    words = _over(ada).locator("#words")
    await expect(words).to_be_focused()
    await page.keyboard.type("The post came at last.")
    await page.keyboard.press("Enter")
    await expect(_over(ada).locator(".notice-calm")).to_contain_text("Kept.")
    await expect(words).to_have_value("")
    assert await _texts(set_up) == ["The post came at last."]
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog.overlay")).not_to_be_visible()
    await expect(page.locator("#query")).to_have_value("snow"), "the page beneath is as it was"

    # What is not sent waits for the next time, also on the day's own page.
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("n")
    await expect(words).to_be_focused()
    await page.keyboard.type("And a letter")
    await page.get_by_role("button", name="Close").click()
    await expect(page.locator("dialog.overlay iframe")).to_have_count(0)
    await page.get_by_role("link", name="Jot something down").click()
    await expect(words).to_have_value("And a letter")
    await _over(ada).locator(".primary").click()
    await _over(ada).get_by_role("link", name="Open this day").click()
    await page.wait_for_url(f"**/day/{set_up.today}")
    await ada.entries("The post came at last.", "And a letter")
    assert ada.violations() == []
    assert await page.evaluate(STORED) == []


async def test_a_jot_at_a_vault_that_locked_is_sealed(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await ada.open("jot")
    await check(ada, "jot")
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    await page.fill("#words", "Behind the door.")
    await page.click("#composer .primary")
    await expect(page.locator(".door")).to_be_visible()
    await page.fill("#door-secret", PASSWORD)
    await page.press("#door-secret", "Enter")
    await expect(page.locator(".door")).to_have_count(0)
    assert await _texts(set_up) == ["Behind the door."]
    assert ada.violations() == []
