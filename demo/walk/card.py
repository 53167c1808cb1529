"""The card on Home Assistant's dashboard."""

import asyncio
import time
from typing import Final

from playwright.async_api import Route, expect

from demo import dashboard
from demo.browser import hass_page
from demo.follow import reading
from demo.walk.visit import Visit

_FRONTEND: Final = "**/frontend_latest/app.*.js"
_FRONTEND_DELAY_S: Final = 1.0


async def follows_live(visit: Visit) -> str:
    """The day card shows today's counts and the last observation, and follows without a reload."""
    product = visit.product
    page = await hass_page(visit.browser, product.home, product.token)
    # On a slow network the card may come before the frontend, which then brings its own registry
    # of custom elements: what the card defined before that would be a “Configuration error”.
    await page.route(_FRONTEND, _late)
    await page.goto(dashboard.address(product.home.url))
    card = page.locator("herdbook-day-card")
    counts = card.locator(".counts .number")
    sentence = card.locator(".last button .sentence")
    await expect(sentence).to_be_visible()
    before = [await one.inner_text() for one in await counts.all()]
    start = time.monotonic()
    product.alpaca.heat_boiler(99.0)
    await expect(sentence).to_contain_text("99")
    seconds = time.monotonic() - start
    await expect(counts.first).not_to_have_text(before[0])
    await reading(product, 60.0)
    await page.close()
    return (
        f"the card showed {' / '.join(before)} (observations / readings / Alpacas) and the next "
        f"observation {seconds:.2f} s after the boiler changed, without a reload"
    )


async def _late(route: Route) -> None:
    await asyncio.sleep(_FRONTEND_DELAY_S)
    await route.continue_()
