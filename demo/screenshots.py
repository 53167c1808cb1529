"""The pictures in docs/images, taken of a running product. Owns what is on them and their sizes."""

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Page

from demo import dashboard
from demo.browser import hass_page
from demo.folder import ROOT, Folder
from demo.follow import observation, reading
from demo.narrator import Narrator
from demo.product import Product
from demo.walk.visit import Visit, visit

IMAGES: Final = ROOT / "docs" / "images"
# Long enough for the simulated room, an hour a minute, to draw a curve.
_HISTORY_S: Final = 240
_WIDE: Final = (1280, 900)
_NARROW: Final = (390, 844)
_ENTRIES: Final = (
    "First frost on the roof of the shed. The roses by the door are still out, and so is the cat.",
    "The heating engineer came at nine. He bled every radiator and left a bill and a biscuit.\n\n"
    "The hall is warm for the first time since Sunday.",
    "Soup. Too much chilli; nobody complained.",
)


async def take() -> None:
    """Start a product of its own, live in it for a while, and photograph it."""
    narrator = Narrator()
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="herdbook-pictures-") as temporary,
        Folder(Path(temporary)) as folder,
    ):
        async with Product(folder, narrator) as product, visit(product) as walk:
            await _live(walk, narrator)
            narrator.title(f"Taking pictures into {IMAGES}")
            await _panel(walk)
            await _home_assistant(walk)
    for picture in sorted(IMAGES.glob("*.png")):
        narrator.say(f"  {picture.relative_to(ROOT)}")


async def _live(walk: Visit, narrator: Narrator) -> None:
    product = walk.product
    with narrator.step("a vault was made and written into"):
        await walk.panel.create_vault(walk.name, walk.password)
        for text in _ENTRIES:
            await walk.panel.write(text)
    with narrator.step("Home Assistant wrote into it too"):
        await product.hass.act("herdbook.write_entry", {"text": "The washing machine is done."})
    with narrator.step(f"{_HISTORY_S} seconds of the house's life passed"):
        await asyncio.sleep(_HISTORY_S)
    with narrator.step("the boiler was noticed"):
        await observation(product, 96.5)
        await reading(product, 60.0)


async def _panel(walk: Visit) -> None:
    page = walk.panel.page
    for name, (width, height) in (("day-wide", _WIDE), ("day-narrow", _NARROW)):
        await page.set_viewport_size({"width": width, "height": height})
        await walk.enter()
        await page.screenshot(path=IMAGES / f"{name}.png")


async def _home_assistant(walk: Visit) -> None:
    product = walk.product
    page = await hass_page(walk.browser, product.home, product.token)
    await page.set_viewport_size({"width": _WIDE[0], "height": 760})
    await page.goto(dashboard.address(product.home.url))
    await page.locator("herdbook-day-card .last button .sentence").wait_for()
    await page.locator("hui-trend-graph-card-feature svg").first.wait_for()
    await _settle(page)
    await page.screenshot(path=IMAGES / "dashboard.png")
    await page.goto(f"{product.home.url}/config/devices/device/{product.device.device_id}")
    await page.locator("ha-device-entities-card").first.wait_for()
    await _settle(page)
    await page.screenshot(path=IMAGES / "device.png")


async def _settle(page: Page) -> None:
    # Home Assistant fades its pages in, and offers nothing to wait for when it has.
    await page.wait_for_timeout(2000)


if __name__ == "__main__":
    asyncio.run(take())
