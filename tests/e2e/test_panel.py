"""The panel in a real browser: no word is lost, nothing stays behind, everybody can use it."""

import asyncio
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Route, expect

from herdbook.journal.draft import Saving
from herdbook.vault.rotation import Rotation, rotate
from tests.e2e.tab import STORED, Tab, check, tab
from tests.llama.panel.herd_stage import herd_of
from tests.llama.panel.stage import PASSWORD, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _lock(set_up: Stage) -> None:
    """What the idle limit does."""
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)


async def test_from_nothing_to_a_journal(chromium: Browser, set_up: Stage) -> None:
    async with tab(chromium, set_up) as opened:
        page = opened.page
        await opened.open()
        await page.fill("#name", "Ada")
        await page.fill("#password", PASSWORD)
        await page.fill("#again", PASSWORD)
        await page.click("form .primary")
        await page.wait_for_url("**/create/code")
        code = await page.locator(".code span").all_inner_texts()
        await page.reload()
        assert await page.locator(".code span").all_inner_texts() == code
        await page.click("a.primary")
        await page.go_back()
        assert await page.locator(".code span").all_inner_texts() == code
        await page.go_forward()
        await page.fill("#code", " ".join(code).lower())
        await page.click("form .primary")
        await expect(page.get_by_text("A blank page")).to_be_visible()
        await page.go_back()
        assert "".join(code) not in "".join((await page.inner_text("body")).split())
        await opened.open()

        await page.fill("#words", "The first snow.")
        await page.click("#composer .primary")
        await opened.entries("The first snow.")
        await opened.status("Saved")
        await page.reload()
        await opened.entries("The first snow.")

        await page.click(".bar-lock")
        await page.wait_for_url("**/locked")
        await page.go_back()
        await expect(page.get_by_text("The first snow.")).to_have_count(0)
        await opened.sign_in("".join(code))
        await opened.entries("The first snow.")

        assert await page.evaluate(STORED) == []
        assert await page.evaluate("document.cookie") == "", "no script sees the session"
        assert opened.violations() == []
        for secret in (PASSWORD.split()[0], code[0], "Ada", "snow"):
            assert not any(secret.lower() in address.lower() for address in opened.addresses)


async def test_enter_sends_and_shift_enter_breaks_the_line(ada: Tab) -> None:
    await ada.page.locator("#words").press_sequentially("one")
    await ada.page.keyboard.press("Shift+Enter")
    await ada.page.keyboard.type("two")
    await ada.field_is("one\ntwo")
    await ada.page.keyboard.press("Enter")
    await ada.entries("one\ntwo")
    await ada.field_is("")
    await expect(ada.page.locator("#words")).to_be_focused()
    await ada.page.keyboard.press("Enter")
    await ada.page.keyboard.type("three")
    await ada.page.keyboard.press("Enter")
    await ada.entries("one\ntwo", "three")


async def test_on_a_touch_screen_enter_breaks_the_line_and_the_button_sends(
    chromium: Browser, set_up: Stage
) -> None:
    await set_up.person("Ada")
    phone = {"width": 390, "height": 844}
    async with tab(chromium, set_up, viewport=phone, has_touch=True, is_mobile=True) as opened:
        await opened.sign_in()
        await opened.page.locator("#words").press_sequentially("one")
        await opened.page.keyboard.press("Enter")
        await opened.page.keyboard.type("two")
        await opened.field_is("one\ntwo")
        await opened.page.tap("#composer .primary")
        await opened.entries("one\ntwo")


GAP = """() => document.querySelector(".composer").getBoundingClientRect().top
    - [...document.querySelectorAll(".entry")].at(-1).getBoundingClientRect().bottom"""
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}


@pytest.mark.parametrize("options", [PHONE, {"viewport": {"width": 1280, "height": 800}}])
async def test_what_was_just_written_is_in_sight(
    chromium: Browser, set_up: Stage, options: dict[str, Any]
) -> None:
    await set_up.person("Ada")
    async with tab(chromium, set_up, **options) as opened:
        page = opened.page
        await opened.sign_in()
        await opened.write_long_day()
        await opened.open()
        assert await page.evaluate(GAP) >= 0, "today opens at its end"
        await page.evaluate("scrollTo(0, 0)")
        await page.fill("#words", "The last line of the day.")
        await page.click("#composer .primary")
        await expect(page.locator(".entry")).to_have_count(13)
        async with asyncio.timeout(5):
            while await page.evaluate(GAP) < 0:  # it may scroll smoothly
                await asyncio.sleep(0.02)
        await expect(page.get_by_text("The last line of the day.")).to_be_in_viewport()

        await opened.open("day/2026-10-31")
        await opened.write_long_day()
        await page.goto("about:blank")
        await opened.open("day/2026-10-31")
        assert await page.evaluate("scrollY") == 0, "another day opens at its start"


async def test_no_time_shows_beside_the_writing_field(chromium: Browser, set_up: Stage) -> None:
    await set_up.person("Ada")
    async with tab(chromium, set_up, viewport={"width": 1280, "height": 800}) as opened:
        await opened.sign_in()
        await opened.write_long_day()
        await opened.open()
        beside = """() => [...document.querySelectorAll(".entry-when")].filter((when) => {
            const {left, top, height} = when.getBoundingClientRect();
            const below = document.elementFromPoint(left + 140, top + height / 2);
            return top > document.querySelector("#composer").getBoundingClientRect().top
                && top + height / 2 < innerHeight && !below.closest("#composer");
        }).length"""
        for place in range(0, 600, 40):
            await opened.page.evaluate(f"scrollTo(0, {place})")
            assert await opened.page.evaluate(beside) == 0


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_very_long_entry_unfolds_by_keyboard(
    chromium: Browser, set_up: Stage, scripts: bool
) -> None:
    opening = await set_up.person("Ada")
    day = set_up.today
    await set_up.vaults.journal(opening).add(day, "all work and no play\n" * 4_000)
    async with tab(chromium, set_up, java_script_enabled=scripts) as opened:
        await opened.sign_in()
        text, control = opened.page.locator(".entry-text"), opened.page.locator(".unfold summary")

        async def height() -> float:
            box = await text.bounding_box()
            assert box is not None
            return box["height"]

        assert await height() < 700
        await control.focus()
        await opened.page.keyboard.press("Enter")
        await expect(control.get_by_text("Show less")).to_be_visible()
        assert await height() > 50_000
        await opened.page.keyboard.press("Space")
        assert await height() < 700


