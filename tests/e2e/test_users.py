"""The panel in Home Assistant's frame: whoever asks, and however the path is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Frame, expect

from tests.e2e.pages import CUT_OFF, every_page
from tests.e2e.supervisor import PATH, Ingress, ingress
from tests.e2e.tab import STORED, Tab
from tests.llama.panel.stage import PASSWORD, Stage, stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAPER = "getComputedStyle(document.documentElement).backgroundColor"
LIGHT, DARK = "rgb(250, 246, 238)", "rgb(27, 25, 22)"
ADA, BEN = "a" * 32, "b" * 32


@pytest_asyncio.fixture(loop_scope="module")
async def set_up(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path, supervisor="127.0.0.1") as made:
        await made.person("Ada")
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def home(set_up: Stage) -> AsyncIterator[Ingress]:
    async with ingress(set_up, ADA) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def ada(chromium: Browser, home: Ingress) -> AsyncIterator[Tab]:
    async with adas_tab(chromium, home) as opened:
        yield opened


@asynccontextmanager
async def adas_tab(chromium: Browser, home: Ingress) -> AsyncIterator[Tab]:
    """Ada's tab at Home Assistant, signed in."""
    context = await chromium.new_context(locale="en-GB")
    context.set_default_timeout(10_000)
    page = await context.new_page()
    opened = Tab(page, f"{home.url}{PATH}/")
    page.on("console", lambda message: opened.console.append(message.text))
    page.on("request", lambda request: opened.addresses.append(request.url))
    await opened.open("sign-in")
    await page.fill("#name", "Ada")
    await page.fill("#secret", PASSWORD)
    await page.press("#secret", "Enter")
    await expect(page.locator("#words")).to_be_visible()
    yield opened
    await context.close()


async def test_a_journal_is_kept_in_home_assistants_frame(ada: Tab, home: Ingress) -> None:
    page = ada.page
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(f"{home.url}/")
    frame: Frame = page.frames[1]
    await frame.fill("#words", "From the dashboard.")
    await frame.click("#composer .primary")
    await expect(frame.locator(".entry-text")).to_have_text("From the dashboard.")
    assert await frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await frame.click("nav >> text=Settings")
    await expect(frame.locator("h1")).to_have_text("Settings")
    outside = [one for one in ada.addresses if not one.startswith(f"{home.url}{PATH}/")]
    assert set(outside) <= {f"{home.url}/", f"{home.url}/favicon.ico"}
    assert await page.evaluate(STORED) == []
    assert ada.violations() == []


async def test_every_page_is_whole_in_a_frame_of_any_width_in_either_light(
    chromium: Browser, tmp_path: Path
) -> None:
    async with stage(tmp_path, supervisor="127.0.0.1") as set_up:
        paths = await every_page(set_up)
        async with ingress(set_up, ADA) as home, adas_tab(chromium, home) as opened:
            page = opened.page
            for width in (390, 1440):
                await page.set_viewport_size({"width": width + 40, "height": 844})
                await page.goto(f"{home.url}/?width={width}")
                frame = page.frames[1]
                for name, path in paths.items():
                    await frame.goto(f"{home.url}{PATH}/{path}")
                    assert await frame.evaluate("innerWidth") == width
                    for scheme, paper in (("light", LIGHT), ("dark", DARK)):
                        await page.emulate_media(color_scheme=scheme)
                        assert await frame.evaluate(PAPER) == paper, (name, width)
                        assert await frame.evaluate(CUT_OFF) == [], (name, width, scheme)
            outside = [one for one in opened.addresses if not one.startswith(f"{home.url}{PATH}/")]
            assert {one.partition("?")[0] for one in outside} <= {
                f"{home.url}/",
                f"{home.url}/favicon.ico",
            }
            assert opened.violations() == []


async def test_the_next_user_of_a_page_that_stands_open_gets_nothing(
    ada: Tab, home: Ingress
) -> None:
    page = ada.page
    await ada.write("Ada's own words.")
    await page.locator("#words").press_sequentially("half a tho")
    await ada.status("Draft saved")
    home.user_id = BEN
    await page.locator("#words").press_sequentially("ught")
    await expect(page.locator("#door-title")).to_have_text("You are signed out")
    await expect(page.locator("body")).not_to_contain_text("Ada's own words.")
    await page.reload()
    await page.wait_for_url(f"**{PATH}/**")
    for path in ("", "search", "traces", "settings"):
        await ada.open(path)
        await expect(page.locator("h1").first).to_be_visible()
        await expect(page.locator("body")).not_to_contain_text("Ada's own words.")
        await expect(page.locator("body")).not_to_contain_text("half a tho")
    home.user_id = ADA
    await ada.open()
    await ada.entries("Ada's own words.")
    await ada.field_is("half a tho")


async def test_words_outlive_an_ingress_session_that_expired(ada: Tab, home: Ingress) -> None:
    page = ada.page
    home.user_id = ""
    await page.locator("#words").press_sequentially("still here")
    await expect(page.locator("#status")).to_contain_text("Your words are still here")
    await expect(page.locator("body")).not_to_contain_text("401")
    await page.keyboard.press("Enter")
    await expect(page.locator("#status")).to_contain_text("send them again")
    await ada.field_is("still here")
    home.user_id = ADA
    await page.evaluate("dispatchEvent(new Event('online'))")
    await ada.status("Draft saved")
    await page.keyboard.press("Enter")
    await ada.entries("still here")


@pytest.mark.parametrize(
    "hostile",
    [
        "//evil.example/x",
        "https://evil.example",
        f'{PATH}"><script src="//evil.example/x"></script>',
        f"{PATH}/../../evil",
        "",
    ],
)
async def test_a_hostile_path_leads_nowhere(ada: Tab, home: Ingress, hostile: str) -> None:
    page = ada.page
    before = len(ada.addresses)
    home.said["X-Ingress-Path"] = hostile
    answer = await page.goto(ada.url)
    assert answer is not None
    assert answer.status == 400
    assert "evil" not in await page.content()
    assert all(address.startswith(home.url) for address in ada.addresses[before:])
    del home.said["X-Ingress-Path"]
    await ada.open()
    await expect(page.locator("#words")).to_be_visible()
