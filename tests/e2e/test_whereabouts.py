"""What is written goes into the vault and nowhere else, whichever way it is written."""

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Request, expect

from demo.plaintext import forms
from tests.e2e.tab import Tab, tab
from tests.journal.pictures import picture
from tests.llama.panel.stage import PASSWORD, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANARY = "kanarienvögel"
"""Part of everything that is written here, with a letter that encodings disagree about."""
STORED = """async () => {
    const found = [document.cookie, document.title, location.href, JSON.stringify(history.state)];
    for (const storage of [localStorage, sessionStorage])
        found.push(...Object.entries(storage).flat());
    for (const { name } of await indexedDB.databases()) found.push(name);
    for (const name of await caches.keys()) {
        found.push(name);
        for (const { url } of await (await caches.open(name)).keys()) found.push(url);
    }
    found.push(...performance.getEntries().map(({ name }) => name));
    return [found, localStorage.length + sessionStorage.length];
}"""


@dataclass
class Witness:
    """A tab, and what was to be seen of it by others."""

    opened: Tab
    seen: list[str] = field(default_factory=list)
    asked: int = 0

    def watch(self, request: Request) -> None:
        # A body goes to the Llama alone; addresses and headers are noted by whatever is in between.
        self.seen += [request.url, json.dumps(request.headers, ensure_ascii=False)]
        self.asked += 1

    async def look(self) -> None:
        """After each route, on the page it leads to."""
        found, count = await self.opened.page.evaluate(STORED)
        self.seen += found
        assert count == 0, found


@pytest_asyncio.fixture(loop_scope="module")
async def witness(chromium: Browser, set_up: Stage) -> AsyncIterator[Witness]:
    await set_up.person("Ada")
    async with tab(chromium, set_up) as opened:
        made = Witness(opened)
        opened.page.on("request", made.watch)
        await opened.sign_in()
        yield made


async def test_what_is_written_is_nowhere_else(
    witness: Witness, set_up: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    opened, page = witness.opened, witness.opened.page

    await opened.write(f"An entry of {CANARY}.")
    await page.fill("#words", f"A draft of {CANARY}")
    await opened.status("Draft saved")
    await witness.look()
    await page.set_input_files(
        "#add-files",
        {"name": f"{CANARY}.png", "mimeType": "image/png", "buffer": picture("image/png")},
    )
    await expect(page.locator("#attached .attached-one")).to_have_count(1)
    await page.click("#composer .primary")
    await expect(page.locator(".pictures img")).to_be_visible()
    await page.click(".pictures a")
    await page.click(".picture-words summary")
    await page.fill("#description", f"{CANARY} in May")
    await page.press("#description", "Enter")
    await expect(page.locator("figcaption")).to_have_text(f"{CANARY} in May")
    await witness.look()

    await opened.open()
    await page.locator(".trace-add summary").last.click()
    await page.locator(".trace-add input:visible").fill(f"{CANARY} club")
    await page.keyboard.press("Enter")
    await expect(page.locator(".chip")).to_contain_text(CANARY)
    await page.locator(".chip a").click()
    await expect(page.locator("h1")).to_contain_text(CANARY)
    await page.click(".changes > summary")
    await page.fill("#new-name", f"{CANARY} choir")
    await page.press("#new-name", "Enter")
    await expect(page.locator("h1")).to_contain_text("choir")
    await witness.look()
    await opened.open("traces")
    await page.locator("input[type=search]").press_sequentially(CANARY)
    await expect(page.locator(".use-name")).to_contain_text(CANARY)
    await witness.look()

    await opened.open("search")
    await page.locator("#query").press_sequentially(f'{CANARY} trace:"{CANARY} choir"')
    await expect(page.locator(".result")).to_have_count(1)
    await page.click(".search-form .primary")
    await expect(page.locator(".result mark").first).to_contain_text(CANARY)
    await witness.look()
    await page.click(".result a")
    await expect(page.locator(".entry:target")).to_be_visible()
    await witness.look()

    await page.locator(".entry .menu summary").first.click()
    await page.get_by_role("link", name="Change", exact=True).locator("visible=true").click()
    await page.fill("#words", f"A change of {CANARY}.")
    await page.click("#composer .primary")
    await expect(page.locator(".entry-text").first).to_have_text(f"A change of {CANARY}.")
    await page.get_by_role("link", name="changed").click()
    await page.get_by_role("button", name="Take this text back").click()
    await expect(page.locator(".entry-text").first).to_have_text(f"An entry of {CANARY}.")
    await page.locator(".entry .menu summary").first.click()
    await page.get_by_role("button", name="Delete").locator("visible=true").click()
    await page.get_by_role("button", name="Bring it back").click()
    await witness.look()

    await opened.open("weekdays")
    await page.locator("textarea").first.fill(f"On Mondays, {CANARY}")
    await page.locator("form .primary").click()
    await expect(page.locator("body")).to_contain_text(CANARY)
    await opened.open("jot")
    await page.fill("#words", f"Jotted: {CANARY}")
    await page.click("#composer .primary")
    await expect(page.locator("#entries")).to_contain_text("Kept.")
    await opened.open(f"print?first={set_up.today}&last={set_up.today}")
    await expect(page.locator("main")).to_contain_text(CANARY)
    await witness.look()

    await opened.open("exchange")
    file = {
        "name": "notes.txt",
        "mimeType": "text/plain",
        "buffer": f"[2024-05-01 10:00] {CANARY} of jrnl.\n".encode(),
    }
    await page.set_input_files("input[type=file]", file)
    await page.get_by_role("button", name="Look into the file").click()
    await expect(page.locator("main")).to_contain_text(f"{CANARY} of jrnl")
    await witness.look()

    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    await opened.open()
    await page.fill("#words", f"Sealed: {CANARY}")
    await page.click("#composer .primary")
    await expect(page.locator("#door-title")).to_have_text("Sealed into your inbox")
    await witness.look()

    assert witness.asked > 60, "it has watched"
    seen = "\n".join([*witness.seen, *opened.console, caplog.text]).encode()
    assert b"/search" in seen
    for word in (CANARY, CANARY.upper(), PASSWORD):
        assert [name for name, form in forms(word).items() if form in seen] == []
    assert opened.violations() == []
