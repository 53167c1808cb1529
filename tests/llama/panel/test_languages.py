"""Which language the panel speaks to whom."""

import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import herdbook
from herdbook.journal.settings import Settings
from herdbook.llama.panel.pages import PACKAGE
from herdbook.web.languages import Languages, preferred
from herdbook.web.strings import Strings
from tests.llama.panel.stage import HTMX, PASSWORD, Browser, Stage

OFFERED = ("de", "en", "fr", "pt-br")
LANG = re.compile(r'<html lang="([\w-]+)" dir="ltr"')
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-at", "de"),
        ("pt-BR", "pt-br"),
        ("pt", None),
        ("nl, fr;q=0.4, de;q=0.8", "de"),
        ("fr;q=0.5, de;q=0.5", "fr"),
        ("de;q=0, fr;q=0.001", "fr"),
        ("de;q=0", None),
        ("*", None),
        ("sv, *;q=0.5, de;q=0.1", None),
        ("fr ; q=0.2 , de", "de"),
        ("de;q=2, fr", "fr"),
        ("de;q=nan, fr;q=inf", None),
        ("<script>, de", "de"),
        ("zh-Hant-TW", None),
        ("", None),
        (",", None),
    ],
)
def test_a_browsers_wish(asked: str, found: str | None) -> None:
    assert preferred(asked, OFFERED) == found


def test_what_can_be_chosen_is_what_there_is() -> None:
    choices = get_args(get_type_hints(Settings)["language"])
    assert sorted(words.language for words in Languages.load(PACKAGE)) == sorted(
        set(choices) - {"auto"}
    )


def test_a_language_is_found_by_what_a_browser_asks() -> None:
    languages = Languages.load(PACKAGE)
    assert languages.asked_for("en-GB,en;q=0.9") == "en"
    assert languages.asked_for("tlh") == "en"
    assert languages["en"]("app.language") == "English"


def test_numbers_are_grouped_as_the_language_does() -> None:
    words = Strings("xx", {"numbers": {"group": ".", "point": ","}, "of": "{count} of {name}"})
    assert words("of", count=1.52, name="x") == "1,5 of x"
    assert words("of", count=1234, name="Ada") == "1234 of Ada"
    assert words("of", count=1234567, name="9999999") == "1.234.567 of 9999999"


async def _language(browser: Browser, path: str, headers: dict[str, str] | None = None) -> str:
    found = LANG.search(await (await browser.get(path, headers=headers or {})).text())
    assert found, path
    return found[1]


async def test_before_anybody_signs_in_it_is_the_browsers(browser: Browser) -> None:
    for path in ("/sign-in", "/create", "/nowhere"):
        assert await _language(browser, path, GERMAN) == "de"
        assert await _language(browser, path) == "en"


async def test_a_choice_holds_on_every_device_and_over_locking(set_up: Stage, ada: Browser) -> None:
    assert await _language(ada, "/settings", GERMAN) == "de"
    assert (await ada.post("/settings", {"language": "nl", "lock_after_min": "15"})).status == 200
    assert await _language(ada, "/settings", GERMAN) == "nl"
    async with set_up.browser() as other:
        assert await _language(other, "/sign-in", GERMAN) == "de"
        await other.sign_in()
        assert await _language(other, "/settings", GERMAN) == "nl"
    await ada.post("/lock")
    assert await _language(ada, "/locked", GERMAN) == "nl", "it is still hers to unlock"
    await set_up.person("Ben")
    await ada.sign_in("Ben")
    assert await _language(ada, "/settings", GERMAN) == "de", "not Ben's choice"


async def test_the_door_of_a_page_answers_in_the_persons_language(
    set_up: Stage, ada: Browser
) -> None:
    await ada.post("/settings", {"language": "fr", "lock_after_min": "15"})
    async with set_up.browser() as other:
        form = {"name": "Ada", "secret": PASSWORD, "day": f"{set_up.today}", "text": "un mot"}
        answer = await other.post("/sign-in", form, headers=HTMX | GERMAN)
    french = Strings.load(PACKAGE, "fr")
    assert french("day.empty_today") in await answer.text()


async def test_each_language_is_named_in_itself(ada: Browser) -> None:
    page = await ada.page("/settings")
    for words in Languages.load(PACKAGE):
        assert (
            f'value="{words.language}" lang="{words.language}" dir="ltr">{words("app.language")}<'
            in page
        )


async def test_a_mistake_is_told_in_the_persons_language(ada: Browser, set_up: Stage) -> None:
    form = {"text": "x" * 100_001}
    answer = await ada.post(f"/day/{set_up.today}/entries", form, headers=GERMAN)
    assert answer.status == 422
    german = Strings.load(PACKAGE, "de")
    told = german("faults.entry_too_long", limit=100_000, length=100_001)
    assert "100.001" in told
    assert told in await answer.text()


def test_every_reason_has_its_words() -> None:
    source = "\n".join(
        path.read_text("utf-8") for path in Path(herdbook.__file__).parent.rglob("*.py")
    )
    reasons = set(re.findall(r'\breason="(\w+)"', source))
    assert len(reasons) > 10
    words = Strings.load(PACKAGE, "en")
    for reason in reasons:
        assert f"faults.{reason}" in words
        assert f"faults.{reason}_fix" in words
