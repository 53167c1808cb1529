"""Photos and files in the panel: brought in, shown as what they are and nothing else, taken off."""

import asyncio
import re
import secrets
import tempfile
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from PIL import Image

from herdbook.journal.file import ENTRY_LIMIT, SIZE_LIMIT
from herdbook.journal.journal import Journal
from herdbook.llama.panel import upload
from tests.journal.pictures import PLACE, bomb, picture
from tests.llama.panel.stage import HTMX, PASSWORD, Browser, Stage

KEY, OTHER_KEY = "a" * 32, "b" * 32
SCRIPT = b"<html><script>alert(1)</script></html>"


@pytest.fixture
def day(set_up: Stage, ada: Browser) -> str:
    """The path of today's page."""
    return f"/day/{set_up.today}"


async def _journal(set_up: Stage) -> Journal:
    return set_up.vaults.journal(await set_up.vaults.unlock("Ada", PASSWORD))


def _form(*files: tuple[str, bytes], **fields: str) -> FormData:
    form = FormData(default_to_multipart=True)
    for name, value in ({"key": KEY, "writer": "c" * 32} | fields).items():
        form.add_field(name, value)
    for name, data in files:
        form.add_field("file", BytesIO(data), filename=name, content_type="image/jpeg")
    return form


async def _add(
    ada: Browser, day: str, data: bytes, name: str = "x.jpg", *, status: int = 200, **fields: str
) -> str:
    """Bring a file into the writing field as a page with scripts does."""
    answer = await ada.post(f"{day}/files", _form((name, data), **fields), headers=HTMX)
    text = await answer.text()
    assert answer.status == status, text
    return text


async def _send(ada: Browser, day: str, text: str = "words", **fields: str) -> str:
    """The id of the entry."""
    answer = await ada.post(
        f"{day}/entries", {"key": KEY, "text": text} | fields, allow_redirects=False
    )
    assert answer.status == 303
    return answer.headers["Location"].partition("#entry-")[2]


def _ids(page: str) -> list[str]:
    """Of the files that a page shows, each once."""
    return list(dict.fromkeys(re.findall(r"/file/([0-9a-f]{32})(?:/small)?\"", page)))


async def test_a_photo_from_the_field_to_the_page(ada: Browser, day: str) -> None:
    data = picture("image/jpeg", (1600, 1000))
    part = await _add(ada, day, data, "sea.jpg")
    assert ">sea.jpg</bdi>" in part
    assert "sea.jpg" in await ada.page(day), "a reload shows it again"
    await _send(ada, day)
    page = await ada.page(day)
    (file,) = _ids(page)
    assert f'<img src="/file/{file}/small" alt="sea.jpg" width="240" height="384"' in page
    assert 'class="attached-one' not in page

    small = await ada.get(f"/file/{file}/small")
    assert (small.status, small.content_type) == (200, "image/webp")
    answer = await ada.get(f"/file/{file}")
    body = await answer.read()
    assert PLACE in data
    assert PLACE not in body
    assert Image.open(BytesIO(body)).getexif().get_ifd(0x8825) == {}
    assert answer.content_type == "image/jpeg"
    assert answer.content_length == len(body)
    for one in (small, answer):
        assert one.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert one.headers["X-Content-Type-Options"] == "nosniff"
        assert one.headers["Cache-Control"] == "no-store"
        assert one.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Content-Disposition"] == "inline"
    assert answer.headers["Connection"] == "close"
    saved = await ada.get(f"/file/{file}?save")
    assert saved.headers["Content-Disposition"] == "attachment"


