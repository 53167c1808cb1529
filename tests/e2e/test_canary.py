"""What a person writes stands nowhere on disk in plain, whichever way it was written.

Everything a demo writes lies in one folder: vaults, the house book, the broker's store, logs, Home
Assistant's storage, database and traces, and the browser's profile. The tests search all of it, for
each sentence in every form that `demo.plaintext` knows, while all runs and after it has ended.
"""

import io
import json
import secrets
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urljoin

import pytest
from playwright.async_api import expect

from demo.follow import observation
from demo.plaintext import find
from demo.waiting import until
from demo.walk.person import creates_a_vault
from demo.walk.visit import Visit

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("canary")]

type Way = Callable[[Visit, str], Awaitable[None]]


def canary() -> str:
    """A sentence nobody else writes, with characters that encodings disagree about.

    It is short enough to name a trace.
    """
    return f"Canary {secrets.token_hex(6)} sings “naïvely”."


async def by_panel(walk: Visit, text: str) -> None:
    await walk.panel.write(text)


async def by_draft(walk: Visit, text: str) -> None:
    await walk.panel.leave_draft(text)


async def by_file(walk: Visit, text: str) -> None:
    """It is what the file says, and what it is called."""
    page = walk.panel.page
    paper = {"name": text, "mimeType": "text/plain", "buffer": f"{text}\n".encode() * 20_000}
    await page.set_input_files("#add-files", paper)  # type: ignore[arg-type]
    await expect(page.locator("#attached .attached-one")).to_have_count(1)
    await walk.panel.write(text)


async def by_search(walk: Visit, text: str) -> None:
    """It is looked for, and kept among the last searches."""
    await walk.panel.write(text)
    page = walk.panel.page
    await page.goto(f"{walk.product.llama.panel_url}search")
    await page.fill("#query", text)
    await page.click(".search-form .primary")
    await expect(page.locator(".result")).to_have_count(1)


async def by_trace(walk: Visit, text: str) -> None:
    await walk.panel.write(text)
    page = walk.panel.page
    await page.locator(".trace-add summary").last.click()
    await page.locator(".trace-add input:visible").fill(text)
    await page.keyboard.press("Enter")
    await page.locator(".chip a").last.click()
    await expect(page.locator("h1")).to_contain_text(text)


async def by_import(walk: Visit, text: str) -> None:
    """It is what an entry says, what its file says, and what that is called."""
    page = walk.panel.page
    base, _, day = str(await page.locator("#composer").get_attribute("action")).partition("day/")
    told = {"name": text, "added_ms": 1, "path": f"files/{text}"}
    entry = {
        "id": secrets.token_hex(16),
        "day": day.partition("/")[0],
        "created_ms": 1,
        "text": text,
        "author": "person",
        "files": [told],
    }
    outline = {"format": "herdbook-journal", "version": 1, "entries": [entry]}
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as made:
        made.writestr("journal.json", json.dumps(outline))
        made.writestr(f"files/{text}", f"{text}\n".encode() * 20_000)
    await page.goto(urljoin(page.url, f"{base}exchange"))
    journal = {"name": text, "mimeType": "application/zip", "buffer": body.getvalue()}
    await page.set_input_files("#file", journal)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Look into the file").click()
    await expect(page.get_by_text("One photo or file comes along")).to_be_visible()
    assert find(walk.product.folder.path, text) == [], "while it waits"
    await page.get_by_role("button", name="Bring them in").click()
    await expect(page.get_by_role("status")).to_contain_text("One photo or file came along.")


async def by_rest(walk: Visit, text: str) -> None:
    await walk.product.hass.act("herdbook.write_entry", {"text": text})


async def by_websocket(walk: Visit, text: str) -> None:
    await walk.product.hass.command(
        "call_service", domain="herdbook", service="write_entry", service_data={"text": text}
    )


async def by_locked_vault(walk: Visit, text: str) -> None:
    await walk.panel.lock()
    await by_rest(walk, text)


async def by_script(walk: Visit, text: str) -> None:
    await _configure(walk, "script", "canary", {"sequence": [_action(text)]})
    await walk.product.hass.act("script.canary", {})


async def by_automation(walk: Visit, text: str) -> None:
    triggers = [{"trigger": "event", "event_type": "canary"}]
    await _configure(
        walk, "automation", "canary", {"triggers": triggers, "actions": [_action(text)]}
    )
    await walk.product.hass.post("/api/events/canary", {})


def _action(text: str) -> dict[str, Any]:
    # Home Assistant keeps what a person types into an automation; what matters is what a template
    # makes of it. So the halves are in the configuration, and the sentence only in the action.
    middle = len(text) // 2
    halves = f"{{{{ [{json.dumps(text[:middle])}, {json.dumps(text[middle:])}] | join }}}}"
    return {
        "action": "herdbook.write_entry",
        "data": {"text": halves, "person": "person.demo"},
    }


async def _configure(walk: Visit, kind: str, name: str, config: dict[str, Any]) -> None:
    hass = walk.product.hass
    await hass.post(f"/api/config/{kind}/config/{name}", {"alias": name, **config})

    async def is_there() -> bool:
        return await hass.state(f"{kind}.{name}") is not None

    await until(is_there, f"the {kind} is set up", seconds=20)


WAYS: Final[tuple[Way, ...]] = (
    by_panel, by_file, by_import, by_search, by_trace, by_draft,
    by_rest, by_websocket, by_script, by_automation, by_locked_vault,
)  # fmt: skip


async def test_person_has_a_vault(walk: Visit) -> None:
    assert await creates_a_vault(walk)


class TestCanary:
    """In the order in which they stand: the sentences written first are looked for last too."""

    sentences: Final[list[str]] = []
    noticed: Final[list[str]] = []

    @pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
    async def test_is_written_and_nowhere_in_plain(self, way: Way, walk: Visit) -> None:
        text = canary()
        await way(walk, text)
        self.sentences.append(text)
        if way is by_draft:
            await walk.enter()
            assert await walk.panel.draft() == text
        else:
            await walk.finds(text)
        assert find(walk.product.folder.path, text) == []

    async def test_search_finds_what_is_no_secret(self, walk: Visit) -> None:
        seen = await observation(walk.product, 99.5)
        self.noticed.append(seen.sentence)

        async def is_found() -> list[str]:
            return find(walk.product.folder.path, seen.sentence)

        places = await until(is_found, "the observation is on disk", seconds=10)
        assert any("house" in place for place in places)

    async def test_is_nowhere_after_the_end(self, walk: Visit) -> None:
        path = walk.product.folder.path
        await walk.browser.close()
        await walk.product.stop()
        for text in self.sentences:
            assert find(path, text) == []
        # What Home Assistant does write down of all this, so that the search can find something.
        for known, kept_in in (
            (self.noticed[0], "home-assistant_v2.db"),
            ("write_entry", "home-assistant_v2.db"),
            ("write_entry", "trace.saved_traces"),
        ):
            assert any(kept_in in place for place in find(path, known)), (known, kept_in)
