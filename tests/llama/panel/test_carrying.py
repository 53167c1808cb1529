"""Photos and files on their way out of a vault and into another, through the panel."""

import asyncio
import io
import json
import logging
import re
import secrets
import threading
import tracemalloc
import zipfile
from datetime import date
from hashlib import md5
from pathlib import Path

import pytest
from aiohttp import ClientPayloadError, ClientResponse, FormData

from herdbook.ids import random_id
from herdbook.journal.checks import problems
from herdbook.journal.draft import Saving
from herdbook.journal.entry import Entry
from herdbook.journal.files import Files
from herdbook.journal.journal import Journal
from herdbook.llama import imports
from herdbook.llama.panel import incoming
from herdbook.llama.panel.desk import DESK
from herdbook.vault.spool import Spool
from tests.journal.pictures import PLACE, picture, stream
from tests.llama.panel.stage import Browser, Stage, stage
from tests.llama.panel.test_incoming import text_of, upload
from tests.llama.panel.test_outgoing import taken

DAY = date(2026, 11, 20)
KINDS = ["json", "markdown", "html"]
PHOTO = picture("image/jpeg", (90, 60))
HOSTILE = "<script>alert(1)</script>.jpg"


def journal_of(set_up: Stage, name: str = "Ada") -> Journal:
    return set_up.vaults._open[set_up.vaults.people.find(name=name).id].journal


def folder_of(set_up: Stage, name: str = "Ada") -> Path:
    return set_up.vaults.folder_of(set_up.vaults.people.find(name=name))


async def lock(set_up: Stage, name: str = "Ada") -> None:
    await set_up.vaults.lock(set_up.vaults.people.find(name=name).id)


async def written(journal: Journal, text: str, *files: tuple[str, bytes]) -> Entry:
    key = random_id()
    for name, data in files:
        saving = Saving(key, "w", 0, DAY, "")
        await journal.files.attach(saving, name, stream(data), keep_place=False)
    entry = await journal.add(DAY, text, key)
    assert entry is not None
    return entry


async def everything(journal: Journal) -> list[object]:
    """All entries with traces and files, but for the files' ids, which are each vault's own."""
    found: list[object] = []
    for day, numbers in await journal.exchange.days():
        for one in await journal.exchange.of_day(day, numbers):
            found.append(one.entry)
            for file in one.files:
                body = b"".join([piece async for piece in journal.files.pieces(file)])
                about = (file.name, file.description, file.kind, file.width, file.height)
                small = await journal.files.thumbnail(file.id) if file.is_picture else b""
                found.append((*about, body, small))
    return found


async def rows(journal: Journal) -> int:
    def count(connection: object) -> int:
        found = connection.execute("SELECT count(*) FROM file_pieces")  # type: ignore[attr-defined]
        return int(found.get)

    return await journal._vault.database.read(count)


async def fill(journal: Journal) -> None:
    one = await written(journal, "The sea.", ("sea.jpg", PHOTO), ("my notes.md", b"# Notes"))
    await journal.traces.add(one.id, "sea")
    (photo, _) = (await journal.files.of_entries([one.id]))[one.id]
    await journal.files.describe(photo.id, 'The "sea" <b>')
    await written(journal, "", (HOSTILE, secrets.token_bytes(600_000)))
    await written(journal, "Words alone.")


@pytest.mark.parametrize("kind", KINDS)
async def test_everything_that_goes_out_comes_back(set_up: Stage, ada: Browser, kind: str) -> None:
    await fill(journal_of(set_up))
    file = await taken(ada, kind)
    assert PLACE not in file
    await set_up.person("Grace")
    async with set_up.browser() as grace:
        await grace.sign_in("Grace")
        words = text_of(await (await upload(grace, file)).text())
        assert "3 new entries" in words
        assert "3 photos and files come along" in words
        assert "sea.jpg · my notes.md" in words
        assert await everything(journal_of(set_up, "Grace")) == []
        answer = await grace.post("/exchange/bring-in")
        words = text_of(await answer.text())
        assert "Brought in 3 entries. 3 photos and files came along." in words
        theirs = journal_of(set_up, "Grace")
        assert await everything(theirs) == await everything(journal_of(set_up))
        assert len(await everything(theirs)) == 6
        assert await theirs._vault.database.read(problems) == []
        page = await grace.page("/day/2026-11-20")
        assert "<script>alert" not in page
        assert "my notes.md" in page

        again = text_of(await (await upload(grace, file)).text())
        assert "All its entries are in your journal already." in again
        assert "come along" not in again
        (undo,) = re.findall(
            r'action="(/exchange/undo/[0-9a-f]{32})"', await grace.page("/exchange")
        )
        await grace.post(undo)
        assert await everything(theirs) == []
        assert await rows(theirs) == 0
    assert [path.name for path in folder_of(set_up, "Grace").glob(".*")] == []


