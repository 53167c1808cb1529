"""Days on paper, as a real browser lays them out."""

import pytest
from playwright.async_api import expect

from tests.e2e.tab import Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUT_OFF = """() => [...document.querySelectorAll(".entry-text *")]
    .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
    .map((element) => element.tagName)"""


async def test_paper_shows_all_of_what_scrolls_on_a_screen(ada: Tab) -> None:
    words = "a line of code that goes on and on " * 12
    table = f"| what | {'price' * 40} |\n|--|--|\n| quinces | 6.40 |"
    await ada.write(f"```\n{words}\n```\n\n{table}")
    await ada.open("print")
    await expect(ada.page.locator("pre")).to_be_visible()
    assert "PRE" in await ada.page.evaluate(CUT_OFF), "on a screen it scrolls"
    await ada.page.emulate_media(media="print")
    assert await ada.page.evaluate(CUT_OFF) == []
