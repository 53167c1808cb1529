"""What a walk has with it: the running product, a browser, and a person's secrets."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from playwright.async_api import BrowserContext

from demo.browser import chromium
from demo.onboarding import NAME
from demo.panel import Panel
from demo.product import Product
from demo.waiting import until

PROFILE: Final = "browser"
"""The browser's folder, in the state folder."""


@dataclass
class Visit:
    """One person's walk through the product. `written` are the entries that must be on the page."""

    product: Product
    browser: BrowserContext
    panel: Panel
    name: str = NAME
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    recovery_code: str = ""
    written: list[str] = field(default_factory=list)

    async def enter(self, secret: str | None = None) -> None:
        """Open today's page, by password unless told otherwise, and see every entry on it."""
        await self.panel.enter(self.name, secret or self.password)
        for text in self.written:
            await self.panel.shows(text)

    async def finds(self, text: str) -> None:
        """Open today's page until an entry is on it that comes from somewhere else."""

        async def is_there() -> bool:
            await self.panel.enter(self.name, self.password)
            return await self.panel.has(text)

        await until(is_there, f"“{text}” is on the day's page", seconds=20)


@asynccontextmanager
async def visit(product: Product) -> AsyncIterator[Visit]:
    """Open a browser beside the product."""
    async with chromium(product.folder.part(PROFILE)) as browser:
        page = browser.pages[0] if browser.pages else await browser.new_page()
        yield Visit(product, browser, Panel(page, product.llama.panel_url))