async def test_the_place_stays_where_somebody_wants_it(ada: Browser, day: str) -> None:
    phones_make_jpeg = 'accept="image/jpeg,image/png,image/webp,image/gif,'
    assert phones_make_jpeg in await ada.page(day)
    await ada.post("/settings", {"lock_after_min": "15", "keep_place": "1"})
    assert phones_make_jpeg not in await ada.page(day)
    assert 'name="keep_place" value="1" checked' in await ada.page("/settings")
    data = picture("image/jpeg")
    (file,) = _ids(await _add(ada, day, data))
    assert await (await ada.get(f"/file/{file}")).read() == data
    await _add(ada, day, b"\0\0\0\x18ftypheic" + bytes(90), "IMG.HEIC")
    await ada.post("/settings", {"lock_after_min": "15"})
    refused = await _add(ada, day, b"\0\0\0\x18ftypheic" + bytes(99), "IMG.HEIC", status=422)
    assert "may say where it was taken" in refused


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("photo.jpg", SCRIPT),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("page.html", SCRIPT),
        ("bomb.png", bomb()),
        ("cut.jpg", picture("image/jpeg", (400, 300))[:3_000]),
        ("gif.gif", b"GIF89a" + SCRIPT),
        ("both.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + SCRIPT + b"\xff\xd9"),
    ],
)
async def test_what_is_no_picture_is_only_downloaded(
    ada: Browser, day: str, name: str, data: bytes
) -> None:
    answer = await ada.post(f"{day}/files", _form((name, data)), headers=HTMX)
    if answer.status == 422:
        assert "damaged" in await answer.text()
        return
    await _send(ada, day)
    page = await ada.page(day)
    assert "<img" not in page
    (file,) = _ids(page)
    answer = await ada.get(f"/file/{file}")
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    for path in (f"/file/{file}/small", f"/file/{file}/view"):
        assert (await ada.get(path)).status == 404


@pytest.mark.parametrize(
    "name",
    [
        '"><img src=x onerror=alert(1)>.jpg',
        "../../../etc/passwd",
        "naïve 🦙 “photo”.jpg",
        "x" * 400 + ".jpg",
        "\u202egpj.exe",
    ],
)
async def test_names_do_nothing(ada: Browser, day: str, name: str) -> None:
    await _add(ada, day, picture("image/png"), name)
    await _send(ada, day)
    page = await ada.page(day)
    assert "<img src=x" not in page
    assert "\u202e" not in page
    (file,) = _ids(page)
    view = await ada.page(f"/file/{file}/view")
    assert "<img src=x" not in view
    assert (await ada.get(f"/file/{file}")).headers["Content-Disposition"] == "inline"


async def test_a_single_byte_is_no_bytes(ada: Browser, day: str) -> None:
    await _add(ada, day, b"x", "one.txt")
    await _add(ada, day, b"xy", "two.txt")
    await _send(ada, day)
    sizes = re.findall(r"</bdi> <span>(.*?)</span>", await ada.page(day))
    assert sizes == ["1 byte", "2 bytes"]


async def test_anothers_file_and_none_look_the_same(set_up: Stage, ada: Browser, day: str) -> None:
    (file,) = _ids(await _add(ada, day, picture("image/png")))
    await set_up.person("Eve")
    async with set_up.browser() as eve:
        await eve.sign_in("Eve")
        for path in ("/file/{}", "/file/{}/small", "/file/{}/view"):
            there = await eve.get(path.format(file))
            nowhere = await eve.get(path.format("0" * 32))
            assert there.status == nowhere.status == 404
            assert await there.text() == await nowhere.text()
        taken = await eve.post(f"{day}/files/{file}/remove", {"key": KEY}, headers=HTMX)
        assert taken.status == 404
    async with set_up.browser() as nobody:
        for path in (f"/file/{file}", f"/file/{file}/small", f"/file/{file}/view"):
            answer = await nobody.get(path, allow_redirects=False)
            assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")


async def test_a_locked_vault_hands_nothing_out(set_up: Stage, ada: Browser, day: str) -> None:
    (file,) = _ids(await _add(ada, day, picture("image/png"), "sea.png"))
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    for path in (f"/file/{file}", f"/file/{file}/small"):
        answer = await ada.get(path)
        assert answer.status == 423
        assert answer.content_type == "text/html"
    assert (await ada.get(f"/file/{file}/view", allow_redirects=False)).status == 303
    door = await _add(ada, day, b"x", status=423)
    assert 'class="door"' in door
    assert "sea.png" not in await ada.page(day)
    await ada.sign_in()
    assert "sea.png" in await ada.page(day), "the draft has it still"


async def test_a_text_sent_at_the_door_finds_its_files_when_it_opens(
    set_up: Stage, ada: Browser, day: str
) -> None:
    await _add(ada, day, picture("image/png"), "sea.png")
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    await ada.post(f"{day}/entries", {"key": KEY, "text": "The sea."}, headers=HTMX)
    assert (
        "nothing to keep"
        in await (
            await ada.post(f"{day}/entries", {"key": OTHER_KEY, "text": ""}, headers=HTMX)
        ).text()
    )
    await ada.sign_in()
    page = await ada.page(day)
    assert page.count('alt="sea.png"') == 1
    assert "The sea." in page
    assert 'class="attached-one' not in page


