"""Where the cursor stands after a wrong password, and the steps of a new recovery code."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.tab import Tab, tab
from tests.llama.panel.stage import PASSWORD, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _wrong_then_right(page: Page, field: str) -> None:
    """What is typed after a refusal stands in the place of what was wrong."""
    await page.fill(field, "wrong")
    await page.press(field, "Enter")
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.locator(field)).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await expect(page.locator(field)).to_have_value(PASSWORD)
    await page.keyboard.press("Enter")


async def test_a_wrong_password_is_typed_again_where_it_stands(
    chromium: Browser, set_up: Stage
) -> None:
    opening = await set_up.person("Ada")
    async with tab(chromium, set_up) as opened:
        page = opened.page
        await opened.open("sign-in")
        await page.fill("#name", "Ada")
        await _wrong_then_right(page, "#secret")
        await expect(page.locator("#words")).to_be_visible()
        await page.fill("#words", "half a tho")
        await opened.status("Draft saved")

        await set_up.vaults.lock(opening.person.id)
        await page.reload()
        await _wrong_then_right(page, "#door-secret")
        await opened.field_is("half a tho")

        await opened.open("keys")
        await page.click("#code-fold summary")
        await _wrong_then_right(page, "#code-secret")
        await page.wait_for_url("**/keys/code")
        assert opened.violations() == []


async def test_the_steps_to_a_new_recovery_code_are_counted(ada: Tab) -> None:
    page = ada.page
    await ada.open("keys")
    await page.click("#code-fold summary")
    await page.fill("#code-secret", PASSWORD)
    await page.press("#code-secret", "Enter")
    await page.wait_for_url("**/keys/code")
    await expect(page.locator(".kicker")).to_have_text("Step 1 of 2")
    await page.click("a.primary")
    await expect(page.locator(".kicker")).to_have_text("Step 2 of 2")
