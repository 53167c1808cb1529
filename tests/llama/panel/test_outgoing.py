"""Taking a journal out through the panel."""

import asyncio
import io
import json
import re
import zipfile
from datetime import UTC, date
from html import unescape
from pathlib import Path

import pytest
from aiohttp import ClientPayloadError

from herdbook.clock import SystemClock
from herdbook.journal.journal import Journal
from herdbook.llama.backup import import_vault
from herdbook.llama.people import Person
from herdbook.llama.vaults import Vaults
from tests.disk import Disk
from tests.journal.exchange.files import json_within
from tests.llama.panel.stage import FAST, PASSWORD, Browser, Stage, stage

DAY = date(2026, 11, 20)
HOSTILE = '<script>alert("1")</script>\n<!-- entry {} -->\n\\<!-- entry " -->\n**bold** --> &amp;'


def journal_of(set_up: Stage) -> Journal:
    return set_up.vaults._open[set_up.vaults.people.find(name="Ada").id].journal


def ada_of(set_up: Stage) -> Person:
    return set_up.vaults.people.find(name="Ada")


async def fill(set_up: Stage) -> str:
    """A journal of two days; the id of the entry that has everything."""
    journal = journal_of(set_up)
    await journal.add(date(2025, 1, 31), "older")
    entry = await journal.add(DAY, "the first words")
    assert entry is not None
    await journal.change(entry.id, DAY, HOSTILE)
    await journal.traces.add(entry.id, "garden -->")
    await journal.traces.add(entry.id, "Zoë")
    return entry.id


async def taken(browser: Browser, kind: str) -> bytes:
    answer = await browser.post("/exchange/take-out", {"kind": kind})
    assert answer.status == 200
    assert re.fullmatch(
        r'attachment; filename="journal-[0-9-]{10}(-json\.zip|-markdown\.zip|\.html)"',
        answer.headers["Content-Disposition"],
    ), "no two of them have the same name"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Connection"] == "close", "so that nobody sends another request by it"
    return await answer.read()


async def texts(browser: Browser) -> bytes:
    """The JSON of all texts."""
    return json_within(await taken(browser, "json"))


async def test_json_holds_everything(set_up: Stage, ada: Browser) -> None:
    entry_id = await fill(set_up)
    file = json.loads(await texts(ada))
    assert (file["format"], file["version"]) == ("herdbook-journal", 1)
    older, entry = file["entries"]
    assert (older["day"], older["text"]) == ("2025-01-31", "older")
    now = set_up.clock.wall_ms()
    assert entry == {
        "id": entry_id,
        "day": "2026-11-20",
        "created_ms": now,
        "edited_ms": now,
        "text": HOSTILE,
        "author": "person",
        "traces": ["garden -->", "Zoë"],
        "versions": [{"written_ms": now, "text": "the first words"}],
    }


async def test_markdown_is_a_file_a_day(set_up: Stage, ada: Browser) -> None:
    await fill(set_up)
    folder = zipfile.ZipFile(io.BytesIO(await taken(ada, "markdown")))
    assert folder.testzip() is None
    assert folder.namelist() == ["2025/2025-01-31.md", "2026/2026-11-20.md"]
    text = folder.read("2026/2026-11-20.md").decode()
    assert text.startswith("---\nday: 2026-11-20\n---\n\n<!-- entry {")
    assert "· garden --> · Zoë\n\n<script>alert" in text
    assert text.count("\n<!-- entry ") == 1, "a text does not begin an entry"


async def test_the_page_runs_nothing_and_fetches_nothing(set_up: Stage, ada: Browser) -> None:
    await fill(set_up)
    page = (await taken(ada, "html")).decode()
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert "<strong>bold</strong>" in page
    assert "Friday, 20 November 2026" in page
    held = re.findall(r'<article data-herdbook-1="([^"]*)">', page)
    assert [json.loads(unescape(one))["text"] for one in held] == ["older", HOSTILE]