async def test_without_scripts_files_are_sent_with_the_words(ada: Browser, day: str) -> None:
    form = _form(("", b""), text="No file was chosen.")
    assert (await ada.post(f"{day}/entries", form)).status == 200
    form = _form(
        ("one.png", picture("image/png")), ("two.txt", b"words"), text="Two.", key=OTHER_KEY
    )
    assert (await ada.post(f"{day}/entries", form)).status == 200
    page = await ada.page(day)
    assert "<p>No file was chosen.</p>" in page
    assert "<p>Two.</p>" in page
    assert 'alt="one.png"' in page
    assert ">two.txt</bdi>" in page


async def test_without_scripts_a_refused_file_takes_no_words_away(ada: Browser, day: str) -> None:
    form = _form(
        ("one.png", picture("image/png")), ("two.heic", b"\0\0\0\x18ftypheic" + bytes(99)),
        text="My words.",
    )  # fmt: skip
    answer = await ada.post(f"{day}/entries", form)
    assert answer.status == 422
    assert "My words." in await answer.text()
    page = await ada.page(day)
    assert "My words.</textarea>" in page
    assert ">one.png</bdi>" in page
    file = _ids(page)[0]
    gone = await ada.post(f"{day}/files/{file}/remove", {"key": KEY}, allow_redirects=False)
    assert gone.headers["Location"] == f"{day}?draft={KEY}"
    page = await ada.page(f"{day}?draft={KEY}")
    assert "My words.</textarea>" in page
    assert "one.png" not in page


async def test_changing_an_entrys_files(ada: Browser, day: str) -> None:
    await _add(ada, day, picture("image/png"), "old.png")
    entry = await _send(ada, day)
    field = await ada.field(f"{day}?change={entry}")
    change = {"key": field["key"], "writer": field["writer"], "entry": entry}
    page = await ada.page(f"{day}?change={entry}")
    file = _ids(page)[0]
    part = await (await ada.post(f"{day}/files/{file}/remove", change, headers=HTMX)).text()
    assert "Goes when you save" in part
    await _add(ada, day, b"new", "new.txt", **change)
    assert 'alt="old.png"' in await ada.page(day)
    await ada.post(f"{day}/discard", {"key": field["key"]})
    page = await ada.page(day)
    assert 'alt="old.png"' in page
    assert "new.txt" not in page

    await ada.post(f"{day}/files/{file}/remove", change, headers=HTMX)
    await ada.post(f"{day}/files/{file}/restore", change, headers=HTMX)
    await ada.post(f"{day}/files/{file}/remove", change, headers=HTMX)
    await _add(ada, day, b"new", "new.txt", **change)
    await ada.post(f"{day}/entries", change | {"text": "words", "to": "2026-10-31"})
    page = await ada.page("/day/2026-10-31")
    assert "old.png" not in page
    assert ">new.txt</bdi>" in page
    assert (await ada.get(f"/file/{file}")).status == 404
    assert "old.png" not in await ada.page(f"/entry/{entry}/versions")


async def test_deleting_and_bringing_back(ada: Browser, day: str) -> None:
    await _add(ada, day, picture("image/png"), "sea.png")
    entry = await _send(ada, day, "")
    (file,) = _ids(await ada.page(day))
    await ada.post(f"/entry/{entry}/delete")
    page = await ada.page(day)
    assert "sea.png" not in page
    await ada.post(f"/entry/{entry}/restore")
    assert 'alt="sea.png"' in await ada.page(day)
    assert (await ada.get(f"/file/{file}")).status == 200


async def test_a_photo_by_itself(ada: Browser, day: str) -> None:
    for number in range(3):
        await _add(ada, day, picture("image/png", (60 + number, 40)), f"{number}.png")
    await _add(ada, day, b"words", "words.txt")
    await _send(ada, day)
    first, second, third, words = _ids(await ada.page(day))
    page = await ada.page(f"/file/{second}/view")
    assert f'rel="prev" href="/file/{first}/view"' in page
    assert f'rel="next" href="/file/{third}/view"' in page
    assert 'rel="prev"' not in await ada.page(f"/file/{first}/view")
    assert 'rel="next"' not in await ada.page(f"/file/{third}/view")
    await ada.post(f"/file/{second}/view", {"description": "The <b>sea</b>, at last"})
    said = "The &lt;b&gt;sea&lt;/b&gt;, at last"
    assert f'alt="{said}"' in await ada.page(f"/file/{second}/view")
    assert f'alt="{said}"' in await ada.page(day)
    long = await ada.post(f"/file/{second}/view", {"description": "x" * 301})
    assert long.status == 422
    assert (await ada.get(f"/file/{words}/view")).status == 404


