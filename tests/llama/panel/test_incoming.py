"""Bringing files in through the panel: looked into first, undone after."""

import io
import json
import logging
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData

from herdbook.journal.exchange import reading
from herdbook.journal.exchange.exchange import STEP, Exchange
from herdbook.journal.exchange.passed import Passed
from herdbook.llama import imports
from tests.llama.panel.stage import Browser, Stage
from tests.llama.panel.test_outgoing import HOSTILE, fill, taken, texts

LLAMORA = Path(__file__).parents[2] / "databases" / "llamora-v1.sqlite3"


def form_of(body: bytes, name: str = "journal.json", field: str = "file") -> FormData:
    form = FormData()
    form.add_field("other", "x", content_type="text/plain")
    form.add_field(field, io.BytesIO(body), filename=name, content_type="application/octet-stream")
    return form


async def upload(browser: Browser, body: bytes, **options: Any) -> ClientResponse:
    return await browser.post("/exchange/upload", form_of(body, **options))


def folder(**days: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as made:
        for day, text in days.items():
            made.writestr(f"{day[1:].replace('_', '-')}.md", text)
    return body.getvalue()


def text_of(page: str) -> str:
    main = page[page.index("<main") :]
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())


async def ids(browser: Browser) -> set[str]:
    return set(re.findall(rb'"id":"([0-9a-f]{32})"', await texts(browser)))


@pytest.mark.parametrize("kind", ["json", "markdown", "html"])
async def test_a_journal_moves_to_another_vault(set_up: Stage, ada: Browser, kind: str) -> None:
    await fill(set_up)
    file = await taken(ada, kind)
    await set_up.person("Grace")
    async with set_up.browser() as grace:
        await grace.sign_in("Grace")
        answer = await upload(grace, file)
        assert answer.url.path == "/exchange/preview"
        words = text_of(await answer.text())
        assert "2 new entries" in words
        assert "From Friday, 31 January 2025 to Friday, 20 November 2026." in words
        assert await ids(grace) == set(), "nothing is changed before a yes"

        answer = await grace.post("/exchange/bring-in")
        assert answer.url.path == "/exchange"
        assert "Brought in 2 entries." in text_of(await answer.text())
        assert await taken(grace, "markdown") == await taken(ada, "markdown")
        if kind != "markdown":
            assert await texts(grace) == await texts(ada)
        day = await grace.page("/day/2026-11-20")
        assert "<script>alert" not in day

        again = text_of(await (await upload(grace, file)).text())
        assert "All its entries are in your journal already." in again


async def test_undo_takes_it_out_again(set_up: Stage, ada: Browser) -> None:
    await fill(set_up)
    before = await ids(ada)
    await upload(ada, folder(d2026_11_19="one", d2026_11_18="two"))
    await ada.post("/exchange/bring-in")
    assert len(await ids(ada)) == len(before) + 2
    page = await ada.page("/exchange")
    (undo,) = re.findall(r'action="(/exchange/undo/[0-9a-f]{32})"', page)
    answer = await ada.post(undo)
    assert "2 entries of the file are taken out again." in text_of(await answer.text())
    assert await ids(ada) == before
    assert (await ada.post(undo)).status == 422


async def test_what_is_doubtful_is_said_first(ada: Browser) -> None:
    answer = await upload(ada, folder(d2026_11_19="good", d2026_02_30="<b>impossible</b>"))
    page = await answer.text()
    assert "One new entry" in text_of(page)
    assert "Entries that cannot be brought in: 1." in text_of(page)
    assert "2026-02-30.md, entry 1 Left out: “2026-02-30” is not a day." in text_of(page)
    answer = await ada.post("/exchange/discard")
    assert answer.url.path == "/exchange"
    assert (await ada.post("/exchange/bring-in")).status == 422
    assert await ids(ada) == set()


@pytest.mark.parametrize(
    ("body", "options", "words"),
    [
        (b"PK\x03\x04 no zip", {}, "The zip is damaged."),
        (b"just text", {"name": HOSTILE.replace("\n", "")}, "no file that Herdbook can bring in"),
        (b"", {}, "no file that Herdbook can bring in"),
        (b"{}", {"field": "elsewhere"}, "no file that Herdbook can bring in"),
    ],
)
async def test_what_cannot_be_read_is_said_at_its_field(
    ada: Browser, body: bytes, options: dict[str, str], words: str
) -> None:
    answer = await upload(ada, body, **options)
    assert answer.status == 422
    page = await answer.text()
    assert words in text_of(page)
    assert 'aria-describedby="wrong"' in page
    assert (await ada.get("/exchange/preview")).url.path == "/exchange"