@pytest.mark.parametrize("kind", ["json", "markdown", "html"])
async def test_an_empty_journal_is_a_whole_file(ada: Browser, kind: str) -> None:
    body = await taken(ada, kind)
    if kind == "json":
        assert json.loads(json_within(body))["entries"] == []
    elif kind == "markdown":
        assert zipfile.ZipFile(io.BytesIO(body)).namelist() == []
    else:
        assert body.endswith(b"</html>\n")


async def test_only_who_has_the_vault_open_takes_it_out(set_up: Stage, ada: Browser) -> None:
    assert (await ada.post("/exchange/take-out", {"kind": "exe"})).status == 422
    assert "The file is not encrypted" in await ada.page("/exchange")
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    assert (await ada.post("/exchange/take-out", {"kind": "json"})).status == 423
    async with set_up.browser() as other:
        answer = await other.post("/exchange/take-out", {"kind": "json"}, allow_redirects=False)
        assert answer.headers["Location"] == "/sign-in"


async def test_a_vault_that_locks_cuts_the_file_off(set_up: Stage, ada: Browser) -> None:
    journal = journal_of(set_up)
    for number in range(1, 29):
        for _ in range(5):
            await journal.add(date(2026, 2, number), "snow " * 19_000)
    answer = await ada.client.post("/exchange/take-out", data={"kind": "html"})
    assert (await answer.content.read(1_000)).startswith(b"<!doctype html>")
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    async with asyncio.timeout(10):
        with pytest.raises(ClientPayloadError):
            await answer.read()
    assert len(set_up.vaults.on_lock) == len(set(set_up.vaults.on_lock))


async def test_the_vault_is_taken_along_sealed_while_it_is_open(
    set_up: Stage, ada: Browser, tmp_path: Path
) -> None:
    await fill(set_up)
    answer = await ada.post("/exchange/take-out", {"kind": "vault"})
    assert answer.status == 200
    name = answer.headers["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="vault-[0-9-]{10}\.tar"', name)
    assert answer.headers["Cache-Control"] == "no-store"
    data = await answer.read()
    assert b"the first words" not in data
    folder = set_up.vaults.folder_of(ada_of(set_up))
    assert list(folder.parent.iterdir()) == [folder], "nothing is left of making it"
    (tmp_path / "taken.tar").write_bytes(data)
    await import_vault(tmp_path / "elsewhere", tmp_path / "taken.tar", None)
    elsewhere = Vaults(tmp_path / "elsewhere", SystemClock(), UTC, FAST)
    journal = elsewhere.journal(await elsewhere.unlock("Ada", PASSWORD))
    assert [entry.text for entry in await journal.on_day(date(2025, 1, 31))] == ["older"]
    await elsewhere.close()
    await journal_of(set_up).add(DAY, "and on it goes")
    assert "and on it goes" in await ada.page(f"/day/{DAY}")


async def test_a_sealed_vault_that_finds_no_room_is_said_and_leaves_nothing(disk: Disk) -> None:
    disk.make_room()
    async with stage(disk.path) as set_up, set_up.browser() as ada:
        await set_up.person("Ada")
        await ada.sign_in()
        await journal_of(set_up).add(DAY, "older")
        folder = set_up.vaults.folder_of(ada_of(set_up))
        disk.leave(0)
        answer = await ada.post("/exchange/take-out", {"kind": "vault"})
        assert answer.status == 507
        disk.make_room()
        assert list(folder.parent.iterdir()) == [folder]
        assert (await ada.post("/exchange/take-out", {"kind": "vault"})).status == 200


async def test_only_who_has_it_open_takes_a_vault_along(set_up: Stage, ada: Browser) -> None:
    await set_up.vaults.lock(ada_of(set_up).id)
    async with set_up.browser() as stranger:
        for browser in (ada, stranger):
            answer = await browser.post("/exchange/take-out", {"kind": "vault"})
            assert "Content-Disposition" not in answer.headers
            assert answer.status != 200 or answer.url.path == "/sign-in"