async def test_photos_stand_on_the_pages_that_show_entries(ada: Browser, day: str) -> None:
    await _add(ada, day, picture("image/png"), "sea.png")
    entry = await _send(ada, day)
    await ada.post(f"/entry/{entry}/traces", {"name": "sea"})
    trace = re.search(r"/trace/([0-9a-f]{32})", await ada.page(day))
    assert trace
    for path in ("/print", f"/trace/{trace[1]}"):
        assert 'alt="sea.png"' in await ada.page(path)
    assert 'loading="eager"' in await ada.page("/print")


async def test_an_open_page_gets_new_photos(set_up: Stage, ada: Browser, day: str) -> None:
    asked = f"{day}/house?vault=open&entries_mark=x"
    entry = await _send(ada, day)
    mark = re.search(r'name="entries_mark" value="(\w+)"', await (await ada.get(asked)).text())
    journal = await _journal(set_up)

    async def data() -> AsyncIterator[bytes]:
        yield picture("image/png")

    await journal.files.add(entry, "sea.png", data(), keep_place=False)
    assert mark
    news = await ada.get(f"{day}/house?vault=open&entries_mark={mark[1]}")
    assert 'alt="sea.png"' in await news.text()


async def test_unfinished_photos_are_told_of(ada: Browser, day: str) -> None:
    for number in range(2):
        await _add(ada, day, b"%d" % number)
    await ada.post(f"{day}/draft", {"key": OTHER_KEY, "writer": "d" * 32, "text": "later words"})
    page = await ada.page(day)
    assert "later words</textarea>" in page
    assert '<p class="entry-note">2 files</p>' in page
    await ada.post(f"{day}/discard", {"key": KEY})
    assert "2 files" not in await ada.page(day)


async def test_stretches(ada: Browser, day: str) -> None:
    data = secrets.token_bytes(700_000)
    (file,) = _ids(await _add(ada, day, data, "x.bin") + f'"/file/{await _only(ada, day)}"')
    for asked, start, stop in (
        ("bytes=0-9", 0, 10),
        ("bytes=262140-262149", 262_140, 262_150),
        ("bytes=699990-", 699_990, 700_000),
        ("bytes=-5", 699_995, 700_000),
        ("bytes=699999-999999999", 699_999, 700_000),
    ):
        answer = await ada.get(f"/file/{file}", headers={"Range": asked})
        assert answer.status == 206
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/700000"
        assert await answer.read() == data[start:stop]
    for asked in ("bytes=700000-", "bytes=9-3", "pages=1-2"):
        assert (await ada.get(f"/file/{file}", headers={"Range": asked})).status == 416
    assert await (await ada.get(f"/file/{file}")).read() == data


async def _only(ada: Browser, day: str) -> str:
    """The id of the one file in the writing field."""
    found = re.findall(r"/files/([0-9a-f]{32})/remove", await ada.page(day))
    assert len(set(found)) == 1
    return str(found[0])


async def test_limits_are_said(ada: Browser, day: str) -> None:
    said = await _add(ada, day, bytes(SIZE_LIMIT + 1), status=413)
    assert "A file may have 15 MiB" in said
    assert SIZE_LIMIT == 15 * 1024**2
    await _add(ada, day, bytes(SIZE_LIMIT), "as large as may be")
    for number in range(1, ENTRY_LIMIT):
        await _add(ada, day, b"%d" % number)
    said = await _add(ada, day, b"one more", status=422)
    assert "at most 20 photos and files" in said
    assert ENTRY_LIMIT == 20
    assert "empty" in await _add(ada, day, b"", status=422)


@pytest.mark.parametrize(
    "body",
    [
        b"no parts at all",
        b"--x\r\n\r\nno name\r\n--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xff\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 80 + b"--x--\r\n",
        b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--\r\n",
    ],
)
async def test_forms_that_are_none(ada: Browser, day: str, body: bytes) -> None:
    for kind in ("multipart/form-data; boundary=x", "multipart/form-data"):
        answer = await ada.post(f"{day}/files", body, headers={"Content-Type": kind} | HTMX)
        assert answer.status == 422, await answer.text()


