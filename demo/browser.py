"""A real Chromium, driven by Playwright. Owns how it is started and signed in to Home Assistant."""

import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import BrowserContext, Page, async_playwright, expect

from demo.errors import DemoError
from demo.homeassistant import HomeAssistant, machine_zone

_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_PATIENCE_MS: Final = 20_000


@asynccontextmanager
async def chromium(
    profile: Path, *, width: int = 1280, height: int = 900
) -> AsyncIterator[BrowserContext]:
    """A headless Chromium that keeps what it stores in `profile`, temporary files included."""
    program = shutil.which("chromium")
    if program is None:
        raise DemoError("Chromium is not installed.", fix="Run scripts/setup.")
    temporary = profile / "tmp"
    temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile,
            executable_path=program,
            args=_FLAGS,
            viewport={"width": width, "height": height},
            locale="en-GB",
            timezone_id=machine_zone(),
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        context.set_default_timeout(_PATIENCE_MS)
        expect.set_options(timeout=_PATIENCE_MS)
        try:
            yield context
        finally:
            await context.close()


async def hass_page(context: BrowserContext, home: HomeAssistant, token: str) -> Page:
    """A tab that is signed in to Home Assistant."""
    page = await context.new_page()
    tokens = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": 315_360_000,
        "expires": 4_000_000_000_000,
        "refresh_token": "",
        "hassUrl": home.url,
        "clientId": f"{home.url}/",
    }
    await page.add_init_script(
        f"if (location.origin === {json.dumps(home.url)})"
        f" localStorage.setItem('hassTokens', {json.dumps(json.dumps(tokens))});"
    )
    return page
