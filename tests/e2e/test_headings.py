"""Every page begins at the same place."""

import pytest
from playwright.async_api import Browser

from tests.e2e.tab import Tab, tab
from tests.llama.panel.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Of the first thing in sight on a page: where it stands, and of the title, in which hand.
BEGINNING = """() => {
    const [first] = [...document.querySelectorAll("main :is(.kicker, h1, #query)")]
        .filter((one) => one.offsetWidth > 1);
    const { x, y } = first.getBoundingClientRect();
    const title = document.querySelector("main h1:not(.quiet-read)");
    return [Math.round(x), Math.round(y), title && getComputedStyle(title).fontSize];
}"""


async def _beginnings(opened: Tab, paths: list[str]) -> dict[str, list[int | str | None]]:
    found = {}
    for path in paths:
        await opened.open(path)
        await opened.page.evaluate("scrollTo(0, 0)")
        found[path] = await opened.page.evaluate(BEGINNING)
    return found


@pytest.mark.parametrize("width", [390, 1440])
async def test_titles_stand_at_one_height_in_one_column(
    chromium: Browser, set_up: Stage, width: int
) -> None:
    opening = await set_up.person("Ada")
    journal = set_up.vaults.journal(opening)
    entry = await journal.add(set_up.today, "Snow. " * 900)
    assert entry
    trace = await journal.traces.add(entry.id, "winter")
    async with tab(chromium, set_up, viewport={"width": width, "height": 900}) as opened:
        before = await _beginnings(opened, ["sign-in", "create", "nowhere"])
        await opened.sign_in()
        paths = [f"day/{set_up.today}", "day/2020-02-02", f"calendar/{set_up.today:%Y-%m}"]
        paths += [f"entry/{entry.id}/versions", "traces", f"trace/{trace.id}", "print", "jot"]
        paths += ["settings", "keys", "exchange", "weekdays", "help", "herd", "search"]
        found = before | await _beginnings(opened, paths)
    places = {tuple(place[:2]) for place in found.values()}
    assert len(places) == 1, found
    assert len({place[2] for place in found.values()} - {None}) == 1, found
