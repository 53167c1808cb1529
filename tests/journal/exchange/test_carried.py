"""Photos and files go out with their entries and come in with them, byte for byte, or are said."""

import base64
import html
import io
import json
import random
import re
import zipfile
from collections.abc import Iterator
from hashlib import md5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.journal.exchange import archive, carried
from herdbook.journal.exchange.incoming import Incoming
from herdbook.journal.exchange.passed import Passed
from herdbook.journal.file import DESCRIPTION_LIMIT, SIZE_LIMIT, File, clean_name
from tests.journal.exchange.files import (
    bytes_of,
    file_of,
    json_within,
    kept_file,
    read_file,
    zipped,
)
from tests.journal.exchange.test_files import DAY, ENTRIES, ID
from tests.journal.pictures import PLACE, picture

KINDS = ["json", "markdown", "html"]
ENTRY = Passed(ID, DAY, 1, "The sea.", "person")
HOSTILE = "<img src=x onerror=alert(1)> --> `x` ](y)"
HEIC = b"\0\0\0\x18ftypheic" + bytes(100)
PNG = picture("image/gif", (8, 6))

NAMES = st.one_of(
    st.text(min_size=1, max_size=20).map(clean_name),
    st.sampled_from(["a.md", "A.MD", "journal.json", "2026-11-20.md", "é.txt", "e\u0301.txt"]).map(
        clean_name
    ),
)
# None that begins like a picture and is none.
DATA = st.one_of(
    st.binary(max_size=5_000).map(lambda data: b"." + data),
    st.just(picture("image/png", (4, 4))),
)
DESCRIPTIONS = st.sampled_from(["", "The sea", HOSTILE, '"', "\u2028 --> &amp;"])


@st.composite
def journals(
    draw: st.DrawFn,
) -> tuple[list[Passed], dict[str, list[tuple[File, bytes]]]]:
    """Entries on days of their own, and their files."""
    entries = draw(st.lists(ENTRIES, min_size=1, max_size=3, unique_by=lambda one: one.id))
    files = {}
    number = 0
    for entry in entries:
        files[entry.id] = []
        for _ in range(draw(st.integers(0, 3))):
            number += 1
            data = draw(DATA)
            told = (number, draw(NAMES), data, " ".join(draw(DESCRIPTIONS).split()))
            files[entry.id].append((kept_file(*told), data))
    return entries, files


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=60)
@given(journal=journals())
def test_a_journal_comes_back_with_all_of_its_files(
    kind: str, journal: tuple[list[Passed], dict[str, list[tuple[File, bytes]]]]
) -> None:
    entries, files = journal
    found = read_file(file_of(kind, sorted(entries, key=lambda one: one.day), files))
    assert (found.doubts, found.refused, found.passed_over) == ([], 0, 0)
    assert {one.id for one in found.entries} == {one.id for one in entries}
    for entry in found.entries:
        expected = files[entry.id]
        assert bytes_of(found, entry) == [data for _, data in expected]
        told = [
            (one.name, one.description, one.added_ms, one.kind, one.size) for one in entry.files
        ]
        assert told == [
            (file.name, file.description, file.added_ms, file.kind, len(data))
            for file, data in expected
        ]


def with_photo(kind: str, data: bytes = PNG, name: str = "sea.gif", text: str = "x") -> bytes:
    entry = Passed(ID, DAY, 1, text, "person")
    return file_of(kind, [entry], {ID: [(kept_file(1, name, data), data)]})


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_of_a_photo_alone_comes_back(kind: str) -> None:
    found = read_file(with_photo(kind, text=""))
    assert [entry.text for entry in found.entries] == [""]
    assert bytes_of(found, found.entries[0]) == [PNG]


