"""A Llama that is killed while somebody types takes no word along."""

from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from demo.folder import Folder
from demo.herdbook import Llama
from demo.ports import free_port
from herdbook.clock import SystemClock
from herdbook.llama.vaults import Vaults
from tests.e2e.tab import Tab
from tests.llama.panel.stage import FAST, PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def llama(tmp_path: Path) -> AsyncIterator[Llama]:
    """One in a process of its own, where Ada has a vault."""
    with Folder(tmp_path) as folder:
        made = Llama(folder, broker_port=free_port(), panel_port=free_port(), api_port=free_port())
        vaults = Vaults(made.data, SystemClock(), UTC, FAST)
        creation = await vaults.creations.begin("Ada", PASSWORD)
        await vaults.finish_creation(creation.token, creation.recovery_code)
        await vaults.close()
        await made.start()
        yield made
        await made.stop()


async def test_what_is_typed_before_and_after_the_kill_is_kept(
    chromium: Browser, llama: Llama
) -> None:
    context = await chromium.new_context(locale="en-GB")
    tab = Tab(await context.new_page(), llama.panel_url)
    page = tab.page
    await tab.sign_in()
    await tab.write("An entry of before.")
    await page.locator("#words").press_sequentially("Before the kill")
    await tab.status("Draft saved")
    await llama.process.kill()
    await page.locator("#words").press_sequentially(" and after it")
    await expect(page.locator("#status")).to_contain_text("Your words are still here")
    await page.locator("#words").press_sequentially(", with nobody there.")

    other = await chromium.new_context(locale="en-GB")
    await llama.start()
    elsewhere = Tab(await other.new_page(), llama.panel_url)
    await elsewhere.sign_in()
    await elsewhere.entries("An entry of before.")
    await elsewhere.field_is("Before the kill")
    await other.close()

    await expect(page.locator("#door-title")).to_have_text("You are signed out", timeout=20_000)
    await tab.field_is("Before the kill and after it, with nobody there.")
    await page.fill("#door-secret", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#door-title")).to_have_count(0)
    await tab.field_is("Before the kill and after it, with nobody there.")
    await page.click("#composer .primary")
    await tab.entries("An entry of before.", "Before the kill and after it, with nobody there.")
    await context.close()
