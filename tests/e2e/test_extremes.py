"""What seldom happens: the longest text, a session that ends, a payload in each field."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.tab import Tab, check, tab
from tests.llama.panel.stage import PASSWORD, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAYLOADS = (
    "<img src=x onerror=window.evil=1>",
    '"><svg/onload=window.evil=1>',
    "'-window.evil=1-'{{7*7}}",
    "javascript:window.evil=1//",
)


async def test_an_entry_of_a_hundred_thousand_characters_is_written_changed_and_found(
    ada: Tab, set_up: Stage
) -> None:
    page = ada.page
    text = ("The snow lay deep, and nobody came. " * 2_777 + "Then the thaw set in at last.")[
        :99_990
    ]
    text += "." * (100_000 - len(text))
    await page.fill("#words", text)
    await ada.status("Draft saved")
    await page.reload()
    await ada.field_is(text)
    await page.click("#composer .primary")
    await expect(page.locator(".entry")).to_have_count(1)
    journal = set_up.vaults.journal(await set_up.vaults.unlock("Ada", PASSWORD))
    (entry,) = await journal.on_day(set_up.today)
    assert entry.text == text
    await ada.open(f"day/{set_up.today}?change={entry.id}")
    await ada.field_is(text)
    await page.fill("#words", text[:50_000] + "thaw" + text[50_004:])
    await page.click("#composer .primary")
    await page.get_by_role("link", name="changed").click()
    await expect(page.locator(".version ins").first).to_contain_text("thaw")
    assert len(await page.locator(".version-text").inner_text()) < 2_000
    assert ada.violations() == []


async def test_a_session_that_ends_while_one_types_costs_no_word(ada: Tab, set_up: Stage) -> None:
    page = ada.page
    await page.locator("#words").press_sequentially("Before, ")
    await ada.status("Draft saved")
    set_up.clock.advance(25 * 60 * 60_000)
    await page.locator("#words").press_sequentially("and after.")
    await expect(page.locator("#door-title")).to_have_text("You are signed out")
    await page.fill("#door-secret", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#door-title")).to_have_count(0)
    await ada.field_is("Before, and after.")
    await page.click("#composer .primary")
    await ada.entries("Before, and after.")


async def test_nothing_that_is_typed_anywhere_runs(chromium: Browser, set_up: Stage) -> None:
    opening = await set_up.person("Ada")
    journal = set_up.vaults.journal(opening)
    entries = [await journal.add(set_up.today, payload) for payload in PAYLOADS]
    names = [payload[:40] for payload in PAYLOADS]
    for entry, payload, name in zip(entries, PAYLOADS, names, strict=True):
        assert entry
        await journal.change(entry.id, set_up.today, f"{payload} {payload}")
        trace = await journal.traces.add(entry.id, name)
        await journal.remember_search(payload)
    await journal.set_weekdays([*PAYLOADS, "", "", ""])
    await journal.traces.add(entry.id, "other")
    async with tab(chromium, set_up) as opened:
        page = opened.page
        await opened.sign_in()
        paths = [f"day/{set_up.today}", f"day/{set_up.today}?change={entry.id}", "day/2026-10-05"]
        paths += ["day/2026-10-05?begin=1", f"entry/{entry.id}/versions", "traces", "weekdays"]
        paths += [f"trace/{trace.id}", "search", f"print?first={set_up.today}&last={set_up.today}"]
        for path in paths:
            await opened.open(path)
            await expect(page.locator("h1").first).to_be_attached()
            assert await page.locator("main img, main svg[onload]").count() == 0, path
        await opened.open(f"day/{set_up.today}")
        for payload, name in zip(PAYLOADS, names, strict=True):
            assert await page.locator(".chip", has_text=name).count() == 1
            await page.fill("#words", payload)
            await page.locator(".trace-add summary").last.click()
            async with page.expect_response("**/complete"):
                await page.locator(".trace-add input:visible").fill(name[:6])
            await expect(page.locator(".offers:visible, .trace-add:visible").first).to_be_visible()
            await page.locator(".trace-add[open] summary").last.click()
        await opened.open("traces")
        await page.locator("input[type=search]").fill(names[0])
        await expect(page.locator(".use-name")).to_have_text([names[0]])
        await opened.open("search")
        for payload in PAYLOADS:
            await page.fill("#query", payload)
            await page.click(".search-form .primary")
            await expect(page.locator("#query")).to_have_value(payload)
        assert await page.evaluate("window.evil") is None
        assert opened.violations() == []


async def test_nothing_moves_for_whom_that_is_too_much(chromium: Browser, set_up: Stage) -> None:
    await set_up.person("Ada")
    async with tab(chromium, set_up, reduced_motion="reduce") as opened:
        page = opened.page
        await page.add_init_script(
            """window.moved = [];
            const real = Element.prototype.scrollIntoView;
            Element.prototype.scrollIntoView = function (how) {
                moved.push(how?.behavior ?? "auto");
                real.call(this, how);
            };"""
        )
        await opened.sign_in()
        await opened.write_long_day()
        await opened.open()
        await page.fill("#words", "The last line of the day.")
        await page.click("#composer .primary")
        await expect(page.locator(".entry")).to_have_count(13)
        assert set(await page.evaluate("moved")) == {"instant"}
        for path in ("", "search", "traces", "calendar", "settings", "keys", "help", "herd"):
            await opened.open(path)
            moving = await page.evaluate(
                """() => [...document.querySelectorAll("*")].filter((one) => {
                    const style = getComputedStyle(one);
                    return style.animationName !== "none" || style.scrollBehavior === "smooth"
                        || parseFloat(style.transitionDuration) > 0;
                }).map((one) => one.outerHTML.slice(0, 80))"""
            )
            assert moving == [], path


async def test_everybody_can_use_the_rest(ada: Tab, set_up: Stage) -> None:
    """The pages that no other test looks at this way."""
    await ada.write("An entry, for a dot in the calendar.")
    for path in ("calendar", f"calendar/{set_up.today:%Y-%m}", f"day/{set_up.today}?change=x"):
        await ada.open(path)
        await check(ada, path)
    await ada.page.click(".bar-lock")
    await ada.page.wait_for_url("**/locked")
    await check(ada, "locked")
    await ada.open("sign-in")
    await check(ada, "sign in")
