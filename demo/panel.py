"""The journal panel as a person uses it. Owns which fields and buttons to touch, in a browser."""

from typing import Final

from playwright.async_api import Page, expect

_OPEN: Final = "#vault-state[value=open]"


class Panel:
    """One browser tab with the panel at `url`."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url

    async def create_vault(self, name: str, password: str) -> str:
        """Make a vault, type its recovery code back, and return that code."""
        page = self.page
        await page.goto(f"{self._url}create")
        await page.fill("#name", name)
        await page.fill("#password", password)
        await page.fill("#again", password)
        await page.click("form .primary")
        await page.wait_for_url("**/create/code")
        code = " ".join(await page.locator(".code span").all_inner_texts())
        await page.click("a.primary")
        await page.fill("#code", code)
        await page.click("form .primary")
        await self._opened()
        return code

    async def enter(self, name: str, secret: str) -> None:
        """Open today's page; a locked vault is unlocked, with a password or the recovery code."""
        page = self.page
        await page.goto(self._url)
        if await page.locator(_OPEN).count():
            return
        if await page.locator("#door-secret").count():
            await page.fill("#door-secret", secret)
            await page.click(".door .primary")
        else:
            await page.fill("#name", name)
            await page.fill("#secret", secret)
            await page.click("form .primary")
        await self._opened()

    async def _opened(self) -> None:
        await self.page.wait_for_selector(_OPEN, state="attached")

    async def lock(self) -> None:
        """Lock the vault by the button; nothing of it is on the page then."""
        await self.page.click(".bar-lock")
        await expect(self.page.locator(_OPEN)).to_have_count(0)
        await expect(self.page.locator(".entry-text")).to_have_count(0)

    async def write(self, text: str) -> None:
        """Write an entry and wait until it stands on the day's page."""
        await self.page.fill("#words", text)
        await self.page.click("#composer .primary")
        await self.shows(text)

    async def leave_draft(self, text: str) -> None:
        """Type without sending, until the panel has kept the draft."""
        async with self.page.expect_response(lambda response: "/draft" in response.url) as kept:
            await self.page.locator("#words").press_sequentially(text)
        await (await kept.value).finished()

    async def shows(self, text: str) -> None:
        """Wait until an entry of exactly this text is on the page."""
        await expect(self.page.locator(".entry-text").get_by_text(text, exact=True)).to_have_count(
            1
        )

    async def has(self, text: str) -> bool:
        """Whether an entry of exactly this text is on the page now."""
        return await self.page.locator(".entry-text").get_by_text(text, exact=True).count() == 1

    async def draft(self) -> str:
        """What stands in the writing field."""
        return await self.page.input_value("#words")