async def test_what_the_house_writes_comes_in_and_disturbs_nothing(ada: Tab, set_up: Stage) -> None:
    page, opening = ada.page, await set_up.vaults.unlock("Ada", PASSWORD)
    person = opening.person
    await set_up.vaults.journal(opening).add(set_up.today, "line\n" * 60)
    await ada.write_long_day()
    await ada.open()
    await page.clock.install()
    await page.reload()
    await page.click(".unfold summary")
    await page.focus("#words")
    await page.keyboard.type("half a tho")
    await page.evaluate("scrollTo(0, 300)")
    await set_up.vaults.drop(person, "The engineer came.", day=None, source="Home Assistant")
    await page.clock.run_for(10_500)
    await expect(page.locator(".entry-text").last).to_have_text("The engineer came.")
    await expect(page.locator("#arrived")).to_have_text(
        "New entry: Written at 01:00 from Home Assistant"
    )
    await expect(page.locator("#words")).to_be_focused()
    await ada.field_is("half a tho")
    await expect(page.locator(".unfold")).to_have_attribute("open", "")
    assert await page.evaluate("scrollY") == 300
    await page.keyboard.press("Enter")
    await expect(page.locator(".entry-text").last).to_have_text("half a tho")
    await expect(page.locator(".unfold")).to_have_attribute("open", "")


async def test_an_open_page_asks_only_while_it_is_seen_and_seldom_when_nobody_answers(
    ada: Tab,
) -> None:
    page = ada.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/house" in request.url else 0)
    await page.clock.install()
    await page.reload()
    for count in range(1, 4):
        async with page.expect_response("**/house?*"):
            await page.clock.run_for(10_000)
        assert len(asked) == count
    await page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true})"
    )
    await page.clock.run_for(60_000)
    assert len(asked) == 3
    await page.evaluate("delete document.hidden")
    await page.context.set_offline(True)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    for _ in range(30):
        await page.clock.run_for(10_000)
    assert 2 <= len(asked) - 3 <= 6, "in five minutes"


async def test_the_field_grows_with_its_text(ada: Tab) -> None:
    words = ada.page.locator("#words")
    before = await words.bounding_box()
    await words.fill("line\n" * 6)
    after = await words.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > before["height"] + 100


async def test_a_page_takes_in_the_last_words_that_it_overtook(ada: Tab, set_up: Stage) -> None:
    """The last word of a page that goes may arrive after the next page was asked for."""
    journal = set_up.vaults.journal(await set_up.vaults.unlock("Ada", PASSWORD))

    async def late(text: str) -> None:
        await journal.save_draft(Saving("a" * 32, "the page before", 0, set_up.today, text))

    page = ada.page
    await page.clock.install()
    await ada.open()
    await late("come late")
    await page.clock.run_for(500)
    await ada.field_is("come late")
    await late("come later still")
    await page.clock.run_for(2_000)
    await ada.field_is("come later still")
    # Who types is not interrupted.
    await page.reload()
    await page.focus("#words")
    await page.keyboard.type("!")
    await late("too late")
    await page.clock.run_for(400)
    await ada.field_is("come later still!")


async def test_a_draft_survives_a_reload_and_a_closed_tab(ada: Tab) -> None:
    await ada.page.locator("#words").press_sequentially("half a tho")
    await ada.status("Draft saved")
    await ada.page.reload()
    await ada.field_is("half a tho")
    await ada.page.keyboard.type("ught")
    await ada.page.goto("about:blank")  # at once: no pause in which a draft would be saved
    await ada.open()
    await ada.field_is("half a thought")
    await ada.page.keyboard.type(", and")
    await ada.page.reload()
    await ada.field_is("half a thought, and")
    assert await ada.page.evaluate(STORED) == []


async def test_a_save_that_fails_keeps_the_text_and_says_so(ada: Tab, set_up: Stage) -> None:
    await set_up.server.close()
    await ada.page.fill("#words", "do not lose me")
    await ada.page.keyboard.press("Enter")
    await ada.status("Not saved. Your words are still here: send them again.")
    await ada.field_is("do not lose me")
    assert await ada.page.evaluate(STORED) == []


async def test_what_could_not_be_saved_is_saved_by_itself_later(ada: Tab) -> None:
    await ada.page.context.set_offline(True)
    await ada.page.fill("#words", "in the cellar")
    await ada.status("Not saved yet. Your words are still here; trying again…")
    await ada.page.context.set_offline(False)
    await ada.status("Draft saved")
    await ada.page.reload()
    await ada.field_is("in the cellar")


async def test_an_answer_that_gets_lost_doubles_nothing(ada: Tab) -> None:
    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await ada.page.route("**/entries", lose)
    await ada.page.fill("#words", "said once")
    await ada.page.keyboard.press("Enter")
    await ada.status("Not saved. Your words are still here: send them again.")
    await ada.page.unroute("**/entries")
    await ada.page.keyboard.press("Enter")
    await ada.entries("said once")
    await ada.field_is("")


