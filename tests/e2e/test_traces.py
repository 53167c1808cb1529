"""Traces by hand: what is said of a wrong one, and what is large enough to touch."""

import pytest
from playwright.async_api import expect

from tests.e2e.tab import Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_was_wrong_with_a_trace_is_not_said_of_the_next(ada: Tab) -> None:
    page = ada.page
    await ada.write("A walk.")
    await page.locator(".trace-add summary").click()
    field = page.locator(".trace-field input")
    await field.fill("x" * 41)
    await field.press("Enter")
    await expect(page.locator("#notice")).to_contain_text("at most 40 characters")
    await field.fill("sea")
    await field.press("Enter")
    await expect(page.locator(".chip a")).to_have_text("sea")
    await expect(page.locator("#notice")).to_be_empty()


async def test_the_days_of_a_trace_are_large_enough_to_touch(ada: Tab) -> None:
    page = ada.page
    await ada.write("A walk.")
    await page.locator(".trace-add summary").click()
    await page.locator(".trace-field input").fill("sea")
    await page.keyboard.press("Enter")
    await page.click(".chip a")
    for way in (".traced-day > h3 a", ".traced-day .entry-when a"):
        box = await page.locator(way).bounding_box()
        assert box
        assert box["height"] >= 24, way


async def test_an_entrys_own_heading_looks_as_on_its_day(ada: Tab) -> None:
    page = ada.page
    await ada.write("# Market")
    looks = """heading => {
        const {fontSize, fontWeight, paddingTop} = getComputedStyle(heading);
        return [fontSize, fontWeight, paddingTop];
    }"""
    heading = page.locator(".entry-text h3")
    on_its_day = await heading.evaluate(looks)
    await page.locator(".trace-add summary").click()
    await page.locator(".trace-field input").fill("sea")
    await page.keyboard.press("Enter")
    await page.click(".chip a")
    await expect(page.locator(".traced-day")).to_be_visible()
    assert await heading.evaluate(looks) == on_its_day
