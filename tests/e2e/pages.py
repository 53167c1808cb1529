"""Every page of a panel, with something on it, and what is cut off of one."""

from tests.llama.panel.herd_stage import herd_of
from tests.llama.panel.stage import Stage

CUT_OFF = """() => {
    const page = document.documentElement;
    // On the smallest screens an ellipsis ends them, and made-up words are of any width.
    const hints = page.clientWidth >= 390 && page.dir === "ltr";
    const scrolls = page.scrollWidth > innerWidth;
    const found = scrolls ? [`scrolls to ${page.scrollWidth}`] : [];
    for (const one of document.querySelectorAll("body *")) {
        if (!one.checkVisibility() || one.closest(".quiet-read, .skip, svg")) continue;
        const box = one.getBoundingClientRect();
        if (box.width <= 1) continue; // for readers that see nothing
        const style = getComputedStyle(one);
        const out = box.left < -1 || box.right > innerWidth + 1;
        // What is typed scrolls in its field; a hint does not.
        const typed = one.matches("input, textarea");
        const wide = one.scrollWidth > one.clientWidth + 1;
        const hidden = !typed && style.overflowX !== "visible" && wide;
        let hint = false;
        if (hints && one.matches("input[placeholder]") && !one.value) {
            one.value = one.placeholder;
            hint = one.scrollWidth > one.clientWidth + 1;
            one.value = "";
        }
        if (out || hidden || hint) found.push(one.outerHTML.slice(0, 200));
    }
    return found;
}"""
"""What does not fit into the window, as HTML."""


async def every_page(set_up: Stage) -> dict[str, str]:
    """Ada's journal, with something for every page to show: addresses by what they show."""
    journal = set_up.vaults.journal(await set_up.person("Ada"))
    today = set_up.today
    entry = await journal.add(today, "# Snow\n\nThe first of this winter.\n\n- [x] shovel")
    assert entry
    trace = await journal.traces.add(entry.id, "winter")
    await journal.traces.add(entry.id, "the garden")
    await journal.change(entry.id, today, "Snow, " + "and more of it. " * 9)
    earlier = await journal.add(today.replace(day=1), "A day before.")
    assert earlier
    await journal.traces.add(earlier.id, "winter")
    hallway, _ = await herd_of(set_up)
    [door, warmth] = await set_up.book.series(hallway.node_id)
    sensor = f"herd/{hallway.node_id}/sensor"
    return {
        "a day": f"day/{today}",
        "an earlier day": f"day/{today.replace(day=1)}",
        "an empty day": "day/2020-02-02",
        "a day to come": "day/2099-09-09",
        "an entry being changed": f"day/{today}?change={entry.id}",
        "versions": f"entry/{entry.id}/versions",
        "calendar": f"calendar/{today.isoformat()[:7]}",
        "traces": "traces",
        "trace": f"trace/{trace.id}",
        "search": "search",
        "print": "print",
        "herd": "herd",
        "node": f"herd/{hallway.node_id}",
        "sensor": f"{sensor}/{warmth.id}/week",
        "door": f"{sensor}/{door.id}/day",
        "settings": "settings",
        "weekdays": "weekdays",
        "keys": "keys",
        "exchange": "exchange",
        "help": "help",
        "jot": "jot",
        "no such page": "nowhere",
        "no such day": "day/2026-02-30",
    }
