import re

import pytest

from tests.llama.panel.stage import PASSWORD, Browser, Stage

FORM = {
    "language": "en",
    "theme": "dark",
    "text_size": "large",
    "clock": "12",
    "week_start": "sunday",
    "lock_after_min": "5",
}
MINUTE_MS = 60_000


async def test_what_is_chosen_holds_on_every_device_and_over_locking(
    set_up: Stage, ada: Browser
) -> None:
    assert 'data-theme="system" data-text="normal"' in await ada.page("/settings")
    answer = await ada.post("/settings", FORM)
    assert answer.url.path == "/settings"
    page = await answer.text()
    assert "Saved." in page
    assert "Saved." not in await ada.page("/settings"), "said once"
    assert re.findall(r'<option value="(\w+)"[^>]* selected>', page) == list(FORM.values())
    assert 'name="enter_sends" value="1">' in page, "not ticked"
    async with set_up.browser() as other:
        await other.sign_in()
        assert 'data-theme="dark" data-text="large"' in await other.page("/settings")
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    assert 'data-theme="dark"' in await ada.page(f"/day/{set_up.today}"), "the door too"
    await ada.sign_in()
    assert 'data-theme="dark"' in await ada.page("/settings")


async def test_it_is_nobody_elses(set_up: Stage, ada: Browser) -> None:
    await ada.post("/settings", FORM)
    await set_up.person("Ben")
    async with set_up.browser() as bens:
        assert 'data-theme="system"' in await bens.page("/sign-in")
        await bens.sign_in("Ben")
        assert 'data-theme="system"' in await bens.page("/settings")


async def test_times_and_weeks_are_as_chosen(set_up: Stage, ada: Browser) -> None:
    day = f"/day/{set_up.today}"
    await ada.post(f"{day}/entries", {"text": "an entry"})
    at = re.compile(r"<time [^>]*>(\d+:\d\d)( am| pm)?</time>")
    (before,) = at.findall(await ada.page(day))
    assert before[1] == ""
    assert await _first_day_of_the_week(ada) == "Mo"
    await ada.post("/settings", FORM)
    (after,) = at.findall(await ada.page(day))
    hour, minute = map(int, before[0].split(":"))
    assert after == (f"{hour % 12 or 12}:{minute:02}", " am" if hour < 12 else " pm")
    assert await _first_day_of_the_week(ada) == "Su"
    blank = re.search(r"<tbody>\s*<tr>\s*<td></td>", await ada.page("/calendar/2026-11"))
    assert blank is None, "1 November 2026 is a Sunday: no blank day before it"


async def _first_day_of_the_week(browser: Browser) -> str:
    found = re.search(r">(\w\w)</th>", await browser.page("/calendar/2026-11"))
    assert found
    return found[1]


async def test_the_vault_locks_after_the_chosen_time(set_up: Stage, ada: Browser) -> None:
    person = set_up.vaults.people.find(name="Ada")
    await ada.post("/settings", FORM | {"lock_after_min": "60"})
    opened = set_up.vaults._open[person.id]
    set_up.clock.advance(60 * MINUTE_MS - 1)
    assert not opened.end_idle(set_up.clock.monotonic_ms())
    await ada.post("/settings", FORM)
    set_up.clock.advance(5 * MINUTE_MS)
    assert opened.end_idle(set_up.clock.monotonic_ms())


@pytest.mark.parametrize(
    "form",
    [
        {"theme": "sepia"},
        {"lock_after_min": "7"},
        {"lock_after_min": ""},
        {"lock_after_min": "15.0"},
        {"week_start": "0"},
        {"clock": ""},
        {"language": "tlh"},
    ],
)
async def test_what_is_no_choice_is_refused(ada: Browser, form: dict[str, str]) -> None:
    answer = await ada.post("/settings", FORM | form)
    assert answer.status == 422
    assert 'data-theme="system"' in await ada.page("/settings")


async def test_a_locked_vault_has_no_settings_page(set_up: Stage, ada: Browser) -> None:
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    assert (await ada.get("/settings")).url.path == f"/day/{set_up.today}"
    assert (await ada.post("/settings", FORM)).status == 423
    async with set_up.browser() as stranger:
        assert (await stranger.get("/settings")).url.path == "/sign-in"
    await ada.sign_in(secret=PASSWORD)
    assert 'data-theme="system"' in await ada.page("/settings")