async def test_undo_leaves_an_entry_that_was_given_another_photo(
    set_up: Stage, ada: Browser
) -> None:
    journal = journal_of(set_up)
    await fill(journal)
    file = await taken(ada, "json")
    await set_up.person("Grace")
    async with set_up.browser() as grace:
        await grace.sign_in("Grace")
        await upload(grace, file)
        await grace.post("/exchange/bring-in")
        theirs = journal_of(set_up, "Grace")
        (entry,) = [one for one in await theirs.on_day(DAY) if one.text == "The sea."]
        saving = Saving(random_id(), "w", 0, DAY, "", entry.id)
        await theirs.files.attach(saving, "more", stream(b"more"), keep_place=False)
        await theirs.change(entry.id, DAY, entry.text, saving.composition)
        (undo,) = re.findall(
            r'action="(/exchange/undo/[0-9a-f]{32})"', await grace.page("/exchange")
        )
        answer = await grace.post(undo)
        assert "What you have changed since then stays: 1." in text_of(await answer.text())
        files = (await theirs.files.of_entries([entry.id]))[entry.id]
        assert [file.name for file in files] == ["sea.jpg", "my notes.md", "more"]
        assert [one.text for one in await theirs.on_day(DAY)] == ["The sea."]


def day_one(*photos: tuple[str, bytes], text: str = "Ashore.") -> bytes:
    told = []
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as made:
        for number, (ending, data) in enumerate(photos):
            digest = md5(data, usedforsecurity=False).hexdigest()
            told.append({"identifier": f"P{number}", "md5": digest, "type": ending})
            made.writestr(f"photos/{digest}.{ending}", data)
        entry = {"creationDate": "2026-11-20T09:30:00Z", "text": text, "photos": told}
        outline = {"metadata": {}, "entries": [entry]}
        made.writestr("Journal.json", json.dumps(outline))
    return body.getvalue()


async def test_a_photo_of_day_one_comes_without_its_place(set_up: Stage, ada: Browser) -> None:
    assert PLACE in PHOTO
    page = text_of(await (await upload(ada, day_one(("jpeg", PHOTO)))).text())
    assert "One photo or file comes along" in page
    await ada.post("/exchange/bring-in")
    journal = journal_of(set_up)
    (entry,) = await journal.on_day(DAY)
    (file,) = (await journal.files.of_entries([entry.id]))[entry.id]
    kept = b"".join([piece async for piece in journal.files.pieces(file)])
    assert (file.name, file.width, file.height) == ("photo 1.jpeg", 60, 90)
    assert PLACE not in kept
    assert len(kept) > 500


async def test_what_a_person_keeps_of_places_is_asked_as_with_uploads(
    set_up: Stage, ada: Browser
) -> None:
    heic = b"\0\0\0\x18ftypheic" + bytes(100)
    body = day_one(("heic", heic), ("jpeg", PHOTO))
    page = text_of(await (await upload(ada, body)).text())
    assert "One photo or file cannot be brought in; why stands below." in page
    assert "Journal.json, entry 1, photo 1.heic Left out: Photos and videos of this kind" in page
    await ada.post("/settings", {"keep_place": "on", "lock_after_min": "15"})
    journal = journal_of(set_up)
    opening = next(iter(set_up.vaults._open.values())).settings
    if opening.keep_place:
        page = text_of(await (await upload(ada, body)).text())
        assert "2 photos and files come along" in page
        await ada.post("/exchange/bring-in")
        (entry,) = await journal.on_day(DAY)
        files = (await journal.files.of_entries([entry.id]))[entry.id]
        bodies = [b"".join([piece async for piece in journal.files.pieces(file)]) for file in files]
        assert bodies == [heic, PHOTO]
    assert opening.keep_place


