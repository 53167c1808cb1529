"""Taking a journal out and bringing it in, in a real browser."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from hashlib import md5
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from herdbook.journal.exchange.exchange import STEP, Exchange
from herdbook.journal.exchange.passed import Passed
from herdbook.journal.file import clean_name
from tests.e2e.tab import STORED, Tab, check, tab
from tests.journal.pictures import picture
from tests.llama.panel.stage import PASSWORD, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

LLAMORA = Path(__file__).parents[1] / "databases" / "llamora-v1.sqlite3"
HOSTILE = "<img src=x onerror=alert(1)>"
HOSTILE_NAME = "x onerror=alert(1) &lt;'.jpg"
HEIC = b"\0\0\0\x18ftypheic" + bytes(100)
PIXELS = """async () => {
    const image = document.querySelector(".pictures img");
    image.loading = "eager";
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return [...context.getImageData(20, 20, 40, 40).data].join();
}"""


def folder(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("2026-10-03 garden.md", f"The last tomatoes. {HOSTILE}")
        made.writestr("2026-10-04.md", "Rain.")
        made.writestr(f"2026-02-30 {HOSTILE}.md", "An impossible day.")
    return path


def of_day_one(path: Path) -> Path:
    photo = picture("image/jpeg", (90, 60))
    digest = md5(photo, usedforsecurity=False).hexdigest()
    entry = {
        "uuid": "A",
        "creationDate": "2026-10-05T03:30:00Z",
        "timeZone": "America/New_York",
        "text": f"Ashore\\. ![](dayone-moment://P) {HOSTILE}",
        "tags": [HOSTILE],
        "photos": [{"identifier": "P", "md5": digest, "type": "jpeg"}],
    }
    doubtful = {"creationDate": "2026-02-30T10:00:00Z", "text": HOSTILE}
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("Journal.json", json.dumps({"metadata": {}, "entries": [entry, doubtful]}))
        made.writestr(f"photos/{digest}.jpeg", photo)
        made.writestr(f"photos/{HOSTILE}{'y' * 300}.jpeg", b"x")
    return path


def hostile_photos(path: Path) -> Path:
    """One that can come, under a name that would do harm; one of 10 GB, one outside, one HEIC."""
    films = {"ok": b"<script>alert(1)</script>", "bomb": bytes(100), "heic": HEIC}
    told = [
        {"name": f"../../{HOSTILE_NAME}", "added_ms": 1, "path": f"files/{name}"} for name in films
    ]
    told.append({"name": HOSTILE_NAME, "added_ms": 1, "path": "../../../etc/passwd"})
    entry = {
        "id": "5f0c2f1be8d34b0b9b0d0a4d2f1c7e11",
        "day": "2026-10-04",
        "created_ms": 1,
        "text": "x",
        "author": "person",
        "files": told,
    }
    outline = {"format": "herdbook-journal", "version": 1, "entries": [entry]}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("journal.json", json.dumps(outline))
        for name, data in films.items():
            made.writestr(f"files/{name}", data)
        made.writestr("../../passwd", b"x")
        made.getinfo("files/bomb").file_size = 10 * 1024**3
    return path


async def _download(opened: Tab, name: str) -> bytes:
    async with opened.page.expect_download() as waiting:
        await opened.page.get_by_role("button", name=name).click()
    path = await (await waiting.value).path()
    return path.read_bytes()


async def test_out_and_in_again(ada: Tab, tmp_path: Path) -> None:
    page = ada.page
    await ada.write("The first snow.")
    await ada.open("settings")
    await page.get_by_role("link", name="Bring in and take out").click()
    await page.wait_for_url("**/exchange")
    await expect(page.get_by_text("The file is not encrypted")).to_be_visible()
    saved = await _download(ada, "Save as one page")
    assert b"The first snow." in saved
    assert zipfile.ZipFile(io.BytesIO(await _download(ada, "Save as a folder"))).testzip() is None

    await page.set_input_files("#file", folder(tmp_path / "journal.zip"))
    await page.get_by_role("button", name="Look into the file").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/exchange/preview")
    await expect(page.get_by_text("2 new entries")).to_be_visible()
    await expect(page.locator(".sample", has_text=HOSTILE)).to_be_visible()
    await expect(page.locator("dt", has_text=HOSTILE)).to_be_visible()
    await page.get_by_role("button", name="Bring them in").click()
    await expect(page.get_by_role("status")).to_have_text("Brought in 2 entries.")
    await ada.open("day/2026-10-03")
    await expect(page.locator(".entry-text")).to_have_text([f"The last tomatoes. {HOSTILE}"])

    await ada.open("exchange")
    await page.get_by_role("button", name="Take out again").click()
    await expect(page.get_by_role("status")).to_have_text(
        "2 entries of the file are taken out again."
    )
    await ada.open()
    await ada.entries("The first snow.")
    assert ada.violations() == []
    assert await page.evaluate(STORED) == []


async def _in_a_fresh_vault(
    chromium: Browser, set_up: Stage, kind: str, file: Path
) -> AsyncGenerator[Tab]:
    """A tab of Grace, whose vault has what is in a file, seen and agreed to by her."""
    await set_up.person(kind)
    async with tab(chromium, set_up) as opened:
        page = opened.page
        await opened.open()
        await page.fill("#name", kind)
        await page.fill("#secret", PASSWORD)
        await page.press("#secret", "Enter")
        await expect(page.locator("#words")).to_be_visible()
        await opened.open("exchange")
        await page.set_input_files("#file", file)
        await page.get_by_role("button", name="Look into the file").click()
        await page.wait_for_url("**/exchange/preview")
        yield opened


@pytest.mark.parametrize(
    "name", ["Save as JSON", "Save as a folder of Markdown", "Save as one page"]
)
async def test_a_photo_moves_to_a_fresh_vault(
    chromium: Browser, ada: Tab, set_up: Stage, tmp_path: Path, name: str
) -> None:
    page = ada.page
    photo = {
        "name": HOSTILE_NAME,
        "mimeType": "image/jpeg",
        "buffer": picture("image/jpeg", (600, 900)),
    }
    paper = {"name": "notes.md", "mimeType": "text/plain", "buffer": b"# Notes"}
    await page.set_input_files("#add-files", [photo, paper])
    await expect(page.locator("#attached .attached-one")).to_have_count(2)
    await ada.write("The sea.")
    source = await page.locator(".pictures img").get_attribute("src")
    before = await page.evaluate(PIXELS)
    await ada.open("exchange")
    file = tmp_path / "taken"
    file.write_bytes(await _download(ada, name))
    async with aclosing(_in_a_fresh_vault(chromium, set_up, "Grace", file)) as tabs:
        opened = await anext(tabs)
        fresh = opened.page
        await expect(fresh.get_by_text("2 photos and files come along")).to_be_visible()
        await expect(fresh.get_by_text(HOSTILE_NAME)).to_be_visible()
        await check(opened, "preview with photos")
        await fresh.get_by_role("button", name="Bring them in").click()
        await expect(fresh.get_by_role("status")).to_have_text(
            "Brought in one entry. 2 photos and files came along."
        )
        await opened.open()
        await opened.entries("The sea.")
        await expect(fresh.locator(".papers bdi")).to_have_text("notes.md")
        assert await fresh.locator(".pictures img").get_attribute("src") != source
        assert await fresh.evaluate(PIXELS) == before
        await opened.open("exchange")
        await fresh.get_by_role("button", name="Take out again").click()
        await expect(fresh.get_by_role("status")).to_contain_text("One entry of the file")
        await opened.open()
        await expect(fresh.locator(".pictures img")).to_have_count(0)
        assert opened.violations() == []
        assert await fresh.evaluate(STORED) == []
    assert ada.violations() == []


async def test_what_is_hostile_in_a_zip_of_photos_is_said_and_does_nothing(
    ada: Tab, tmp_path: Path
) -> None:
    page = ada.page
    dialogs: list[str] = []
    page.context.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await ada.open("exchange")
    await page.set_input_files("#file", hostile_photos(tmp_path / "export.zip"))
    await page.get_by_role("button", name="Look into the file").click()
    await page.wait_for_url("**/exchange/preview")
    await expect(page.get_by_text("One photo or file comes along")).to_be_visible()
    await expect(page.get_by_text("3 photos and files cannot be brought in")).to_be_visible()
    for words in ("at most 15 MiB", "not in the zip", "may say where they were taken"):
        await expect(page.locator("dd", has_text=words)).to_be_visible()
    await check(ada, "preview of hostile photos")
    await page.get_by_role("button", name="Bring them in").click()
    await expect(page.get_by_role("status")).to_contain_text("One photo or file came along.")
    await ada.open("day/2026-10-04")
    await expect(page.locator(".papers bdi")).to_have_text(clean_name(f"../../{HOSTILE_NAME}"))
    assert not (tmp_path / "passwd").exists()
    assert dialogs == []
    assert ada.violations() == []


async def test_a_journal_of_another_program_comes_in_by_keyboard(ada: Tab, tmp_path: Path) -> None:
    page = ada.page
    await ada.open("exchange")
    await page.set_input_files("#file", of_day_one(tmp_path / "export.zip"))
    await page.get_by_role("button", name="Look into the file").press("Enter")
    await page.wait_for_url("**/exchange/preview")
    await expect(page.get_by_text("One new entry")).to_be_visible()
    await expect(page.get_by_text("On Sunday, 4 October 2026.")).to_be_visible()
    await expect(page.get_by_text("is no time of the calendar")).to_be_visible()
    await page.locator("main summary").press("Enter")
    await expect(page.get_by_text(f"photos/{HOSTILE}yyy")).to_be_visible()
    await check(ada, "preview of Day One")
    await page.get_by_role("button", name="Bring them in").press("Enter")
    await expect(page.get_by_role("status")).to_have_text(
        "Brought in one entry. One photo or file came along."
    )
    await ada.open("day/2026-10-04")
    await expect(page.locator(".entry-text")).to_contain_text("Ashore. photo 1.jpeg")
    await expect(page.locator(".pictures img")).to_have_count(1)
    await expect(page.locator(".entry").get_by_text(HOSTILE).first).to_be_visible()
    assert ada.violations() == []
    assert await page.evaluate(STORED) == []


async def test_the_saved_page_reads_well_and_runs_nothing(ada: Tab, tmp_path: Path) -> None:
    await ada.write(
        "# Snow\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n" + HOSTILE + " <script>alert(1)</script>"
    )
    await ada.open("exchange")
    path = tmp_path / "journal.html"
    path.write_bytes(await _download(ada, "Save as one page"))
    await ada.page.goto(path.as_uri())
    ada.console.clear()
    await check(ada, "saved page")
    assert ada.console == []


async def test_everybody_can_use_these_pages(
    chromium: Browser, set_up: Stage, tmp_path: Path
) -> None:
    await set_up.person("Ada")
    async with tab(chromium, set_up, viewport={"width": 390, "height": 844}) as opened:
        page = opened.page
        await opened.sign_in()
        await opened.open("exchange")
        await check(opened, "exchange")
        await page.set_input_files(
            "#file", {"name": "x.txt", "mimeType": "text/plain", "buffer": b"no journal"}
        )
        await page.get_by_role("button", name="Look into the file").click()
        await expect(page.get_by_role("alert")).to_contain_text("no file that Herdbook")
        await check(opened, "exchange, refused")
        await page.set_input_files("#file", folder(tmp_path / "journal.zip"))
        await page.get_by_role("button", name="Look into the file").click()
        await page.wait_for_url("**/exchange/preview")
        await check(opened, "preview")
        await opened.open("exchange")
        await expect(page.get_by_text("A file is waiting")).to_be_visible()
        await page.get_by_role("link", name="See what it would add").click()
        await page.get_by_role("button", name="Bring them in").click()
        await expect(page.get_by_role("status")).to_be_visible()
        await check(opened, "exchange, brought in")
        await page.set_input_files("#file", LLAMORA)
        await page.get_by_role("button", name="Look into the file").click()
        await page.fill("#name", "alice")
        await check(opened, "another's secret")
        await page.get_by_role("button", name="Leave it").click()
        await page.wait_for_url("**/exchange")
        assert opened.violations() == []


async def test_one_can_write_while_a_long_file_comes_in(
    ada: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, gate, steps = ada.page, asyncio.Event(), 0
    take_in = Exchange.take_in

    async def held(exchange: Exchange, import_id: str, entries: list[Passed]) -> int:
        nonlocal steps
        steps += 1
        if steps == 3:
            await gate.wait()
        return await take_in(exchange, import_id, entries)

    monkeypatch.setattr(Exchange, "take_in", held)
    lines = "".join(f"[2026-10-03 09:30] Line {number}.\n" for number in range(5 * STEP))
    await ada.open("exchange")
    await page.set_input_files(
        "#file", {"name": "journal.txt", "mimeType": "text/plain", "buffer": lines.encode()}
    )
    await page.get_by_role("button", name="Look into the file").click()
    await expect(page.get_by_text("1000 new entries")).to_be_visible()
    await expect(page.locator(".sample")).to_have_count(3)
    await page.get_by_role("button", name="Bring them in").click()
    await expect(page.get_by_role("progressbar")).to_have_attribute("value", "40")
    await check(ada, "progress of an import")
    await page.get_by_role("link", name="Today").click()
    await ada.write("Meanwhile, the first snow.")
    await ada.open("exchange")
    await expect(page.get_by_role("progressbar")).to_be_visible()
    gate.set()
    await expect(page.get_by_role("status")).to_have_text("Brought in 1000 entries.")
    await ada.open()
    await ada.entries("Meanwhile, the first snow.")
    assert ada.violations() == []
