"""What a person chooses, in a real browser."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.tab import Tab, check, tab
from tests.llama.panel.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAPER = "getComputedStyle(document.documentElement).backgroundColor"
LIGHT, DARK = "rgb(250, 246, 238)", "rgb(27, 25, 22)"


async def choose(opened: Tab, **choices: str) -> None:
    await opened.open("settings")
    for name, value in choices.items():
        await opened.page.select_option(f"#{name}", value)
    await opened.page.click("form.form .primary")
    await expect(opened.page.locator(".notice-calm")).to_be_visible()


@pytest.mark.parametrize("device", ["light", "dark"])
async def test_the_theme_is_the_devices_or_the_chosen_one(
    chromium: Browser, set_up: Stage, device: str
) -> None:
    await set_up.person("Ada")
    async with tab(chromium, set_up, color_scheme=device) as opened:
        await opened.sign_in()
        paper = {"light": LIGHT, "dark": DARK}
        assert await opened.page.evaluate(PAPER) == paper[device]
        for theme in ("light", "dark"):
            await choose(opened, theme=theme)
            assert await opened.page.evaluate(PAPER) == paper[theme]
        await choose(opened, theme="system")
        assert await opened.page.evaluate(PAPER) == paper[device]
        assert opened.violations() == []


async def test_enter_breaks_the_line_where_that_is_chosen(ada: Tab) -> None:
    page = ada.page
    await ada.open("settings")
    await page.uncheck("[name=enter_sends]")
    await page.click("form.form .primary")
    await expect(page.locator(".notice-calm")).to_be_visible()
    await ada.open()
    await expect(page.locator("#composer-hint")).to_contain_text("Ctrl")
    await page.locator("#words").press_sequentially("one\ntwo")
    await ada.field_is("one\ntwo")
    await page.press("#words", "Control+Enter")
    await ada.entries("one\ntwo")


async def test_everybody_can_choose(chromium: Browser, set_up: Stage) -> None:
    await set_up.person("Ada")
    async with tab(chromium, set_up, viewport={"width": 390, "height": 844}) as opened:
        await opened.sign_in()
        await opened.open("settings")
        await check(opened, "settings")
        await choose(opened, text_size="larger", theme="dark")
        await check(opened, "settings, larger")
        await opened.open()
        await check(opened, "day, larger")


async def test_an_empty_day_begins_with_its_weekdays_lines(ada: Tab) -> None:
    page = ada.page
    await ada.open("weekdays")
    await page.fill("#weekday_0", "What was good today?")
    await check(ada, "weekdays")
    await page.click("form.form .primary")
    await expect(page.locator(".notice-calm")).to_be_visible()
    await ada.open()
    await expect(page.locator(".begin")).to_be_visible()
    await page.locator("#words").press_sequentially("own")
    await expect(page.locator(".begin")).not_to_be_visible()
    await page.fill("#words", "")
    await check(ada, "a day that can begin")
    await page.click(".begin a")
    await ada.field_is("What was good today?")
    await page.locator("#words").press_sequentially(" Snow.")
    await page.keyboard.press("Enter")
    await ada.entries("What was good today? Snow.")
    await expect(page.locator(".begin")).not_to_be_visible()
    assert ada.violations() == []


@pytest.mark.parametrize(("width", "size"), [(390, "larger"), (320, "normal"), (320, "larger")])
async def test_the_way_to_lock_is_on_the_screen(
    chromium: Browser, set_up: Stage, width: int, size: str
) -> None:
    await set_up.person("Ada")
    async with tab(chromium, set_up, viewport={"width": width, "height": 844}) as opened:
        await opened.sign_in()
        await choose(opened, text_size=size)
        for place in (".brand", ".bar-nav a", ".bar-lock"):
            for element in await opened.page.locator(f"{place}:visible").all():
                box = await element.bounding_box()
                assert box
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= width
                assert min(box["width"], box["height"]) >= 44