@pytest.mark.parametrize("kind", KINDS)
def test_what_may_tell_a_place_is_refused_unless_it_is_kept(kind: str) -> None:
    body = with_photo(kind, HEIC, "IMG.HEIC")
    found = read_file(body)
    assert (found.refused, found.entries[0].files) == (1, [])
    assert found.doubts[0].place.endswith("IMG.HEIC")
    assert "may say where" in found.doubts[0].reason
    kept = read_file(body, keep_place=True)
    assert kept.doubts == []
    assert bytes_of(kept, kept.entries[0]) == [HEIC]
    alone = read_file(with_photo(kind, HEIC, "IMG.HEIC", text=""))
    assert (alone.entries, alone.left_out) == ([], 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_file_goes_out_piece_by_piece(kind: str) -> None:
    data = random.Random(1).randbytes(700_001)
    body = with_photo(kind, data, "film.bin")
    found = read_file(body)
    assert found.doubts == []
    assert bytes_of(found, found.entries[0]) == [data]


def test_the_zips_are_for_people_too() -> None:
    files = {
        ID: [
            (kept_file(1, "sea.gif", PNG, "The [sea]"), PNG),
            (kept_file(2, "Sea.gif", b"two"), b"two"),
            (kept_file(3, "my notes.md", b"# Notes"), b"# Notes"),
        ]
    }
    body = file_of("markdown", [ENTRY], files)
    with zipfile.ZipFile(io.BytesIO(body)) as folder:
        assert folder.testzip() is None
        assert folder.namelist() == [
            "2026/2026-11-20.md",
            "files/2026-11-20/sea.gif",
            "files/2026-11-20/Sea 2.gif",
            "files/2026-11-20/my notes.md",
        ]
        assert folder.getinfo("files/2026-11-20/sea.gif").date_time[:3] == (2023, 11, 14)
        text = folder.read("2026/2026-11-20.md").decode()
    assert text.endswith(
        "The sea.\n\n<!-- files -->\n"
        "![The \\[sea\\]](../files/2026-11-20/sea.gif)  \n"
        "[Sea.gif](../files/2026-11-20/Sea%202.gif)  \n"
        "[my notes.md](../files/2026-11-20/my%20notes.md)  \n"
        "<!-- /files -->\n"
    )
    page = file_of("html", [ENTRY], files).decode()
    assert f'<img src="data:image/gif;base64,{base64.b64encode(PNG).decode()}" alt="The [sea]"' in (
        page
    )
    assert 'href="data:application/octet-stream;base64,dHdv" download="Sea.gif"' in page


@pytest.mark.parametrize("kind", ["json", "markdown"])
def test_a_zip_may_be_packed_anew_in_a_folder_and_by_a_mac(kind: str) -> None:
    data = b"x"
    entry = Passed(ID, DAY, 1, "x", "person")
    body = file_of(kind, [entry], {ID: [(kept_file(1, "Zoë.txt", data), data)]})
    with zipfile.ZipFile(io.BytesIO(body)) as folder:
        anew = [
            (f"My journal/{name}".replace("ë", "e\u0308"), folder.read(name))
            for name in folder.namelist()
        ]
    found = read_file(zipped(*anew, ("__MACOSX/x", b"")))
    assert (found.kind, found.doubts, found.passed_over) == (kind, [], 0)
    assert bytes_of(found, found.entries[0]) == [data]


def test_what_somebody_writes_below_the_links_is_text() -> None:
    body = with_photo("markdown")
    with zipfile.ZipFile(io.BytesIO(body)) as folder:
        anew = [(name, folder.read(name)) for name in folder.namelist()]
    anew[0] = (anew[0][0], anew[0][1] + b"\nAnd more.\n")
    (entry,) = read_file(zipped(*anew)).entries
    assert entry.text == "x\n\n\n\nAnd more."
    assert len(entry.files) == 1


def test_texts_in_anybodys_folder_of_files_are_entries() -> None:
    found = read_file(zipped(("files/2026-11-20.md", b"Snow."), ("2026-11-21.md", b"Rain.")))
    assert {entry.text for entry in found.entries} == {"Snow.", "Rain."}


def test_a_json_that_left_its_files_behind_says_so() -> None:
    found = read_file(json_within(with_photo("json")))
    assert [entry.text for entry in found.entries] == ["x"]
    assert found.refused == 1
    assert found.doubts[0].reason == "Left out: It did not come along. Choose the whole zip."


def own(*files: tuple[str, bytes], **changes: object) -> bytes:
    """Our own zip, its first file told of with `changes`."""
    told = {"name": "sea.gif", "added_ms": 1, "path": "files/sea.gif"} | changes
    entry = {
        "id": ID,
        "day": "2026-11-20",
        "created_ms": 1,
        "text": "x",
        "author": "person",
        "files": [told],
    }
    outline = {"format": "herdbook-journal", "version": 1, "entries": [entry]}
    return zipped(("journal.json", json.dumps(outline).encode()), *files)


def the_doubt(found: Incoming) -> str:
    assert [entry.text for entry in found.entries] == ["x"], "the words come in any case"
    (doubt,) = found.doubts
    return doubt.reason


@pytest.mark.parametrize(
    ("files", "changes", "words"),
    [
        ([], {}, "Left out: It is not in the zip."),
        ([("files/sea.gif", PNG)], {"path": "../../../etc/passwd"}, "It is not in the zip."),
        ([("files/sea.gif", PNG)], {"path": "/etc/passwd"}, "It is not in the zip."),
        ([("files/sea.gif", b"")], {}, "It is empty."),
        ([("files/sea.gif", bytes(SIZE_LIMIT + 1))], {}, "at most 15 MiB"),
        ([("files/sea.gif", b"GIF89a")], {}, "damaged"),
        ([("files/sea.gif", PNG)], {"sha256": "0" * 64}, "another file than the entry tells of"),
    ],
)
def test_a_file_that_cannot_come_is_said(
    files: list[tuple[str, bytes]], changes: dict[str, object], words: str
) -> None:
    assert words in the_doubt(read_file(own(*files, **changes)))


def test_a_file_that_is_another_one_comes_as_it_is() -> None:
    found = read_file(own(("files/sea.gif", PNG), sha256="0" * 64))
    assert bytes_of(found, found.entries[0]) == [PNG]
    assert found.refused == 0


@pytest.mark.parametrize(
    "name", ["../../.ssh/authorized_keys", HOSTILE, "\u202egpj.exe", "x" * 500, "\x00", "con/../a"]
)
def test_a_name_is_only_a_name(name: str) -> None:
    found = read_file(own((f"files/{name}", PNG), name=name, path=f"files/{name}"))
    told = [file.name for entry in found.entries for file in entry.files]
    # A zip cuts names off at a NUL.
    assert told == ([] if "\x00" in name else [clean_name(name)])


def test_what_is_told_of_a_file_is_brought_into_bounds() -> None:
    found = read_file(own(("files/sea.gif", PNG), description="long " * 100, size=10**15))
    (file,) = found.entries[0].files
    assert len(file.description) <= DESCRIPTION_LIMIT
    assert file.size == len(PNG)


def _lying(size: int, data: bytes) -> bytes:
    """A zip whose list says that a file of these data has so many bytes unpacked."""
    body = io.BytesIO(own(path="files/film"))
    with zipfile.ZipFile(body, "a", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr("files/film", data)
        folder.getinfo("files/film").file_size = size
    return body.getvalue()


def test_ten_gigabytes_are_not_believed_and_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    chunks = archive.Archive._chunks

    def seen(self: archive.Archive, name: str) -> Iterator[bytes]:
        asked.append(name)
        return chunks(self, name)

    monkeypatch.setattr(archive.Archive, "_chunks", seen)
    assert "at most 15 MiB" in the_doubt(read_file(_lying(10 * 1024**3, PNG)))
    assert asked == ["journal.json"]


def test_a_bomb_unpacks_to_no_more_than_it_says() -> None:
    bomb = _lying(100, bytes(14 * 1024**2))
    assert len(bomb) < 50_000
    assert "damaged" in the_doubt(read_file(bomb))


def test_many_small_files_that_unpack_to_much_end_at_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(carried, "TOTAL_LIMIT", 3 * 1024**2)
    entries = [Passed(f"{number:032x}", DAY, 1, "x", "person") for number in range(4)]
    data = bytes(1024**2)
    files = {
        entry.id: [(kept_file(number, "a", data), data)] for number, entry in enumerate(entries)
    }
    found = read_file(file_of("json", entries, files))
    assert [len(entry.files) for entry in found.entries] == [1, 1, 1, 0]
    assert "All files together" in found.doubts[0].reason


def test_an_entry_has_no_more_files_than_it_may() -> None:
    data = [b"%d" % number for number in range(22)]
    files = {ID: [(kept_file(n, f"{n}", one), one) for n, one in enumerate(data)]}
    found = read_file(file_of("json", [ENTRY], files))
    assert bytes_of(found, found.entries[0]) == data[:20]
    assert found.refused == 2
    assert "at most 20 files" in found.doubts[0].reason


def test_a_list_of_files_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_LIST_LIMIT", 100_000)
    body = zipped(*((f"{number:05}{'x' * 300}.md", b"") for number in range(400)))
    with pytest.raises(carried.InputError, match="too long"):
        read_file(body)


@pytest.mark.parametrize("change", ["=", "!", "", "z"])
def test_what_is_no_base64_in_a_page_is_said(change: str) -> None:
    page = with_photo("html")
    there = base64.b64encode(PNG)
    body = page.replace(there, there[:9] + change.encode() + there[10:])
    found = read_file(body)
    assert len(found.doubts) == 1
    found = read_file(page.replace(there, b""))
    assert the_doubt(found) == "Left out: It is empty."


def test_a_text_in_a_page_is_no_file() -> None:
    line = '<figure data-herdbook-file="0"><img src="data:image/gif;base64,AAAA">'
    page = with_photo("html", text=line).replace(b"<p>\xe2\x80\xa6</p>", html.escape(line).encode())
    found = read_file(page)
    assert bytes_of(found, found.entries[0]) == [PNG]
    held = re.search(rb'data-herdbook-1="([^"]*)"', page)
    assert held
    assert found.entries[0].text == json.loads(html.unescape(held[1].decode()))["text"] == line


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "image/webp", "image/gif"])
def test_a_picture_of_a_place_is_taken_and_rid_of_it_later(kind: str) -> None:
    data = picture(kind)
    assert PLACE in data
    assert read_file(own(("files/sea.gif", data))).doubts == []


def test_an_md5_tells_too() -> None:
    digest = md5(PNG, usedforsecurity=False).hexdigest()
    assert read_file(own(("files/sea.gif", PNG), sha256=digest.upper())).doubts == []