async def test_what_is_typed_while_sending_stays(ada: Tab) -> None:
    async def hesitate(route: Route) -> None:
        await ada.page.keyboard.type(" and more")
        await route.continue_()

    await ada.page.route("**/entries", hesitate)
    await ada.page.fill("#words", "sent")
    await ada.page.keyboard.press("Enter")
    await ada.entries("sent")
    await ada.field_is(" and more")
    await ada.status("Draft saved")


async def test_the_lock_button_keeps_what_was_just_typed(ada: Tab) -> None:
    await ada.page.locator("#words").press_sequentially("one more thing")
    await ada.page.click(".bar-lock")
    await ada.page.wait_for_url("**/locked")
    await ada.sign_in()
    await ada.field_is("one more thing")


async def test_an_entry_too_long_is_told_while_it_is_typed_and_never_sent_again(ada: Tab) -> None:
    text = "x" * 100_001
    notice = ada.page.locator("#notice")
    await ada.page.fill("#words", text)
    await expect(notice).to_contain_text("An entry holds 100,000 characters, and this is longer.")
    await ada.status("Draft saved")
    await ada.page.press("#words", "Enter")
    await expect(notice).to_contain_text("this has 100,001. Split it into several entries.")
    await ada.status("Not saved")
    await ada.field_is(text)
    await ada.page.press("#words", "Backspace")
    await ada.status("Draft saved")
    await expect(notice).to_be_empty()
    await ada.page.press("#words", "Enter")
    await ada.entries(text[1:])


async def test_a_text_too_long_to_keep_stays_and_says_so(ada: Tab) -> None:
    text = "far too long " * 20_000
    await ada.page.fill("#words", text)
    await expect(ada.page.locator("#notice")).to_contain_text("Split it into several entries.")
    await ada.field_is(text)
    await ada.status("Not saved")
    await ada.page.fill("#words", "short")
    await ada.status("Draft saved")
    await expect(ada.page.locator("#notice")).to_be_empty()


async def test_when_the_vault_locks_under_the_page_what_is_sent_is_sealed(
    ada: Tab, set_up: Stage
) -> None:
    await ada.page.fill("#words", "before")
    await ada.page.keyboard.press("Enter")
    await ada.entries("before")
    await _lock(set_up)
    await ada.page.fill("#words", "while locked")
    await ada.page.keyboard.press("Enter")
    await ada.status("Sealed into your inbox")
    await expect(ada.page.locator("#door-title")).to_have_text("Sealed into your inbox")
    await ada.entries()
    await ada.page.fill("#door-secret", PASSWORD)
    await ada.page.keyboard.press("Enter")
    await ada.entries("before", "while locked")
    assert ada.violations() == []


async def test_unlocking_in_place_keeps_the_writing_field(ada: Tab, set_up: Stage) -> None:
    await _lock(set_up)
    await ada.page.locator("#words").press_sequentially("a long thought")
    await expect(ada.page.locator("#door-title")).to_have_text("Your vault is locked")
    await ada.status("Not saved: the vault is closed. Open it, or send these words sealed.")
    await ada.page.fill("#door-secret", "not the password")
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.locator("#door-notice")).to_contain_text("open no vault here")
    await ada.page.fill("#door-secret", PASSWORD)
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.locator("#door-title")).to_have_count(0)
    await ada.field_is("a long thought")
    await ada.page.reload()
    await ada.field_is("a long thought")


async def test_words_left_on_a_locked_page_are_sealed(ada: Tab, set_up: Stage) -> None:
    await _lock(set_up)
    await ada.page.locator("#words").press_sequentially("left behind")
    await expect(ada.page.locator("#door-title")).to_be_visible()
    await ada.page.goto("about:blank")
    await ada.open()
    await expect(ada.page.locator("#door-title")).to_have_text("Sealed into your inbox")
    await ada.page.fill("#door-secret", PASSWORD)
    await ada.page.keyboard.press("Enter")
    await ada.field_is("left behind")
    await ada.entries()
    await ada.page.reload()
    await ada.field_is("left behind")


