"""A page whose vault has closed under it: what it still shows, and what it says."""

import pytest
from playwright.async_api import Dialog, expect

from tests.e2e.tab import Tab
from tests.llama.panel.stage import PASSWORD, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_which_other_years_were_written_on_goes_with_the_entries(
    ada: Tab, set_up: Stage
) -> None:
    journal = set_up.vaults.journal(await set_up.vaults.unlock("Ada", PASSWORD))
    await journal.add(set_up.today.replace(year=set_up.today.year - 1), "A year ago.")
    await ada.open()
    await expect(ada.page.get_by_text("On this day")).to_be_visible()
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    await ada.page.locator("#words").press_sequentially("a thought")
    await expect(ada.page.locator("#door-title")).to_have_text("Your vault is locked")
    await expect(ada.page.locator(".same-days")).to_have_count(0)


async def test_who_is_signed_out_is_not_told_to_send_and_is_led_to_the_door(ada: Tab) -> None:
    page = ada.page
    await page.context.clear_cookies()
    await page.locator("#words").press_sequentially("still here")
    await expect(page.locator("#door-title")).to_have_text("You are signed out")
    told = "Not saved: you are signed out. Your words stay here while you sign in above."
    await ada.status(told)
    await page.locator("#words").press_sequentially(", and more")
    await ada.status(told)
    await page.keyboard.press("Enter")
    await expect(page.locator("#door-secret")).to_be_focused()
    await ada.status(told)
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#door-title")).to_have_count(0)
    await ada.field_is("still here, and more")
    await ada.status("Draft saved")


async def test_words_that_nothing_keeps_are_not_left_without_a_question(ada: Tab) -> None:
    page, asked = ada.page, []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await page.context.clear_cookies()
    await page.locator("#words").press_sequentially("kept by nobody")
    await expect(page.locator("#door-title")).to_have_text("You are signed out")
    await page.close(run_before_unload=True)
    await expect(page.locator("#words")).to_have_value("kept by nobody")
    assert asked == ["beforeunload"]


async def test_words_that_are_kept_are_left_without_a_question(ada: Tab) -> None:
    page, asked = ada.page, []
    page.on("dialog", lambda dialog: asked.append(dialog.type))
    await page.locator("#words").press_sequentially("kept")
    await ada.status("Draft saved")
    await page.locator("#words").press_sequentially(" by the vault")
    await ada.open()
    await ada.field_is("kept by the vault")
    assert asked == []
