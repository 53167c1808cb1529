"""Photos and files in a real browser: added, seen, taken off; nothing is lost, nothing runs."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, Error, Page, Route, expect

from herdbook.journal.file import SIZE_LIMIT
from tests.e2e.tab import STORED, Tab, check, tab
from tests.journal.pictures import PLACE, picture
from tests.llama.panel.stage import PASSWORD, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCRIPT = "<script>window.parent.document.title = window.name = 'evil'; alert(1)</script>"
DROP = """([type, names]) => {
    const data = new DataTransfer();
    for (const name of names) data.items.add(new File(["of " + name], name));
    const event = type === "paste"
        ? new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})
        : new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true});
    (type === "paste" ? document.querySelector("#words") : document.body).dispatchEvent(event);
    return event.defaultPrevented;
}"""


def _photo(name: str = "sea.jpg", size: tuple[int, int] = (1200, 800)) -> dict[str, object]:
    return _file(name, picture("image/jpeg", size, orientation=1))


def _file(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


async def _choose(page: Page, *files: dict[str, object]) -> None:
    await page.set_input_files("#add-files", list(files))  # type: ignore[arg-type]


async def _attached(page: Page, *names: str) -> None:
    await expect(page.locator("#attached .attached-name bdi")).to_have_text(list(names))


async def _lock(set_up: Stage) -> None:
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)


@asynccontextmanager
async def _held(page: Page) -> AsyncIterator[asyncio.Event]:
    """Files wait on their way until the event is set; within, at least one has set off."""
    off, go = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        if route.request.method == "POST":
            off.set()
            await go.wait()
        with suppress(Error):  # it was given up meanwhile
            await route.continue_()

    await page.route("**/files", hold)
    yield go
    go.set()
    await page.unroute("**/files")


async def test_a_photo_is_added_seen_and_opened(ada: Tab) -> None:
    page = ada.page
    await _choose(page, _photo("Café at the sea.jpg"), _file("notes.txt", b"plain words"))
    await _attached(page, "Café at the sea.jpg", "notes.txt")
    await ada.status("Draft saved")
    await page.reload()
    await _attached(page, "Café at the sea.jpg", "notes.txt")
    await page.fill("#words", "At the sea.")
    await page.keyboard.press("Enter")
    await ada.entries("At the sea.")
    await _attached(page)
    image = page.locator(".pictures img")
    await expect(image).to_have_attribute("alt", "Café at the sea.jpg")
    await expect(image).to_have_js_property("complete", value=True)
    assert await image.evaluate("image => image.naturalWidth") == 640
    await expect(page.locator(".papers a")).to_have_text("notes.txt 11 bytes")

    await image.click()
    await expect(page.locator("figure img")).to_have_js_property("naturalWidth", 1200)
    body = await (
        await page.request.get(await page.locator("figure img").evaluate("image => image.src"))
    ).body()
    assert PLACE not in body
    assert dict(Image.open(io.BytesIO(body)).getexif()) == {}
    await page.click(".picture-words summary")
    await page.fill("#description", "Two cups, and the sea behind them")
    await page.click(".picture-words .primary")
    await expect(page.locator("figcaption")).to_have_text("Two cups, and the sea behind them")
    await page.click(".picture-back")
    await expect(image).to_have_attribute("alt", "Two cups, and the sea behind them")

    async with page.expect_download() as downloading:
        await page.click(".papers a")
    assert (await downloading.value).suggested_filename == "notes.txt"
    assert await page.evaluate(STORED) == []
    assert ada.violations() == []
    for said in ("Caf", "sea", "notes", "cups"):
        assert not any(said in address for address in ada.addresses)


async def test_only_a_photo_is_an_entry_too_and_nothing_is_none(ada: Tab) -> None:
    page = ada.page
    await page.click("#send")
    await _choose(page, _photo())
    await _attached(page, "sea.jpg")
    await page.click("#send")
    await expect(page.locator(".pictures img")).to_have_count(1)
    await expect(page.locator(".entry")).to_have_count(1)
    await expect(page.locator(".entry-text")).to_have_count(0)
    await page.click("#send")
    await page.reload()
    await expect(page.locator(".entry")).to_have_count(1)


async def test_what_was_added_is_taken_off_again_by_keyboard(ada: Tab) -> None:
    page = ada.page
    await page.fill("#words", "my words")
    await _choose(page, _photo("one.jpg"), _photo("two.jpg", (800, 600)))
    await _attached(page, "one.jpg", "two.jpg")
    await page.get_by_role("button", name="Remove “one.jpg”").focus()
    await page.keyboard.press("Enter")
    await _attached(page, "two.jpg")
    await expect(page.locator("#add-files")).to_be_focused()
    await ada.field_is("my words")
    await page.reload()
    await _attached(page, "two.jpg")
    await ada.field_is("my words")


async def test_nothing_is_lost_to_whom_is_faster_than_the_scripts(ada: Tab) -> None:
    page = ada.page
    go = asyncio.Event()

    async def slowly(route: Route) -> None:
        await go.wait()
        await route.continue_()

    await page.route("**/panel.js", slowly)
    await page.goto(page.url, wait_until="commit")
    await page.fill("#words", "faster")
    await _choose(page, _photo("one.jpg"))
    go.set()
    await _attached(page, "one.jpg")
    await ada.status("Draft saved")
    await page.unroute("**/panel.js")
    await page.reload()
    await ada.field_is("faster")
    await _attached(page, "one.jpg")


async def test_the_entry_waits_for_its_photos(ada: Tab) -> None:
    page = ada.page
    async with _held(page) as go:
        await _choose(page, _photo("one.jpg"), _photo("two.jpg", (800, 600)))
        await expect(page.locator("#arriving progress")).to_have_count(2)
        await page.fill("#words", "Both of them.")
        await page.keyboard.press("Enter")
        await ada.status("Your entry is sent as soon as its files are here.")
        await expect(page.locator(".entry")).to_have_count(0)
        go.set()
        await ada.entries("Both of them.")
    await expect(page.locator(".pictures img")).to_have_count(2)
    await expect(page.locator("#arriving > *")).to_have_count(0)


async def test_one_on_its_way_is_stopped(ada: Tab) -> None:
    page = ada.page
    async with _held(page):
        await _choose(page, _photo("one.jpg"), _photo("two.jpg"), _photo("three.jpg", (9, 9)))
        await page.get_by_role("button", name="Stop adding “two.jpg”").click()
        await page.get_by_role("button", name="Stop adding “one.jpg”").click()
    await _attached(page, "three.jpg")


async def test_a_reload_amid_an_upload_asks_and_loses_no_word(ada: Tab) -> None:
    page = ada.page
    asked: list[str] = []

    async def accept(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        await dialog.accept()  # type: ignore[attr-defined]

    page.on("dialog", accept)
    await page.click("#words")
    await page.keyboard.type("my words")
    await ada.status("Draft saved")
    async with _held(page):
        await _choose(page, _photo())
        await expect(page.locator("#arriving progress")).to_have_count(1)
        await page.reload()
    assert asked == ["beforeunload"]
    await ada.field_is("my words")
    await expect(page.locator(".attached-one")).to_have_count(0)
    await _choose(page, _photo())
    await _attached(page, "sea.jpg")


async def test_a_lock_amid_an_upload_keeps_the_words_and_the_file_can_be_tried_again(
    ada: Tab, set_up: Stage
) -> None:
    page = ada.page
    await _choose(page, _photo("before.jpg", (90, 60)))
    await _attached(page, "before.jpg")
    await page.fill("#words", "my words")
    await ada.status("Draft saved")
    async with _held(page) as go:
        await _choose(page, _photo())
        await expect(page.locator("#arriving progress")).to_have_count(1)
        await _lock(set_up)
        go.set()
        await expect(page.locator(".door")).to_be_visible()
    await expect(page.locator("#attached img")).to_have_count(0)
    await expect(page.locator(".add-files")).to_be_hidden()
    await expect(page.locator(".attached-said")).to_have_text("Not added")
    await ada.field_is("my words")
    await page.fill("#door-secret", PASSWORD)
    await page.keyboard.press("Enter")
    await _attached(page, "before.jpg")
    await page.get_by_role("button", name="Try again: “sea.jpg”").click()
    await _attached(page, "before.jpg", "sea.jpg")
    await ada.field_is("my words")
    await page.click("#send")
    await ada.entries("my words")
    await expect(page.locator(".pictures img")).to_have_count(2)


async def test_a_lost_connection_keeps_the_file_on_the_page(ada: Tab) -> None:
    page = ada.page
    await page.context.set_offline(True)
    await _choose(page, _photo())
    await ada.status("Not added: the Llama does not answer. Try again in a moment.")
    await page.context.set_offline(False)
    await page.focus("#add-files")
    await expect(page.locator("link[href$='files.css']")).to_have_count(1)
    await page.context.set_offline(True)
    await _choose(page, _photo())
    await expect(page.locator(".attached-said")).to_contain_text("does not answer")
    await page.context.set_offline(False)
    await page.get_by_role("button", name="Try again").click()
    await _attached(page, "sea.jpg")
    await expect(page.locator("#arriving > *")).to_have_count(0)


async def test_what_is_refused_says_why(ada: Tab, tmp_path: Path) -> None:
    page = ada.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method + request.url))
    large = tmp_path / "film.mov"
    with large.open("wb") as file:
        file.truncate(SIZE_LIMIT + 1)
    await page.set_input_files("#add-files", large)
    await expect(page.locator(".attached-said")).to_contain_text("A file may have 15 MiB")
    assert not any(one.startswith("POST") and "/files" in one for one in asked)
    await page.get_by_role("button", name="Remove “film.mov”").click()
    await _choose(page, _file("IMG.HEIC", b"\0\0\0\x18ftypheic" + bytes(99)))
    await expect(page.locator(".attached-said")).to_contain_text("may say where it was taken")
    await expect(page.get_by_role("button", name="Try again")).to_be_hidden()
    await page.fill("#words", "Without it.")
    await page.click("#send")
    await ada.entries("Without it.")


async def test_files_are_dropped_and_pasted(ada: Tab) -> None:
    page = ada.page
    assert await page.evaluate(DROP, ["dragover", ["a.txt"]])
    await expect(page.locator(".composer-over")).to_have_count(1)
    assert await page.evaluate(DROP, ["drop", ["a.txt", "b.txt"]])
    await _attached(page, "a.txt", "b.txt")
    await expect(page.locator(".composer-over")).to_have_count(0)
    assert await page.evaluate(DROP, ["paste", ["c.txt"]])
    await _attached(page, "a.txt", "b.txt", "c.txt")


async def test_an_entrys_photos_are_changed_with_it(ada: Tab) -> None:
    page = ada.page
    await _choose(page, _photo("one.jpg"), _photo("two.jpg", (800, 600)))
    await _attached(page, "one.jpg", "two.jpg")
    await ada.write("words")
    await page.click(".menu summary")
    await page.click(".menu-items a")
    await _attached(page, "one.jpg", "two.jpg")
    await page.get_by_role("button", name="Remove “one.jpg”").click()
    await expect(page.locator(".attached-dropped")).to_contain_text("Goes when you save")
    await page.get_by_role("button", name="Keep it: “one.jpg”").click()
    await expect(page.locator(".attached-dropped")).to_have_count(0)
    await page.get_by_role("button", name="Remove “two.jpg”").click()
    await expect(page.locator(".attached-dropped")).to_have_count(1)
    await _choose(page, _file("three.txt", b"three"))
    await _attached(page, "one.jpg", "two.jpg Goes when you save".partition(" ")[0], "three.txt")
    await expect(page.locator(".pictures img")).to_have_count(2)
    await page.click("#send")
    await expect(page.locator("#send")).to_have_text("Send")
    await expect(page.locator(".pictures img")).to_have_count(1)
    await expect(page.locator(".papers bdi")).to_have_text("three.txt")


HOSTILE = (
    ("<img src=x onerror=alert(1)>.jpg", picture("image/png")),
    ("page.jpg", f"<!doctype html>{SCRIPT}".encode()),
    (
        "drawing.svg",
        f'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">{SCRIPT}</svg>'.encode(),
    ),
    ("both.gif", b"GIF89a/*" + SCRIPT.encode()),
)


async def test_nothing_in_a_file_or_its_name_runs(ada: Tab) -> None:
    page = ada.page
    dialogs: list[str] = []
    page.context.on("dialog", lambda dialog: dialogs.append(dialog.message))
    for name, data in HOSTILE:
        await _choose(page, _file(name, data))
        await expect(page.locator("#arriving progress:visible")).to_have_count(0)
    await ada.write("words")
    addresses = await page.eval_on_selector_all(".papers a", "all => all.map((one) => one.href)")
    assert len(addresses) >= 2
    for address in addresses:
        # Not even where somebody has it opened as a page of its own.
        with pytest.raises(Exception, match="Download is starting"):
            await page.goto(address)
        await page.evaluate(
            """(address) => new Promise((done) => {
                const frame = document.createElement("iframe");
                frame.onload = done;
                frame.src = address;
                document.body.append(frame);
                setTimeout(done, 300);
            })""",
            address,
        )
    await page.locator(".pictures a").click()
    await page.goto(await page.locator("figure img").evaluate("image => image.src"))
    assert dialogs == []
    assert await page.evaluate("[window.name, document.title.includes('evil')]") == ["", False]


async def test_without_scripts_photos_are_sent_with_the_words(
    chromium: Browser, set_up: Stage
) -> None:
    await set_up.person("Ada")
    async with tab(chromium, set_up, java_script_enabled=False) as opened:
        await opened.sign_in()
        await _choose(opened.page, _photo("one.jpg"), _file("two.txt", b"two"))
        await opened.page.fill("#words", "By hand.")
        await opened.page.click("#send")
        await opened.entries("By hand.")
        await expect(opened.page.locator(".pictures img")).to_have_count(1)
        await expect(opened.page.locator(".papers bdi")).to_have_text("two.txt")


async def test_a_page_stands_still_while_its_photos_come(ada: Tab) -> None:
    page = ada.page
    await _choose(page, _photo("tall.jpg", (600, 900)))
    await _attached(page, "tall.jpg")
    await ada.write("One.")
    for size in ((900, 600), (600, 900), (800, 800), (1600, 400)):
        await _choose(page, _photo(f"{size}.jpg", size))
    await expect(page.locator("#attached .attached-one")).to_have_count(4)
    await ada.write("Four.")
    places = """() => [...document.querySelectorAll(".pictures img")].map((image) => {
        const {top, left, width, height} = image.getBoundingClientRect();
        return [top + scrollY, left, width, height].map(Math.round);
    })"""
    await page.route("**/small", lambda route: route.abort())
    for width in (390, 1280):
        await page.set_viewport_size({"width": width, "height": 844})
        await page.reload()
        before = await page.evaluate(places)
        await page.unroute("**/small")
        await page.reload()
        await page.evaluate(
            """async () => {
                for (const image of document.images) {
                    image.loading = "eager";
                    await image.decode();
                }
            }"""
        )
        after = await page.evaluate(places)
        assert len(after) == len(before) == 5
        for one, other in zip(before, after, strict=True):
            # A picture's sides in whole pixels are not quite as one to the other.
            assert all(abs(a - b) <= 1 for a, b in zip(one, other, strict=True)), (width, other)
        await page.route("**/small", lambda route: route.abort())
    await page.unroute_all(behavior="wait")


async def test_everybody_can_use_it(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await ada.open("day/2026-11-01")
    await _choose(page, _file("x.txt", b"x"))
    await _attached(page, "x.txt")
    await ada.write("The day before.")
    await ada.open()
    await _choose(page, _photo("A long name of a photo that nobody has called anything.jpg"))
    await _choose(page, _file("letter.pdf", b"%PDF-1.7"), _file("x.heic", b"\0\0\0\x18ftypheic"))
    await expect(page.locator("#attached .attached-one")).to_have_count(2)
    await expect(page.locator(".attached-failed")).to_have_count(1)
    await check(ada, "photos that are being added")
    await page.get_by_role("button", name="Remove “x.heic”").click()
    await page.get_by_role("button", name="Remove “letter.pdf”").click()
    await _choose(page, _photo("one.jpg", (600, 800)))
    await expect(page.locator("#attached .attached-one")).to_have_count(2)
    await ada.write("words")
    await check(ada, "photos")
    day = page.url
    await page.click(".menu summary")
    await page.click(".menu-items a")
    await page.get_by_role("button", name="Remove “one.jpg”").click()
    await expect(page.locator(".attached-dropped")).to_have_count(1)
    await check(ada, "photos that are being taken off")
    await page.goto(day)
    await page.locator(".pictures a").first.click()
    await page.click(".picture-words summary")
    await check(ada, "a photo")
    await ada.open("settings")
    await check(ada, "settings")
    await ada.open("print")
    await check(ada, "days with photos to print")
