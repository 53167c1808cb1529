"""What the house noticed, on the page of the day it noticed it."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.tab import Tab, check
from tests.llama.panel.house import notice
from tests.llama.panel.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

SENTENCE = "CO₂ is 1,840 ppm. It is usually between 420 and 1,100 ppm."


async def test_a_past_day_shows_what_was_noticed_then(
    ada: Tab, set_up: Stage, tmp_path: Path
) -> None:
    page, past = ada.page, set_up.today
    await notice(set_up, tmp_path / "node", 6, set_up.clock, SENTENCE)
    set_up.clock.advance(24 * 60 * 60_000)
    await ada.sign_in()
    house = page.get_by_role("complementary", name="The house noticed")
    await expect(page.locator("#house")).not_to_contain_text("CO₂")
    await page.click(".day-head [rel=prev]")
    await expect(house.locator("time").first).to_have_text("01:06")
    await expect(house.get_by_text(SENTENCE).locator("visible=true")).to_have_count(5)
    await page.get_by_text("1 more").click()
    await expect(house.get_by_text(SENTENCE).locator("visible=true")).to_have_count(6)
    await check(ada, "a past day")
    await page.click(".day-head [rel=prev]")
    await page.wait_for_url(f"**/{past - timedelta(days=1)}")
    await expect(page.locator("#house")).not_to_contain_text("CO₂")


async def test_no_line_ends_between_a_number_and_its_unit(
    ada: Tab, set_up: Stage, tmp_path: Path
) -> None:
    page = ada.page
    await notice(set_up, tmp_path / "node", 1, set_up.clock, SENTENCE)
    await ada.open()
    apart = await page.locator("#house li span").evaluate(
        """(span) => {
            span.style.display = "block";
            const text = span.firstChild;
            const range = document.createRange();
            let apart = 0;
            for (let width = 60; width < 300; width += 3) {
                span.style.inlineSize = `${width}px`;
                for (const { index } of text.data.matchAll(/\\d\\sppm/g)) {
                    range.setStart(text, index);
                    range.setEnd(text, index + 5);
                    apart += new Set([...range.getClientRects()].map(({ top }) => top)).size - 1;
                }
            }
            return apart;
        }"""
    )
    assert apart == 0
