"""Whatever is in a file: it comes in, or one is told why not. Nothing else happens, and soon."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.secret import Aead

from herdbook.errors import InputError
from herdbook.journal.exchange import llamora
from herdbook.journal.exchange.incoming import Incoming
from herdbook.journal.exchange.passed import checked
from herdbook.journal.file import SIZE_LIMIT
from tests.journal.exchange.files import (
    bytes_of,
    file_of,
    json_within,
    kept_file,
    read_file,
    zipped,
)
from tests.journal.exchange.test_dayone import entry_of, journal_of
from tests.journal.exchange.test_files import DAY, ID, Passed
from tests.journal.exchange.test_jrnl import FILE, OLD, ZONE, json_of
from tests.journal.exchange.test_jrnl import entry_of as jrnl_entry_of
from tests.journal.pictures import picture

LLAMORA = Path(__file__).parents[2] / "databases" / "llamora-v1.sqlite3"
ENTRY = Passed(ID, DAY, 1, "The first snow.", "house", "Front door", 2, ["snow", "garden"])
OWN_MARKDOWN = """---
day: 2026-11-20
---

<!-- entry {"id":"5f0c2f1be8d34b0b9b0d0a4d2f1c7e11","created_ms":1,"author":"person"} -->
## 22:15

The first snow.
"""
PHOTO = picture("image/png", (8, 6))
WITH_FILES = {
    ID: [
        (kept_file(1, "sea.png", PHOTO, "The sea"), PHOTO),
        (kept_file(2, "a.md", b"# No entry"), b"# No entry"),
    ]
}
SAMPLES = {
    "json": json_within(file_of("json", [ENTRY], WITH_FILES)),
    "html": file_of("html", [ENTRY], WITH_FILES),
    "json and files": file_of("json", [ENTRY], WITH_FILES),
    "markdown and files": file_of("markdown", [ENTRY], WITH_FILES),
    "markdown": OWN_MARKDOWN.encode(),
    "front matter": b"---\ndate: 2026-11-20\n---\nSnow.",
    "zip": zipped(("2026-11-20 a.md", b"Snow. " * 20), ("b.jpg", b"x")),
    "jrnl": FILE.encode(),
    "jrnl 1": OLD.encode(),
    "jrnl json": json_of(jrnl_entry_of(tags=["@a"]), jrnl_entry_of(title="b")),
    "dayone": journal_of(
        entry_of(photos=[{"identifier": "A1"}], text="a\\. ![](dayone-moment://A1)")
    ),
    "dayone json": journal_of(entry_of(), entry_of(uuid="B")),
}
WITHIN = {"markdown": "2026-11-20.md", "front matter": "snow.md", "dayone": "Journal.json"}


def file_with(kind: str, content: bytes) -> bytes:
    return zipped((WITHIN[kind], content)) if kind in WITHIN else content


PIECES = st.one_of(
    st.binary(max_size=8),
    st.sampled_from([b"9999", b"-1", b"1e999", b"\xff", b'"', b"{", b"]", b"null", b"\\u0000"]),
)
CHANGES = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 40), PIECES), max_size=4)
SOON = settings(deadline=10_000, max_examples=60)


def changed(body: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for where, length, piece in changes:
        start = where % (len(body) + 1)
        body = body[:start] + piece + body[start + length :]
    return body


def is_sound(found: Incoming) -> bool:
    """Whether a vault can take all of it in, and a page say it."""
    told = [text for doubt in found.doubts for text in (doubt.place, doubt.reason)]
    "".join([*told, *found.files]).encode()
    for entry in found.entries:
        sizes = [len(body) for body in bytes_of(found, entry)]
        assert sizes == [file.size for file in entry.files]
        assert all(0 < size <= SIZE_LIMIT for size in sizes)
    ids = {entry.id for entry in found.entries}
    return len(ids) == len(found.entries) and all(
        checked(entry) == entry for entry in found.entries
    )


def read(body: bytes) -> None:
    try:
        found = read_file(body, ZONE)
    except InputError:
        return
    assert is_sound(found)


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_samples_come_in(kind: str) -> None:
    found = read_file(file_with(kind, SAMPLES[kind]), ZONE)
    assert found.entries
    assert is_sound(found)


@pytest.mark.parametrize("kind", SAMPLES)
@SOON
@given(changes=CHANGES)
def test_a_file_that_was_changed_anyhow_is_read_or_refused(
    kind: str, changes: list[tuple[int, int, bytes]]
) -> None:
    read(file_with(kind, changed(SAMPLES[kind], changes)))


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=20),
        st.sampled_from(["2026-11-20", "2026-02-30T25:00", "9999-12-31T23:59:59-23:59", "12:00"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
OURS = json.loads(SAMPLES["json"])["entries"][0]


@pytest.mark.parametrize(
    ("outline", "entry"),
    [
        ({"format": "herdbook-journal", "version": 1}, OURS),
        ({"tags": {}}, jrnl_entry_of(tags=["@a"])),
        ({"metadata": {}}, entry_of(photos=[{"identifier": "A1"}])),
    ],
    ids=["json", "jrnl", "dayone"],
)
@SOON
@given(data=st.data())
def test_an_entry_may_say_anything_in_any_field(
    outline: dict[str, object], entry: dict[str, object], data: st.DataObject
) -> None:
    fields = data.draw(st.dictionaries(st.sampled_from(sorted(entry)), VALUES, max_size=3))
    read(json.dumps(outline | {"entries": [entry | fields, entry]}).encode("utf-8", "replace"))


@pytest.fixture(scope="module")
def dek() -> bytes:
    found: list[bytes] = []
    real = llamora._unwrap
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(llamora, "_unwrap", lambda *told: found.append(real(*told)) or found[0])
        llamora.read_llamora(LLAMORA.read_bytes(), "alice", "correct-horse-battery-staple-9!", ZONE)
    assert len(found[0]) == Aead.KEY_SIZE
    return found[0]


@SOON
@given(changes=CHANGES)
def test_a_database_that_was_changed_anyhow_is_read_or_refused(
    dek: bytes, changes: list[tuple[int, int, bytes]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # The key is derived once: that alone takes half a second.
        patch.setattr(llamora, "_unwrap", lambda _user, _secret: dek)
        try:
            found = llamora.read_llamora(changed(LLAMORA.read_bytes(), changes), "alice", "", ZONE)
        except InputError:
            return
    assert is_sound(found)