async def test_a_file_that_is_too_large_is_refused(
    ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BODY_LIMIT", 3 * 1024**2)
    answer = await upload(ada, bytes(3 * 1024**2 + 1))
    assert answer.status == 422
    assert "The file is larger than 3 MiB." in text_of(await answer.text())


async def test_no_copy_of_a_file_touches_the_disk(
    ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_args: Any, **_options: Any) -> None:
        raise AssertionError("a temporary file")

    for maker in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, maker, forbidden)
    text = "snow " * 19_000
    days = {f"d2026_{month:02}_{day:02}": text for month in (1, 3, 5) for day in range(1, 29)}
    answer = await upload(ada, folder(**days))
    assert "84 new entries" in text_of(await answer.text())


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "multipart/form-data"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": 'multipart/form-data; boundary="' + "x" * 100 + '"'},
    ],
)
async def test_a_form_that_is_not_whole_is_refused(ada: Browser, headers: dict[str, str]) -> None:
    answer = await ada.post("/exchange/upload", b"--y\r\n\r\nno form", headers=headers)
    assert answer.status == 422
    assert "The form did not come whole." in text_of(await answer.text())


async def test_a_file_is_taken_only_where_it_belongs_and_from_here(
    set_up: Stage, ada: Browser
) -> None:
    assert (await ada.post("/search", form_of(b"{}"))).status == 415
    assert (await ada.post("/exchange/upload", {"file": "x"})).status == 422
    answer = await ada.post(
        "/exchange/upload", form_of(b"{}"), headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status == 403
    async with set_up.browser() as other:
        assert (await upload(other, b"{}")).url.path == "/sign-in"


async def test_a_lock_takes_a_waiting_file_along(set_up: Stage, ada: Browser) -> None:
    await upload(ada, folder(d2026_11_19="good"))
    assert "A file is waiting" in await ada.page("/exchange")
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    assert (await upload(ada, b"{}")).status == 423
    assert (await ada.get("/exchange")).url.path == f"/day/{set_up.today}"
    await ada.sign_in()
    assert "A file is waiting" not in await ada.page("/exchange")


async def test_a_lock_ends_the_work_and_the_same_file_goes_on(
    set_up: Stage, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = set_up.vaults.people.find(name="Ada")
    lines = "".join(f"[2026-10-03 09:30] Line {number}.\n" for number in range(3 * STEP))
    take_in = Exchange.take_in

    async def locked_after(exchange: Exchange, import_id: str, entries: list[Passed]) -> int:
        added = await take_in(exchange, import_id, entries)
        monkeypatch.undo()
        await set_up.vaults.lock(person.id)
        return added

    monkeypatch.setattr(Exchange, "take_in", locked_after)
    await upload(ada, lines.encode())
    answer = await ada.post("/exchange/bring-in")
    assert answer.url.path == f"/day/{set_up.today}", "the door"
    await ada.sign_in()
    words = text_of(await ada.page("/exchange"))
    assert f"Brought in {STEP} entries. It stopped before the end." in words
    assert f"jrnl, 2 November 2026, 01:00: {STEP} entries" in words
    answer = await upload(ada, lines.encode())
    assert f"{2 * STEP} new entries" in text_of(await answer.text())
    await ada.post("/exchange/bring-in")
    for undo in re.findall(r'action="(/exchange/undo/[0-9a-f]{32})"', await ada.page("/exchange")):
        await ada.post(undo)
    assert await ids(ada) == set()


async def test_what_comes_in_and_goes_again_leaves_nothing_readable(
    set_up: Stage, ada: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    canary = "Kanarienvogel"
    await upload(ada, f"[2026-10-03 09:30] {canary} @{canary}".encode(), name=f"{canary}.txt")
    await upload(ada, folder(d2026_02_30=canary, **{f"d2026_10_04{canary}": canary}))
    await ada.post("/exchange/bring-in")
    await upload(ada, f"{canary} is no journal".encode())
    await upload(ada, LLAMORA.read_bytes())
    await ada.post("/exchange/unseal", {"name": canary, "secret": canary})
    folder_of_ada = set_up.vaults.folder_of(set_up.vaults.people.find(name="Ada"))
    written = [file.read_bytes() for file in folder_of_ada.parent.rglob("*") if file.is_file()]
    assert written
    assert not any(canary.encode() in body for body in written)
    assert canary not in caplog.text


async def test_a_file_does_not_wait_for_ever(set_up: Stage, ada: Browser) -> None:
    await upload(ada, folder(d2026_11_19="good"))
    set_up.clock.advance(imports.WAIT_MS)
    assert "A file is waiting" not in await ada.page("/exchange")


async def test_nobody_sees_anothers_file(set_up: Stage, ada: Browser) -> None:
    await upload(ada, folder(d2026_11_19="good"))
    await set_up.person("Grace")
    async with set_up.browser() as grace:
        await grace.sign_in("Grace")
        assert (await grace.get("/exchange/preview")).url.path == "/exchange"
        assert (await grace.post("/exchange/bring-in")).status == 422


async def test_a_journal_of_jrnl_is_looked_into_brought_in_and_taken_out(ada: Browser) -> None:
    script = "<script>alert(1)</script>"
    body = f"[2026-10-03 09:30] {script}\n@{script}\n\n[2026-02-30 09:30] Nothing.\n"
    answer = await upload(ada, body.encode(), name=f"{script}.txt")
    page = await answer.text()
    assert "One new entry On Saturday, 3 October 2026." in text_of(page)
    assert "“2026-02-30 09:30” is no time of the calendar" in text_of(page)
    await ada.post("/exchange/bring-in")
    day = await ada.page("/day/2026-10-03")
    assert "&lt;script&gt;alert" in day
    assert script not in day
    page = await ada.page("/exchange")
    assert "jrnl, 2 November 2026" in text_of(page)
    (undo,) = re.findall(r'action="(/exchange/undo/[0-9a-f]{32})"', page)
    await ada.post(undo)
    assert await ids(ada) == set()


async def test_an_export_of_day_one_says_what_files_stay_out(ada: Browser) -> None:
    script = "<script>alert(1)</script>"
    entry = {"creationDate": "2026-10-03T09:30:00Z", "text": script, "tags": [script]}
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as made:
        made.writestr(f"{script}.json", json.dumps({"metadata": {}, "entries": [entry, entry]}))
        for number in range(60):
            made.writestr(f"photos/../../{script}{number:02}.jpeg", b"x")
    answer = await upload(ada, body.getvalue(), name="export.zip")
    page = await answer.text()
    assert script not in page
    words = text_of(page)
    assert "One new entry On Saturday, 3 October 2026. 60 files besides belong to no entry" in words
    assert "Entries that cannot be brought in: 1." in words
    assert "Saturday, 3 October 2026, 11:30 &lt;script&gt;alert(1)&lt;/script&gt;" in words
    assert "&lt;script&gt;alert(1)&lt;/script&gt;49.jpeg And 10 more." in words
    await ada.post("/exchange/bring-in")
    day = await ada.page("/day/2026-10-03")
    assert "&lt;script&gt;alert" in day
    assert script not in day
    assert "Day One, 2 November 2026" in text_of(await ada.page("/exchange"))


async def test_the_preview_tells_of_what_is_new_alone(ada: Browser) -> None:
    await upload(ada, folder(d2026_11_18="here already", d2025_01_01="and this"))
    await ada.post("/exchange/bring-in")
    both = folder(d2026_11_18="here already", d2025_01_01="and this", d2026_03_04="new")
    words = text_of(await (await upload(ada, both)).text())
    assert "One new entry On Wednesday, 4 March 2026. 2 are in your journal already" in words
    assert "Some of its entries Wednesday, 4 March 2026, 12:00 new Nothing has" in words


async def test_an_entry_that_was_written_far_away_is_shown_as_its_day_will_show_it(
    ada: Browser,
) -> None:
    entry = {"creationDate": "2026-05-06T20:30:00Z", "timeZone": "Asia/Tokyo", "text": "Morning"}
    body = json.dumps({"metadata": {}, "entries": [entry]}).encode()
    words = text_of(await (await upload(ada, body, name="Journal.json")).text())
    assert "Some of its entries Thursday, 7 May 2026 Added 6 May, 22:30 Morning" in words
    await ada.post("/exchange/bring-in")
    assert "Added 6 May, 22:30" in text_of(await ada.page("/day/2026-05-07"))


async def test_a_database_of_llamora_asks_for_its_own_secret(ada: Browser) -> None:
    body = LLAMORA.read_bytes()
    answer = await upload(ada, body, name="llamora.sqlite3")
    assert answer.url.path == "/exchange/preview"
    assert "A database of Llamora" in text_of(await answer.text())
    assert (await ada.post("/exchange/bring-in")).status == 422, "nobody has looked into it yet"
    wrong = await ada.post("/exchange/unseal", {"name": "alice", "secret": "four wrong words"})
    assert wrong.status == 403
    page = await wrong.text()
    assert "do not open this file" in text_of(page)
    assert 'value="alice"' in page
    assert "four wrong words" not in page
    secret = {"name": "alice", "secret": "correct-horse-battery-staple-9!"}
    answer = await ada.post("/exchange/unseal", secret)
    assert "18 new entries On Friday, 20 November 2026." in text_of(await answer.text())
    await ada.post("/exchange/bring-in")
    day = await ada.page("/day/2026-11-20")
    assert "Hello diary, first entry about the garden." in day
    assert "Llamora, reply" in day
    assert "Llamora, 2 November 2026" in text_of(await ada.page("/exchange"))
    assert (await ada.post("/exchange/unseal", secret)).status == 422


async def test_what_only_looks_like_a_database_is_refused(ada: Browser) -> None:
    await upload(ada, LLAMORA.read_bytes()[:5_000])
    answer = await ada.post("/exchange/unseal", {"name": "alice", "secret": "x"})
    assert answer.status == 422
    assert "no database of Llamora" in text_of(await answer.text())
    assert (await ada.get("/exchange/preview")).url.path == "/exchange"
