"""Searching the house in a real browser: from the herd's page to a chart, and back again."""

import pytest
from playwright.async_api import expect

from tests.e2e.tab import STORED, Tab, check
from tests.house.household import noticed
from tests.llama.panel.herd_stage import herd_of
from tests.llama.panel.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

WARM = "Room temperature is 23.5 °C. It is usually between 19 and 22 °C."


async def test_what_the_house_noticed_leads_to_its_chart(ada: Tab, set_up: Stage) -> None:
    hallway, _ = await herd_of(set_up)
    yesterday = set_up.clock.wall_ms() - 86_400_000
    await hallway.tell(
        noticed(hallway, WARM, "room_temperature", "Room temperature", wall_ms=yesterday)
    )
    page = ada.page
    await ada.open("herd")
    await page.fill("#query", "warmly hallway temperat")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/herd/recall")
    found = page.locator("#found")
    await expect(found).to_contain_text("Room temperature is 23.5")
    await page.fill("#query", "zebras")
    await expect(found).to_contain_text("Nothing found.")
    await check(ada, "nothing found in the house")
    await page.fill("#query", "hallway temperat")
    await expect(found).to_contain_text("Room temperature is 23.5")
    await page.get_by_text("Narrow it down").click()
    await check(ada, "found in the house, narrowed")
    await page.get_by_label("Node").select_option("Attic")
    await expect(found).to_contain_text("Nothing found.")
    await page.get_by_label("Node").select_option("Every node")
    await page.get_by_role("link", name="Room temperature on").click()
    await expect(page.get_by_role("img").locator("visible=true")).to_have_count(1)
    await expect(page.get_by_role("link", name="The day after")).to_be_visible()
    await check(ada, "a sensor's chart of a day")
    await page.go_back()
    await expect(page.locator("#query")).to_have_value("hallway temperat")
    await expect(found).to_contain_text("Room temperature is 23.5")
    assert [address for address in ada.addresses if "temperat" in address.lower()] == []
    assert await page.evaluate(STORED) == []
    assert ada.violations() == []