async def test_only_where_files_are_wanted_a_form_may_have_some(ada: Browser, day: str) -> None:
    for path in (f"{day}/draft", f"{day}/discard", "/settings", "/search", "/sign-in", "/lock"):
        answer = await ada.post(path, _form(("x", b"x")))
        assert answer.status == 415, path
    answer = await ada.post(
        f"{day}/files", _form(("x", b"x")), headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status == 403
    part = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n%b\r\n--x--\r\n'
    long = BytesIO(part % (b"x" * (upload._TEXT_LIMIT + 1)))
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await ada.post(f"{day}/files", long, headers=kind | HTMX)).status == 413


class _Upload:
    """A form that comes slowly, over a connection of its own."""

    def __init__(self, set_up: Stage, ada: Browser, day: str, data: bytes) -> None:
        self.begin = (
            b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\n' + KEY.encode() + b"\r\n"
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="slow"\r\n\r\n' + data
        )
        self._head = (
            f"POST {day}/files HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
            f"HX-Request: true\r\nCookie: herdbook={ada.token()}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 9000000\r\n\r\n"
        ).encode()
        self._port = set_up.server.port
        self.writer: Any = None
        self.reader: Any = None

    async def start(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        self.writer.write(self._head + self.begin)
        await self.writer.drain()


async def _pieces(journal: Journal) -> int:
    return int(
        await journal._vault.database.read(
            lambda connection: connection.execute("SELECT count(*) FROM file_pieces").fetchone()[0]
        )
    )


async def _until_pieces(journal: Journal, *, some: bool) -> None:
    async with asyncio.timeout(10):
        while bool(await _pieces(journal)) != some:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("how", ["the browser goes", "it stops coming", "the vault locks"])
async def test_half_a_file_is_none(
    set_up: Stage, ada: Browser, day: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "it stops coming":
        monkeypatch.setattr(upload, "_PATIENCE_S", 1.0)
    journal = await _journal(set_up)
    await ada.post(f"{day}/draft", {"key": KEY, "writer": "c" * 32, "text": "my words"})
    sending = _Upload(set_up, ada, day, secrets.token_bytes(600_000))
    await sending.start()
    await _until_pieces(journal, some=True)
    if how == "the browser goes":
        sending.writer.close()
    elif how == "it stops coming":
        answer = await asyncio.wait_for(sending.reader.read(20), 10)
        assert b" 408 " in answer
    else:
        await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
        answer = await asyncio.wait_for(sending.reader.read(20), 10)
        assert b" 423 " in answer
        await ada.sign_in()
        journal = await _journal(set_up)
    await _until_pieces(journal, some=False)
    sending.writer.close()
    page = await ada.page(day)
    assert "my words</textarea>" in page
    assert 'class="attached-one' not in page


async def test_a_lock_ends_a_download_that_nobody_fetches(
    set_up: Stage, ada: Browser, day: str
) -> None:
    await _add(ada, day, secrets.token_bytes(14_000_000), "large")
    file = await _only(ada, day)
    reader, writer = await asyncio.open_connection("127.0.0.1", set_up.server.port)
    writer.write(
        f"GET /file/{file} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Cookie: herdbook={ada.token()}\r\n\r\n".encode()
    )
    assert b" 200 " in await reader.readline()
    await set_up.vaults.lock(set_up.vaults.people.find(name="Ada").id)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(14_000_000), 10)
    writer.close()


async def test_nothing_of_a_file_is_in_a_temporary_file(
    ada: Browser, day: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What aiohttp and Python would use for it is not there to be used."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refuse)
    await _add(ada, day, picture("image/jpeg", (2_000, 1_500)), "sea.jpg")
    await _add(ada, day, secrets.token_bytes(3_000_000), "large.bin")
    form = _form(("more.bin", secrets.token_bytes(3_000_000)), text="words")
    assert (await ada.post(f"{day}/entries", form)).status == 200


async def test_nothing_of_a_file_is_in_the_log(
    ada: Browser, day: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    mark = secrets.token_hex(8)
    await _add(ada, day, mark.encode() * 999, f"{mark}.txt")
    await _add(ada, day, b"\xff\xd8\xff\xe1" + mark.encode(), f"{mark}.jpg", status=422)
    await _add(ada, day, bytes(SIZE_LIMIT + 1), f"{mark}.large", status=413)
    file = await _only(ada, day)
    await ada.get(f"/file/{file}", headers={"Range": "bytes=10000000-"})
    await ada.post(f"{day}/files/{file}/remove", {"key": KEY}, headers=HTMX)
    assert mark not in caplog.text
