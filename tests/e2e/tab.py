"""A tab of a real browser on the panel, and what holds for every page in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.llama.panel.stage import PASSWORD, Stage

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP journal.example 127.0.0.1",
)
STORED = """async () => [
    ...Object.keys(localStorage), ...Object.keys(sessionStorage),
    ...(await indexedDB.databases()).map((database) => database.name), ...(await caches.keys()),
]"""


@dataclass
class Tab:
    """A page of the panel and what its console said."""

    page: Page
    url: str
    console: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    async def open(self, path: str = "") -> None:
        await self.page.goto(self.url + path)

    async def sign_in(self, secret: str = PASSWORD) -> None:
        await self.open()
        await self.page.fill("#name", "Ada")
        await self.page.fill("#secret", secret)
        await self.page.press("#secret", "Enter")
        await expect(self.page.locator("#words")).to_be_visible()
        # A page is visible before its scripts listen to keys.
        await self.page.wait_for_load_state("load")

    async def status(self, text: str) -> None:
        await expect(self.page.locator("#status")).to_have_text(text)

    async def field_is(self, text: str) -> None:
        await expect(self.page.locator("#words")).to_have_value(text)

    async def write_long_day(self) -> None:
        """A day longer than any screen."""
        for number in range(12):
            form = {"text": f"Entry {number}. " * 12, "key": f"long {number}"}
            path = await self.page.locator("#composer").get_attribute("action")
            answer = await self.page.request.post(
                f"{self.url.rstrip('/')}{path}",
                form=form,
                headers={"Sec-Fetch-Site": "same-origin"},
            )
            assert answer.ok

    async def write(self, text: str) -> None:
        """Send an entry and wait until it stands there."""
        count = await self.page.locator(".entry-text").count()
        await self.page.fill("#words", text)
        await self.page.click("#composer .primary")
        await expect(self.page.locator(".entry-text")).to_have_count(count + 1)

    async def entries(self, *texts: str) -> None:
        await expect(self.page.locator(".entry-text")).to_have_text(list(texts))

    def violations(self) -> list[str]:
        """What the console said that a page's own server did not mean."""
        meant = (
            "Failed to load resource",
            "Response Status Error Code",
            # The field that was wrong has the focus already.
            "Autofocus processing was blocked",
        )
        return [line for line in self.console if not line.startswith(meant)]


@asynccontextmanager
async def tab(chromium: Browser, set_up: Stage, **options: Any) -> AsyncIterator[Tab]:
    host = options.pop("host", "127.0.0.1")
    context = await chromium.new_context(**{"locale": "en-GB", **options})
    context.set_default_timeout(10_000)
    page = await context.new_page()
    opened = Tab(page, f"http://{host}:{set_up.server.port}/")
    page.on("console", lambda message: opened.console.append(message.text))
    page.on("pageerror", lambda error: opened.console.append(str(error)))
    page.on("request", lambda request: opened.addresses.append(request.url))
    yield opened
    await context.close()


async def check(opened: Tab, name: str) -> None:
    """No accessibility violation, in either light, and no sideways scrolling, at any width."""
    await opened.page.evaluate(AXE.read_text("utf-8"))
    for scheme in ("light", "dark"):
        await opened.page.emulate_media(color_scheme=scheme)
        for width in (320, 390, 1280):
            await opened.page.set_viewport_size({"width": width, "height": 844})
            report = await opened.page.evaluate(
                """async () => {
                    const {passes, violations} = await axe.run({runOnly: [
                        "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice",
                    ]});
                    return {
                        passed: passes.map((one) => one.id),
                        found: violations.map((one) => [one.id, one.nodes.map((n) => n.html)]),
                    };
                }"""
            )
            assert "color-contrast" in report["passed"], "it has looked"
            assert report["found"] == [], (name, scheme, width)
            assert await opened.page.evaluate(
                "document.documentElement.scrollWidth <= innerWidth"
            ), (name, width)
            small = await opened.page.evaluate(
                """() => [...document.querySelectorAll(
                    "button, input:not([type=hidden]), textarea, summary, nav a, .step, .primary"
                )].filter((one) => {
                    // What is ticked is so by its whole label.
                    const box = (one.closest(".tick") ?? one).getBoundingClientRect();
                    const small = box.width && (box.height < 44 || box.width < 44);
                    return small && one.checkVisibility(); // not within a closed fold
                }).map((one) => one.outerHTML)"""
            )
            assert small == [], (name, width)