async def test_a_lock_amid_the_photos_leaves_no_half_entry_and_the_same_file_goes_on(
    set_up: Stage, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = day_one(*(("bin", secrets.token_bytes(1_000)) for _ in range(4)))
    bring, count = Files.bring, 0

    async def locked_after_two(files: Files, *args: object, **options: object) -> object:
        nonlocal count
        count += 1
        if count == 3:
            await lock(set_up)
        return await bring(files, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Files, "bring", locked_after_two)
    await upload(ada, body)
    await ada.post("/exchange/bring-in")
    monkeypatch.undo()
    assert list(folder_of(set_up).glob(".*")) == [], "nothing of the file is left on the disk"
    await ada.sign_in()
    journal = journal_of(set_up)
    assert await everything(journal) == []
    assert await rows(journal) == 0
    assert "It stopped before the end." in text_of(await ada.page("/exchange"))
    assert "One new entry" in text_of(await (await upload(ada, body)).text())
    await ada.post("/exchange/bring-in")
    assert len(await everything(journal)) == 5


async def test_a_lock_takes_what_waits_from_the_disk(set_up: Stage, ada: Browser) -> None:
    await upload(ada, day_one(("bin", b"x")))
    assert len(list(folder_of(set_up).glob(".incoming.*"))) == 1
    await lock(set_up)
    assert list(folder_of(set_up).glob(".*")) == []


@pytest.mark.parametrize("how", ["discard", "expire", "another", "texts"])
async def test_what_is_not_wanted_any_more_leaves_the_disk(
    set_up: Stage, ada: Browser, how: str
) -> None:
    def left() -> int:
        return len(list(folder_of(set_up).glob(".*")))

    if how == "texts":
        await upload(ada, day_one())
        assert left() == 0, "nothing of it is needed any more"
        return
    await upload(ada, day_one(("bin", b"x")))
    assert left() == 1
    if how == "discard":
        await ada.post("/exchange/discard")
    elif how == "expire":
        set_up.clock.advance(imports.WAIT_MS)
        await ada.page("/exchange")
    else:
        await upload(ada, day_one(("bin", b"y")))
        assert left() == 1
        await upload(ada, b"no journal")
        assert left() == 1, "the one before waits on"
        await ada.post("/exchange/discard")
    assert left() == 0


async def test_a_vault_that_locks_cuts_a_photo_off(set_up: Stage, ada: Browser) -> None:
    journal = journal_of(set_up)
    for number in range(6):
        await written(journal, f"{number}", ("film.bin", secrets.token_bytes(8 * 1024**2)))
    answer = await ada.client.post("/exchange/take-out", data={"kind": "json"})
    assert (await answer.content.read(1_000)).startswith(b"PK")
    await lock(set_up)
    async with asyncio.timeout(10):
        with pytest.raises(ClientPayloadError):
            await answer.read()


async def test_no_byte_of_a_photo_lies_readable_on_the_disk(
    set_up: Stage, ada: Browser, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    canary = secrets.token_hex(16)
    photo = PHOTO[:2] + b"\xff\xe2\x02\x0eICC_PROFILE\0" + canary.encode() * 16 + PHOTO[2:]
    paper = canary.encode() * 20_000
    seen: list[int] = []
    write = Spool.write

    def look(place: str) -> None:
        files = folder_of(set_up).parent.rglob("*")
        bodies = [path.read_bytes() for path in files if path.is_file()]
        seen.append(sum(len(body) for body in bodies))
        assert not any(canary[:16].encode() in body for body in bodies), place

    def watched(spool: Spool, data: bytes) -> None:
        write(spool, data)
        look("while it comes")

    monkeypatch.setattr(Spool, "write", watched)
    await written(journal_of(set_up), canary, (f"{canary}.jpg", photo), (f"{canary}.txt", paper))
    for kind in KINDS:
        file = await taken(ada, kind)
        look("taken out")
        await set_up.person(kind)
        async with set_up.browser() as other:
            await other.sign_in(kind)
            assert "One new entry" in text_of(await (await upload(other, file)).text())
            look("waiting")
            await other.post("/exchange/bring-in")
            look("brought in")
            assert len(await everything(journal_of(set_up, kind))) == 3
            await lock(set_up, kind)
            look("locked")
    assert max(seen) > 600_000
    assert canary not in caplog.text


async def test_what_a_crash_left_is_removed_by_the_next_start(tmp_path: Path) -> None:
    async with stage(tmp_path) as before:
        await before.person()
        left = folder_of(before) / ".incoming.0123abcd"
    left.write_bytes(secrets.token_bytes(9_000))
    async with stage(tmp_path) as after:
        assert not left.exists()
        assert {path.name for path in folder_of(after).iterdir()} >= {"header.json", "journal.db"}


async def test_a_person_brings_one_file_at_a_time(
    set_up: Stage, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, came = threading.Event(), asyncio.Event()
    write, loop = Spool.write, asyncio.get_running_loop()

    def held(spool: Spool, data: bytes) -> None:
        loop.call_soon_threadsafe(came.set)
        assert go.wait(10)
        write(spool, data)

    monkeypatch.setattr(Spool, "write", held)
    first = asyncio.create_task(upload(ada, b"[2026-10-03 09:30] Snow."))
    await came.wait()
    async with set_up.browser() as other:
        await other.sign_in()
        answer = await upload(other, b"[2026-10-04 09:30] Rain.")
        assert answer.status == 422
        assert "Another file of yours is coming in." in text_of(await answer.text())
    await lock(set_up)
    go.set()
    assert (await first).status == 423
    assert list(folder_of(set_up).glob(".*")) == []


async def progress(browser: Browser) -> ClientResponse:
    """What an open page asks."""
    return await browser.client.get(
        "/exchange/progress", headers={"HX-Request": "true"}, allow_redirects=False
    )


async def slow_look(
    ada: Browser, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> tuple[str, threading.Event]:
    """The page that is shown while a file is looked into, and what lets that end."""
    go, piece = threading.Event(), Spool.piece

    def held(spool: Spool, place: int) -> bytes:
        assert spool.given == 0 or go.wait(10)
        return piece(spool, place)

    monkeypatch.setattr(Spool, "piece", held)
    monkeypatch.setattr(incoming, "_LOOK_S", 0.01)
    answer = await upload(ada, body)
    assert answer.url.path == "/exchange/progress"
    return text_of(await answer.text()), go


async def test_a_long_look_says_how_far_it_is(
    set_up: Stage, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = day_one(*(("bin", secrets.token_bytes(300_000)) for _ in range(3)))
    page, go = await slow_look(ada, monkeypatch, body)
    assert page.startswith("Looking into the file You can leave this page")
    assert (await ada.get("/exchange")).url.path == "/exchange/progress"
    assert (await upload(ada, body)).status == 422, "one at a time"
    answer = await progress(ada)
    percent = int(re.findall(r'value="(\d+)"', await answer.text())[0])
    assert 0 < percent < 100
    go.set()
    person = set_up.vaults.people.find(name="Ada")
    await set_up.server.app[DESK].imports.wait(person.id, 10)
    answer = await progress(ada)
    assert answer.headers["HX-Redirect"] == "/exchange/preview"
    assert "3 photos and files come along" in text_of(await ada.page("/exchange/preview"))


async def test_what_a_long_look_does_not_like_is_said_at_its_field(
    set_up: Stage, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, go = await slow_look(ada, monkeypatch, b"no journal")
    go.set()
    person = set_up.vaults.people.find(name="Ada")
    await set_up.server.app[DESK].imports.wait(person.id, 10)
    assert (await progress(ada)).headers["HX-Redirect"] == "/exchange"
    page = await ada.page("/exchange")
    assert "no file that Herdbook can bring in" in text_of(page)
    assert 'aria-describedby="wrong"' in page
    assert "no file that Herdbook" not in await ada.page("/exchange")


async def test_a_lock_amid_a_long_look_ends_it(
    set_up: Stage, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, go = await slow_look(ada, monkeypatch, day_one(("bin", secrets.token_bytes(600_000))))
    await lock(set_up)
    go.set()
    person = set_up.vaults.people.find(name="Ada")
    await set_up.server.app[DESK].imports.wait(person.id, 10)
    assert list(folder_of(set_up).glob(".*")) == []
    await ada.sign_in()
    assert (await ada.get("/exchange/preview")).url.path == "/exchange"


async def test_a_journal_is_larger_than_the_memory_it_takes(
    set_up: Stage, ada: Browser, tmp_path: Path
) -> None:
    size, count = 10 * 1024**2, 5
    for number in range(count):
        film = ("film.bin", secrets.token_bytes(size))
        await written(journal_of(set_up), f"{number}", film)
    await set_up.person("Grace")
    file = tmp_path / "taken.zip"
    async with set_up.browser() as grace:
        await grace.sign_in("Grace")
        tracemalloc.start()
        try:
            async with ada.client.post("/exchange/take-out", data={"kind": "json"}) as answer:
                with file.open("wb") as out:
                    async for piece in answer.content.iter_chunked(64 * 1024):
                        out.write(piece)
            assert file.stat().st_size > count * size
            with file.open("rb") as body:
                form = FormData()
                form.add_field("file", body, filename="taken.zip")
                await grace.post("/exchange/upload", form)
            await grace.post("/exchange/bring-in")
            person = set_up.vaults.people.find(name="Grace")
            await set_up.server.app[DESK].imports.wait(person.id, 30)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(await everything(journal_of(set_up, "Grace"))) == 2 * count
    assert peak < 2 * size