async def test_an_entry_is_changed_moved_and_given_back_its_words(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await ada.write("The first snw.")
    await page.click(".menu summary")
    await page.click(".menu-items >> text=Change")
    await ada.field_is("The first snw.")
    await expect(page.locator(".changing")).to_contain_text("You are changing the entry of")
    # Half changed, and gone: it is there again.
    await page.fill("#words", "The first sno")
    await ada.status("Draft saved")
    await page.reload()
    await ada.field_is("The first sno")
    await ada.open()
    await ada.field_is("")
    await expect(page.locator(".entry-note")).to_contain_text("You have begun to change this.")
    await page.click("text=Go on writing")
    await page.fill("#words", "The first snow.")
    await page.click("#composer .primary")
    await ada.entries("The first snow.")
    await ada.field_is("")
    await expect(page.locator(".entry-note")).to_have_count(0)
    await page.click(".entry-changed")
    await ada.entries("The first snow.", "The first snw.")
    await page.go_back()
    # Another day.
    await page.click(".menu summary")
    await page.click(".menu-items >> text=Change")
    await page.fill("#to", "2026-10-31")
    await page.click("#composer .primary")
    await page.wait_for_url("**/day/2026-10-31#entry-*")
    await ada.entries("The first snow.")
    # Left as it was.
    await page.click(".menu summary")
    await page.click(".menu-items >> text=Change")
    await page.fill("#words", "no")
    await page.click("text=Leave it as it was")
    await ada.entries("The first snow.")
    await ada.field_is("")
    await page.reload()
    await expect(page.locator(".entry-note")).to_have_count(0)
    assert ada.violations() == []


async def test_a_change_survives_a_lock_in_the_middle_of_it(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await ada.write("before")
    await page.click(".menu summary")
    await page.click(".menu-items >> text=Change")
    await _lock(set_up)
    await page.fill("#words", "before and after")
    await expect(page.locator("#door-title")).to_be_visible()
    await ada.field_is("before and after")
    await page.click("#composer .primary")
    await expect(page.locator("#door-title")).to_have_text("Sealed into your inbox")
    await ada.field_is("")
    await page.fill("#door-secret", PASSWORD)
    await page.keyboard.press("Enter")
    await ada.entries("before")
    await page.click("text=Go on writing")
    await ada.field_is("before and after")
    await page.click("#composer .primary")
    await ada.entries("before and after")


async def test_an_entry_is_deleted_and_brought_back_by_keyboard(ada: Tab) -> None:
    page = ada.page
    await ada.write("one")
    await page.focus(".menu summary")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await ada.entries()
    await expect(page.locator(".entry-deleted")).to_contain_text("is deleted")
    await page.click("text=Bring it back")
    await ada.entries("one")
    await page.focus(".menu summary")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await expect(page.locator(".menu[open]")).to_have_count(0)


async def test_deleting_and_bringing_back_leave_the_keyboard_at_that_entry(
    ada: Tab, set_up: Stage
) -> None:
    page = ada.page
    await ada.write("one")
    set_up.clock.advance(60_000)
    await ada.write("two")
    menu = page.locator(".entry").first.locator(".menu summary")
    await menu.press("Enter")
    await page.get_by_role("button", name="Delete").locator("visible=true").press("Enter")
    await expect(page.get_by_role("button", name="Bring it back")).to_be_focused()
    await page.keyboard.press("Enter")
    await ada.entries("one", "two")
    await expect(menu).to_be_focused()


async def test_two_windows_keep_both_texts_and_say_so(ada: Tab, chromium: Browser) -> None:
    page = ada.page
    await page.fill("#words", "The snow")
    await ada.status("Draft saved")
    other = await page.context.new_page()
    await other.goto(ada.url)
    await expect(other.locator("#words")).to_have_value("The snow")
    await other.fill("#words", "The snow fell.")
    await expect(other.locator("#status")).to_have_text("Draft saved")
    await page.fill("#words", "The snow melted.")
    await expect(page.locator("#notice")).to_contain_text("Both are kept")
    await page.fill("#words", "The snow melted soon.")
    await ada.status("Draft saved")
    await other.close()
    await page.reload()
    await ada.field_is("The snow melted soon.")
    await expect(page.locator(".entry-unfinished")).to_contain_text("The snow fell.")
    await page.click("text=Go on writing")
    await ada.field_is("The snow fell.")
    await page.click("#composer .primary")
    await ada.entries("The snow fell.")
    await page.reload()
    await ada.field_is("The snow melted soon.")


async def test_one_touch_throws_no_words_away(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await page.set_viewport_size({"width": 390, "height": 500})
    await ada.write_long_day()
    journal = set_up.vaults.journal(await set_up.vaults.unlock("Ada", PASSWORD))
    for number in range(2):
        saving = Saving(f"{number:032x}", "a page", 0, set_up.today, f"half a thought {number}")
        assert await journal.save_draft(saving)
    await page.reload()
    await expect(page.locator(".entry-unfinished")).to_have_count(1)
    await page.click("text=Throw away…")
    button = page.get_by_role("button", name="Yes, for good")
    await expect(button).to_be_in_viewport()
    below, field = await button.bounding_box(), await page.locator("#composer").bounding_box()
    assert below
    assert field
    assert below["y"] + below["height"] <= field["y"], "not beneath the writing field"
    await expect(page.locator(".entry-unfinished")).to_have_count(1)
    await page.click("text=Yes, for good")
    await expect(page.locator(".entry-unfinished")).to_have_count(0)


async def test_markdown_stands_as_it_is_meant(ada: Tab) -> None:
    text = "# Sunday\n- [x] bread :bread:\n\n|a|b|\n|-|-:|\n|1|2|\n\n<img src=x onerror=alert(1)>"
    await ada.write(text)
    entry = ada.page.locator(".entry-text")
    await expect(entry.get_by_role("heading", name="Sunday")).to_be_visible()
    await expect(entry.get_by_role("checkbox", name="bread 🍞")).to_be_checked()
    await expect(entry.get_by_role("cell", name="2")).to_have_css("text-align", re.compile("right"))
    await expect(entry).to_contain_text("<img src=x onerror=alert(1)>")
    assert ada.violations() == []


async def test_the_calendar_by_keyboard(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await ada.write("here")
    await page.click(".day-head [href*='/calendar/']")
    await expect(page.get_by_role("heading", level=1)).to_have_text("November 2026")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("link", name="Monday, 2 November 2026, 1 entry")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_role("link", name="Sunday, 8 November 2026")).to_be_focused()
    await page.keyboard.press("PageUp")
    await expect(page.get_by_role("heading", level=1)).to_have_text("October 2026")
    await page.focus("#heatmap")
    await expect(page.locator(".heat-said span")).to_have_text("Monday, 2 November 2026, 1 entry")
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator("#heatmap")).to_be_focused()
    await page.click(".months >> text=Nov")
    await page.click("text=2 >> nth=0")
    assert ada.violations() == []


async def _traced(set_up: Stage, *entries: tuple[int, str, list[str]]) -> None:
    """Entries of so many days ago, with their traces."""
    journal = set_up.vaults.journal(await set_up.vaults.unlock("Ada", PASSWORD))
    for back, text, names in entries:
        entry = await journal.add(set_up.today - timedelta(days=back), text)
        assert entry is not None
        for name in names:
            await journal.traces.add(entry.id, name)


async def test_traces_are_given_and_taken_off_by_keyboard(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await _traced(set_up, (1, "yesterday", ["Café Kobus", "snow", "a trace <b>"]))
    await ada.write("The first snow.")
    await page.fill("#words", "half a thought")
    await page.focus(".trace-add summary")
    await page.keyboard.press("Enter")
    field = page.get_by_role("combobox", name="New trace for the entry of 01:00")
    await expect(field).to_be_focused()
    options = page.get_by_role("listbox", name="Traces there are").get_by_role("option")
    await expect(options).to_have_text(["a trace <b>", "Café Kobus", "snow"])
    await page.keyboard.type("cafe")
    await expect(options).to_have_text(["Café Kobus"])
    await page.keyboard.press("ArrowDown")
    await expect(options).to_have_attribute("aria-selected", "true")
    active = await field.get_attribute("aria-activedescendant")
    assert active == await options.get_attribute("id")
    await page.keyboard.press("Enter")
    chips = page.locator(".chip")
    await expect(chips).to_have_text(["Café Kobus"])
    await expect(field).to_be_focused()
    await expect(field).to_have_value("")
    await page.keyboard.type("walk")
    await page.keyboard.press("Enter")
    await expect(chips).to_have_text(["Café Kobus", "walk"])
    await page.get_by_role("button", name="Remove the trace “Café Kobus”").press("Enter")
    await expect(chips).to_have_text(["walk"])
    await expect(page.locator(".trace-add summary")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(field).to_be_hidden()
    # The composer has not noticed.
    await ada.field_is("half a thought")
    await expect(page.locator(".entry-unfinished")).to_have_count(0)
    await page.reload()
    await expect(chips).to_have_text(["walk"])
    assert ada.violations() == []
    assert await page.evaluate(STORED) == []
    assert not any(word in "".join(ada.addresses) for word in ("Caf", "caf", "walk", "snow"))


async def test_a_trace_is_typed_on_while_news_come_in(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await ada.write("here")
    await page.clock.install()
    await page.reload()
    await page.click(".trace-add summary")
    await page.keyboard.type("sno")
    journal = set_up.vaults.journal(await set_up.vaults.unlock("Ada", PASSWORD))
    (entry,) = await journal.on_day(set_up.today)
    await journal.traces.add(entry.id, "from elsewhere")
    async with page.expect_response("**/house?*"):
        await page.clock.run_for(10_500)
    field = page.get_by_role("combobox")
    await expect(field).to_be_focused()
    await expect(field).to_have_value("sno")
    await page.keyboard.type("w")
    await page.keyboard.press("Enter")
    await expect(page.locator(".chip")).to_have_text(["from elsewhere", "snow"])


async def test_an_offer_is_taken_by_touch_and_a_name_without_scripts(
    chromium: Browser, set_up: Stage
) -> None:
    await set_up.person("Ada")
    await _traced(set_up, (0, "one", ["snow"]), (0, "two", []))
    async with tab(chromium, set_up, **PHONE) as opened:
        await opened.sign_in()
        await opened.page.locator(".trace-add summary").last.tap()
        await opened.page.get_by_role("option", name="snow").tap()
        await expect(opened.page.locator(".chip")).to_have_text(["snow", "snow"])
    async with tab(chromium, set_up, java_script_enabled=False) as opened:
        page = opened.page
        await opened.sign_in()
        await page.locator(".trace-add summary").last.click()
        await page.locator(".trace-add input").last.fill("walk")
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(page.locator(".chip")).to_have_text(["snow", "snow", "walk"])
        await page.locator(".trace-add summary").last.click()
        await page.get_by_role("button", name="Remove the trace “walk”").click()
        await expect(page.locator(".chip")).to_have_text(["snow", "snow"])
        await page.locator(".chip a").first.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Trace snow")
        await page.click("text=All traces")
        await page.fill("#filter", "nothing like it")
        await page.press("#filter", "Enter")
        await expect(page.get_by_text("No trace is called that.")).to_be_visible()


async def test_the_traces_are_filtered_and_followed(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    entries = [(back, f"day {back}", ["snow"]) for back in range(30)]
    await _traced(set_up, *entries, (400, "long ago", ["Äpfel", "snow"]), (2, "old", ["äpfel"]))
    await page.click(".day-head [href$='/traces']")
    names = page.locator(".use-name")
    await expect(names).to_have_text(["snow", "Äpfel"])
    await page.locator("#filter").press_sequentially("apf")
    await expect(names).to_have_text(["Äpfel"])
    await page.click(".sorts >> text=By name")
    await expect(page.locator(".sorts [aria-current]")).to_have_text("By name")
    await expect(names).to_have_text(["Äpfel"])
    await page.fill("#filter", "")
    await expect(names).to_have_text(["Äpfel", "snow"])
    await names.last.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Trace snow")
    articles = page.locator("article")
    await expect(articles).to_have_count(20)
    await page.locator(".older").scroll_into_view_if_needed()
    await expect(articles).to_have_count(31)
    await page.get_by_role("link", name="Äpfel", exact=True).first.click()
    await page.wait_for_load_state()
    await page.locator(".traced-day a").first.click()
    await page.wait_for_url("**/day/*")
    assert ada.violations() == []
    assert await page.evaluate(STORED) == []
    assert not any("pf" in address for address in ada.addresses)


async def test_the_heatmap_by_keyboard(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await _traced(
        set_up, (0, "a", ["snow"]), (0, "b", ["snow"]), (1, "c", ["snow"]), (60, "d", ["snow"])
    )
    await ada.open("traces")
    await page.click(".use-name")
    heatmap = page.get_by_role("grid", name="How many entries have the trace “snow”, day by day")
    said = page.locator(".heat-said span")
    await expect(
        page.get_by_role("gridcell", name="Monday, 2 November 2026, 2 entries")
    ).to_have_count(1)
    await heatmap.focus()
    await expect(said).to_have_text("Monday, 2 November 2026, 2 entries")
    for key, text in (
        ("ArrowLeft", "Sunday, 1 November 2026, 1 entry"),
        ("ArrowUp", "Thursday, 3 September 2026, 1 entry"),
        ("ArrowLeft", "Thursday, 3 September 2026, 1 entry"),
        ("ArrowDown", "Monday, 2 November 2026, 2 entries"),
        ("Home", "Thursday, 3 September 2026, 1 entry"),
        ("End", "Monday, 2 November 2026, 2 entries"),
        ("Home", "Thursday, 3 September 2026, 1 entry"),
    ):
        await page.keyboard.press(key)
        await expect(said).to_have_text(text)
        cell = await heatmap.get_attribute("aria-activedescendant")
        await expect(page.locator(f"#{cell}")).to_have_text(text)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/day/2026-09-03")
    await page.go_back()
    await page.get_by_role("link", name="Sep 2026", exact=True).click()
    await expect(page.locator("article")).to_have_count(1)
    await page.click("text=Back to the newest")
    await expect(page.locator("article")).to_have_count(4)
    assert ada.violations() == []


async def test_traces_are_renamed_merged_and_deleted(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await page.set_viewport_size({"width": 390, "height": 500})  # above a phone's keyboard
    await _traced(set_up, (0, "a", ["snw"]), (1, "b", ["snow", "ice"]), (2, "c", ["hail"]))
    await ada.open("traces")
    heading = page.get_by_role("heading", level=1)

    async def change(name: str) -> None:
        await ada.open("traces")
        await page.click(f".use-name >> text='{name}'")
        await page.click(".changes > summary")

    await change("snw")
    await page.fill("#new-name", "x" * 41)
    await page.press("#new-name", "Enter")
    await expect(page.get_by_role("alert")).to_contain_text("at most 40 characters")
    await page.fill("#new-name", "SNOW")
    await page.press("#new-name", "Enter")
    await expect(page.locator("#clash")).to_contain_text("There is a trace “snow” already")
    await expect(page.locator("#clash button")).to_be_in_viewport()
    await page.fill("#new-name", "Slush")
    await page.press("#new-name", "Enter")
    await expect(heading).to_have_text("Trace Slush")
    await page.click(".changes > summary")
    await page.locator("#merge-into").press_sequentially("sn")
    await page.get_by_role("option", name="snow").click()
    await expect(page.locator("#merge-into")).to_have_value("snow")
    await page.press("#merge-into", "Enter")
    await expect(heading).to_have_text("Trace snow")
    await expect(page.locator("article")).to_have_count(2)

    await change("hail")
    await page.click(".deletion summary")
    await expect(page.locator(".deletion")).to_contain_text("“hail” is taken off 1 entry.")
    await page.click(".deletion button")
    await page.wait_for_url("**/traces")
    await expect(page.locator(".use-name")).to_have_text(["snow", "ice"])
    assert ada.violations() == []
    assert await page.evaluate(STORED) == []


async def test_a_traces_page_left_open_closes_with_its_vault(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await _traced(set_up, (0, "for my eyes", ["snow"]))
    await ada.open("traces")
    for step in (".use-name", ".entry-when a"):
        await page.clock.install()
        await page.reload()
        await expect(page.locator("main")).to_contain_text("snow")
        async with page.expect_response("**/watch"):
            await page.clock.run_for(10_500)
        await page.click(step)
    await page.go_back()
    await expect(page.locator("main")).to_contain_text("for my eyes")
    await _lock(set_up)
    await page.clock.run_for(10_500)
    await expect(page.locator("#door-title")).to_have_text("Your vault is locked")


async def test_a_swipe_turns_the_page(chromium: Browser, set_up: Stage) -> None:
    await set_up.person("Ada")
    phone = {"width": 390, "height": 844}
    async with tab(chromium, set_up, viewport=phone, has_touch=True, is_mobile=True) as opened:
        await opened.sign_in()
        page = opened.page
        swipe = """([x, y]) => {
            const body = document.body;
            const at = (clientX, clientY) =>
                [new Touch({identifier: 1, target: body, clientX, clientY})];
            const tell = (name, touches) => body.dispatchEvent(
                new TouchEvent(name, {bubbles: true, touches, changedTouches: touches}));
            tell("touchstart", at(200, 300));
            tell("touchend", at(200 + x, 300 + y));
        }"""
        before = page.url
        await page.evaluate(swipe, [40, 0])
        await page.evaluate(swipe, [120, 100])
        assert page.url == before, "too short, or a scroll"
        await page.evaluate(swipe, [120, 10])
        await page.wait_for_url(f"**/day/{set_up.today - timedelta(days=1)}")
        await page.evaluate(swipe, [-120, 0])
        await page.wait_for_url(f"**/day/{set_up.today}")


async def test_a_restarted_llama_costs_no_word(ada: Tab) -> None:
    await ada.page.context.clear_cookies()  # sessions are in memory only
    await ada.page.locator("#words").press_sequentially("still here")
    await expect(ada.page.locator("#door-title")).to_have_text("You are signed out")
    await ada.page.fill("#door-name", "Ada")
    await ada.page.fill("#door-secret", PASSWORD)
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.locator("#door-title")).to_have_count(0)
    await ada.field_is("still here")
    await ada.page.click("#composer .primary")
    await ada.entries("still here")


async def test_the_door_knows_whose_page_it_closed(ada: Tab) -> None:
    await ada.page.context.clear_cookies()
    await ada.page.locator("#words").press_sequentially("still here")
    await expect(ada.page.locator("#door-name")).to_have_value("Ada")
    assert not any("Ada" in address for address in ada.addresses)
    await ada.page.fill("#door-secret", PASSWORD)
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.locator("#door-title")).to_have_count(0)
    await ada.page.click(".bar-lock")
    await ada.page.wait_for_url("**/locked")
    await expect(ada.page.locator("#name")).to_have_value("Ada")
    await expect(ada.page.locator("#secret")).to_be_focused()


async def test_a_form_that_failed_is_no_page_to_go_back_to(
    chromium: Browser, set_up: Stage
) -> None:
    async with tab(chromium, set_up, **PHONE) as opened:
        page = opened.page
        await opened.open("create")
        await page.fill("#name", "Ada")
        await page.fill("#password", PASSWORD)
        await page.fill("#again", PASSWORD + "!")
        await page.tap("form .primary")
        await expect(page.get_by_role("alert")).to_contain_text("The two passwords differ.")
        await expect(page.get_by_role("alert")).to_be_in_viewport(ratio=1)
        await expect(page.locator("#password")).to_be_focused()
        await page.fill("#password", PASSWORD)
        await page.fill("#again", PASSWORD)
        await page.tap("form .primary")
        await page.wait_for_url("**/create/code")
        await page.go_back()
        await expect(page.get_by_text("A vault is half made")).to_be_visible()
        await page.go_forward()
        code = "".join(await page.locator(".code span").all_inner_texts())
        await page.tap("a.primary")
        await page.locator("#code").press_sequentially(code[:10].lower())
        assert await page.input_value("#code") == f"{code[:4]} {code[4:8]} {code[8:10]}".lower()
        await page.tap("form .primary")
        await expect(page.get_by_role("alert")).to_contain_text("22 of 32")
        await expect(page.locator("#code")).to_be_focused()
        await page.fill("#code", code)
        await page.tap("form .primary")
        await page.wait_for_url("**/day/*")

        await page.tap(".bar-lock")
        await page.wait_for_url("**/locked")
        await page.fill("#secret", "wrong")
        await page.tap("form .primary")
        await expect(page.locator("#door-notice")).to_contain_text("open no vault here")
        await expect(page.locator("#name")).to_have_value("Ada")
        await page.fill("#secret", PASSWORD)
        await page.tap("form .primary")
        await page.wait_for_url("**/day/*")
        await page.go_back()
        await page.wait_for_url("**/day/*")
        assert opened.violations() == []


async def test_a_form_that_gets_no_answer_says_so(chromium: Browser, set_up: Stage) -> None:
    await set_up.person("Ada")
    async with tab(chromium, set_up) as opened:
        await opened.open("sign-in")
        await opened.page.context.set_offline(True)
        await opened.page.fill("#name", "Ada")
        await opened.page.fill("#secret", PASSWORD)
        await opened.page.press("#secret", "Enter")
        await expect(opened.page.get_by_role("alert")).to_contain_text("does not answer")
        await opened.page.context.set_offline(False)
        await opened.page.press("#secret", "Enter")
        await expect(opened.page.locator("#words")).to_be_visible()


async def test_the_code_page_prints_itself(chromium: Browser, set_up: Stage) -> None:
    for scripts in (True, False):
        async with tab(chromium, set_up, java_script_enabled=scripts) as opened:
            page = opened.page
            await opened.open("create")
            await page.fill("#name", "Ada")
            await page.fill("#password", PASSWORD)
            await page.fill("#again", PASSWORD)
            await page.click("form .primary")
            await page.wait_for_url("**/create/code")
            button = page.locator("[data-print]")
            await expect(button).to_be_visible(visible=scripts)
            if scripts:
                await page.evaluate("window.print = () => document.body.append('printed')")
                await button.click()
                await expect(page.get_by_text("printed")).to_be_visible()


async def test_a_page_left_open_closes_with_its_vault(ada: Tab, set_up: Stage) -> None:
    await ada.page.fill("#words", "for my eyes")
    await ada.page.keyboard.press("Enter")
    await ada.entries("for my eyes")
    await _lock(set_up)
    await ada.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(ada.page.locator("#door-title")).to_have_text("Your vault is locked")
    await ada.entries()


async def test_over_plain_http_in_the_home_network_forms_work(
    chromium: Browser, set_up: Stage
) -> None:
    """Browsers send no Sec-Fetch-Site there: the Origin header has to do."""
    await set_up.person("Ada")
    async with tab(chromium, set_up, host="journal.example") as opened:
        await opened.sign_in()
        assert not await opened.page.evaluate("isSecureContext")
        await opened.page.fill("#words", "from the sofa")
        await opened.page.keyboard.press("Enter")
        await opened.entries("from the sofa")


async def test_without_scripts_a_journal_can_be_kept(chromium: Browser, set_up: Stage) -> None:
    await set_up.person("Ada")
    async with tab(chromium, set_up, java_script_enabled=False) as opened:
        await opened.sign_in()
        await opened.page.fill("#words", "plain")
        await opened.page.click("#composer .primary")
        await opened.entries("plain")
        await _lock(set_up)
        await opened.page.fill("#words", "sealed")
        await opened.page.click("#composer .primary")
        await expect(opened.page.locator("#door-title")).to_have_text("Sealed into your inbox")
        await opened.page.fill("#door-secret", PASSWORD)
        await opened.page.click(".door .primary")
        await opened.entries("plain", "sealed")


async def test_keys_are_changed_on_a_phone(
    chromium: Browser, set_up: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Password, then a new key that takes its time, then lock everywhere; nothing is lost."""
    await set_up.person("Ada")
    resume = threading.Event()

    def slow(folder: Path, new: Rotation, *, progress: Callable[[int, int], None]) -> None:
        progress(1, 4)
        resume.wait(30)
        rotate(folder, new, progress=progress)

    monkeypatch.setattr("herdbook.llama.keys.rotate", slow)
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    async with tab(chromium, set_up, **phone) as opened, tab(chromium, set_up) as other:
        page = opened.page
        await opened.sign_in()
        await other.sign_in()
        await page.fill("#words", "The first snow.")
        await page.tap("#composer .primary")
        await opened.entries("The first snow.")

        await page.tap("nav >> text=Settings")
        await page.tap("nav >> text=Password, recovery code and keys")
        await page.tap("#password-fold summary")
        await page.fill("#password-secret", PASSWORD)
        for name in ("new", "again"):
            await page.fill(f"#password-{name}", "entirely different words")
        await page.tap("#password-fold .primary")
        await expect(page.get_by_role("status")).to_contain_text("Your password is changed.")
        await other.page.reload()
        await expect(other.page).to_have_url(re.compile("/sign-in$"))

        await page.tap("#rotation-fold summary")
        await page.fill("#rotation-secret", "entirely different words")
        await page.tap("#rotation-fold .primary")
        await page.wait_for_url("**/keys/code")
        code = " ".join(await page.locator(".code span").all_inner_texts())
        await page.tap("a.primary")
        await page.wait_for_url("**/keys/confirm")
        await page.fill("#code", code)
        await page.tap("form .primary")
        await expect(page.get_by_role("progressbar")).to_have_attribute("value", "25")
        await check(opened, "progress")
        resume.set()
        await expect(page.get_by_role("status")).to_contain_text("sealed with the new key")
        await opened.open()
        await opened.entries("The first snow.")

        await opened.open("keys")
        await page.tap("#lock-fold summary")
        await page.tap("#lock-fold .primary")
        await page.wait_for_url("**/locked")
        await opened.sign_in(code)
        await opened.entries("The first snow.")
        assert opened.violations() == []
        assert await page.evaluate(STORED) == []
        for address in opened.addresses:
            assert code[:4] not in address


async def test_everybody_can_use_every_page(chromium: Browser, set_up: Stage) -> None:
    async with tab(chromium, set_up, viewport={"width": 390, "height": 844}) as opened:
        page = opened.page
        await opened.open("create")
        await check(opened, "create")
        await page.fill("#name", "Ada")
        await page.fill("#password", PASSWORD)
        await page.fill("#again", PASSWORD + "!")
        await page.click("form .primary")
        await expect(page.locator("#wrong")).to_be_visible()
        await check(opened, "create, refused")
        await page.fill("#password", PASSWORD)
        await page.fill("#again", PASSWORD)
        await page.click("form .primary")
        await page.wait_for_url("**/create/code")
        await check(opened, "code")
        code = " ".join(await page.locator(".code span").all_inner_texts())
        await page.click("a.primary")
        await page.wait_for_url("**/create/confirm")
        await check(opened, "confirm")
        await page.fill("#code", code)
        await page.click("form .primary")
        await page.wait_for_url("**/day/*")
        await check(opened, "empty day")
        person = set_up.vaults.people.find(name="Ada")
        await set_up.vaults.drop(person, "The engineer came.", day=None, source="Home Assistant")
        await page.fill("#words", "x" * 400)
        await page.click("#composer .primary")
        await opened.entries("The engineer came.", "x" * 400)
        await page.fill("#words", "a draft")
        await opened.status("Draft saved")
        await check(opened, "day")
        await opened.open("traces")
        await check(opened, "no traces")
        await _traced(
            set_up,
            (0, "one", ["snow", "x" * 40, "a long name of five words"]),
            *((back, "again", ["snow", "walk"]) for back in range(1, 90, 2)),
        )
        await opened.open()
        await page.locator(".trace-add summary").last.click()
        await expect(page.locator(".offers:visible li").first).to_be_visible()
        await page.keyboard.press("ArrowDown")
        await check(opened, "a trace is being given")
        await opened.open("traces")
        await check(opened, "traces")
        await page.click(".use-name >> text='snow'")
        await expect(page.get_by_role("grid")).to_be_visible()
        await page.focus("#heatmap")
        await page.click(".changes > summary")
        await page.click(".deletion summary")
        await page.fill("#new-name", "walk")
        await page.press("#new-name", "Enter")
        await expect(page.locator("#clash p")).to_be_visible()
        await check(opened, "a trace")
        await opened.open("day/2026-10-31")
        await check(opened, "another day")
        await opened.open("print?first=2026-01-01&last=2026-12-31")
        await check(opened, "days to print")
        await opened.open("keys")
        await check(opened, "keys")
        for fold in ("password", "code", "rotation", "lock"):
            await page.click(f"#{fold}-fold summary")
        await check(opened, "keys, unfolded")
        await page.fill("#code-secret", "wrong")
        await page.click("#code-fold .primary")
        await expect(page.locator("#wrong")).to_be_visible()
        await check(opened, "keys, refused")
        await page.fill("#code-secret", PASSWORD)
        await page.click("#code-fold .primary")
        await page.wait_for_url("**/keys/code")
        await check(opened, "new code")
        await page.click("a.primary")
        await page.wait_for_url("**/keys/confirm")
        await check(opened, "new code, typed back")
        await _lock(set_up)
        await opened.open(f"day/{set_up.today}")
        await check(opened, "locked day")
        await opened.open("herd")
        await check(opened, "herd")
        hallway, attic = await herd_of(set_up)
        await opened.open("herd")
        await page.click("summary")
        await check(opened, "herd with nodes")
        for node in (hallway, attic):
            await opened.open(f"herd/{node.node_id}")
            for fold in await page.locator("summary").all():
                await fold.click()
            await check(opened, "node")
            for series in await set_up.book.series(node.node_id):
                for span in ("day", "week", "quarter"):
                    await opened.open(f"herd/{node.node_id}/sensor/{series.id}/{span}")
                    if node is hallway:
                        await page.click("summary")
                        await expect(page.locator("tbody tr").first).to_be_visible()
                    await check(opened, f"{series.sensor}, {span}")
        await opened.open("nowhere")
        await check(opened, "not found")
        await opened.open("day/2031-13-45")
        await check(opened, "no day")
        await opened.open("sign-in")
        await page.fill("#name", "Ada")
        await page.fill("#secret", "wrong")
        await page.press("#secret", "Enter")
        await expect(page.locator("#wrong")).to_be_visible()
        await check(opened, "wrong secret")
        assert opened.violations() == []
