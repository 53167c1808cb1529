"""The panel in the languages people read, in a real browser: none is cut off, none mixed."""

import re
from datetime import date
from string import ascii_letters

import pytest
from playwright.async_api import Browser, expect

from herdbook.llama.panel.pages import PACKAGE
from herdbook.web.languages import Languages
from herdbook.web.strings import Strings
from tests.e2e.pages import CUT_OFF, every_page
from tests.e2e.tab import Tab, tab
from tests.llama.panel.stage import PASSWORD, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنه"
LETTERS = str.maketrans(ascii_letters, 2 * ARABIC)


async def _fits(opened: Tab, name: str) -> None:
    for width in (320, 390):
        await opened.page.set_viewport_size({"width": width, "height": 844})
        assert await opened.page.evaluate(CUT_OFF) == [], (name, width)


async def _every_page(opened: Tab, paths: dict[str, str], words: Strings) -> None:
    """Each fits, its folds open too."""
    page = opened.page
    direction = words.direction
    for name in ("sign-in", "create"):
        await opened.open(name)
        assert await page.locator("html").get_attribute("dir") == direction
        await _fits(opened, name)
    await opened.sign_in()
    for name, path in paths.items():
        await opened.open(path)
        assert await page.locator("html").get_attribute("lang") == words.language
        await _fits(opened, name)
        folds = "document.querySelectorAll('details').forEach((one) => (one.open = true))"
        await page.evaluate(folds)
        await _fits(opened, f"{name}, unfolded")
    await opened.open("search")
    await page.fill("#query", "snow before:soon")
    await page.click(".search-form .primary")
    await expect(page.locator(".result")).to_have_count(1)
    await _fits(opened, "found")
    await opened.open("keys")
    await page.evaluate("document.querySelector('#code-fold').open = true")
    await page.fill("#code-secret", PASSWORD)
    await page.click("#code-fold .primary")
    await page.wait_for_url("**/keys/code")
    await _fits(opened, "new code")
    await opened.open("keys/confirm")
    await _fits(opened, "new code, typed back")
    await opened.open()
    await page.click(".bar-lock")
    await page.wait_for_url("**/locked")
    await _fits(opened, "locked")


@pytest.mark.parametrize("language", ["de", "nl", "fr", "es"])
async def test_every_page_fits_a_phone_in_every_language(
    chromium: Browser, set_up: Stage, language: str
) -> None:
    paths = await every_page(set_up)
    async with tab(chromium, set_up, locale=language) as opened:
        await _every_page(opened, paths, Strings.load(PACKAGE, language))


def _mirrored(text: str) -> str:
    """The words in letters that run from right to left; placeholders stay."""
    pieces = re.split(r"(\{\w+\})", text)
    return "".join(one if one.startswith("{") else one.translate(LETTERS) for one in pieces)


@pytest.fixture
def arabic(monkeypatch: pytest.MonkeyPatch) -> Strings:
    """English in Arabic letters, as one more language of the panel."""
    english = Strings.load(PACKAGE, "en")
    words = Strings("ar", {key: _mirrored(text) for key, text in english.texts()})
    monkeypatch.setattr(Languages, "load", lambda _package: Languages({"en": english, "ar": words}))
    return words


async def test_every_page_fits_a_phone_from_right_to_left(
    arabic: Strings, chromium: Browser, set_up: Stage
) -> None:
    paths = await every_page(set_up)
    async with tab(chromium, set_up, locale="ar") as opened:
        await _every_page(opened, paths, arabic)
        await opened.sign_in()
        back = await opened.page.locator(".day-steps [rel=prev]").bounding_box()
        on = await opened.page.locator(".day-steps [rel=next]").bounding_box()
        assert back
        assert on
        assert back["x"] > on["x"], "the day before is where one reads from"


async def test_german_before_and_after_signing_in_and_dutch_once_it_is_chosen(
    chromium: Browser, set_up: Stage
) -> None:
    await set_up.person("Ada")
    async with (
        tab(chromium, set_up, locale="de-DE") as phone,
        tab(chromium, set_up, locale="de-DE") as desk,
    ):
        for opened in (phone, desk):
            await opened.open()
            await expect(opened.page.locator("h1")).to_have_text("Öffne deinen Tresor")
            await opened.sign_in()
            await expect(opened.page.locator(".empty-title")).to_have_text("Eine leere Seite")
        await phone.open("settings")
        await phone.page.select_option("#language", label="Nederlands")
        await phone.page.click("form.form .primary")
        await expect(phone.page.locator("h1")).to_have_text("Instellingen")
        await desk.page.reload()
        await expect(desk.page.locator(".empty-title")).to_have_text("Een leeg blad")
        assert await desk.page.locator("html").get_attribute("lang") == "nl"
        await desk.page.click(".bar-lock")
        await expect(desk.page.locator("h1")).to_have_text("Vergrendeld")


DATES = {
    "de": ("Freitag", "1. Mai", "Mai 2026"),
    "nl": ("Vrijdag", "1 mei", "Mei 2026"),
    "fr": ("Vendredi", "1er mai", "Mai 2026"),
    "es": ("Viernes", "1 de mayo", "Mayo de 2026"),
}


@pytest.mark.parametrize("language", DATES)
async def test_dates_are_written_as_the_language_does(
    chromium: Browser, set_up: Stage, language: str
) -> None:
    await set_up.person("Ada")
    day = date(2026, 5, 1)
    weekday, short, month = DATES[language]
    async with tab(chromium, set_up, locale=language) as opened:
        await opened.sign_in()
        await opened.open(f"day/{day}")
        await expect(opened.page.locator(".day-weekday")).to_have_text(weekday)
        await expect(opened.page.locator(".day-date")).to_have_text(short)
        await opened.open("calendar/2026-05")
        await expect(opened.page.locator("h1")).to_have_text(month)
