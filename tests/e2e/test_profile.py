"""What the panel shows stays out of what a browser keeps on disk."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from demo.browser import chromium
from demo.plaintext import find
from tests.journal.pictures import picture, stream
from tests.llama.panel.stage import PASSWORD, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

WRITTEN = "The gooseberries are as sour as ever."
LOOKED_FOR = "gooseberr"
TRACE = "Uncle Wenceslas"
PHOTO = "Below the lime tree"


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Chromium puts a socket beside its profile, whose address must be short."""
    with tempfile.TemporaryDirectory(prefix="herdbook-") as path:
        yield Path(path)


async def test_a_browsers_profile_has_nothing_that_was_written(
    set_up: Stage, short_path: Path
) -> None:
    await set_up.person("Ada")
    journal = set_up.vaults.journal(await set_up.vaults.unlock("Ada", PASSWORD))
    entry = await journal.add(set_up.today, WRITTEN)
    assert entry
    trace = await journal.traces.add(entry.id, TRACE)
    photo = picture("image/png", (900, 600), orientation=1)
    file = await journal.files.add(entry.id, f"{PHOTO}.png", stream(photo), keep_place=True)
    thumbnail = await journal.files.thumbnail(file.id)
    profile = short_path / "profile"
    address = f"http://127.0.0.1:{set_up.server.port}"
    async with chromium(profile) as browser:
        page = await browser.new_page()
        await page.goto(f"{address}/")
        await page.fill("#name", "Ada")
        await page.fill("#secret", PASSWORD)
        await page.press("#secret", "Enter")
        await expect(page.locator(".entry-text")).to_have_text(WRITTEN)
        await expect(page.locator(".pictures img")).to_have_js_property("naturalWidth", 640)
        await page.click(".pictures a")
        await expect(page.locator("figure img")).to_have_js_property("naturalWidth", 900)
        await page.goto(f"{address}/search")
        await page.keyboard.type(LOOKED_FOR)
        await expect(page.locator(".result mark")).to_have_count(1)
        await page.click(".result a")
        for path in ("/traces", f"/trace/{trace.id}", f"/day/{set_up.today}?change={entry.id}"):
            await page.goto(address + path)
            await expect(page.locator("h1").first).to_be_visible()
    assert find(profile, f"/trace/{trace.id}"), "what it does keep: addresses"
    kept = b"".join(path.read_bytes() for path in profile.rglob("*") if path.is_file())
    for data in (photo, thumbnail):
        assert data[60:100] not in kept
    for text in (WRITTEN, LOOKED_FOR, TRACE, PHOTO, PASSWORD):
        assert find(profile, text) == []
