"""What goes out as a file comes in from it as it was; what is hostile does not come in at all."""

import json
from datetime import UTC, date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.clock import LAST_MS
from herdbook.errors import InputError
from herdbook.journal.entry import clean_text
from herdbook.journal.exchange import archive, incoming
from herdbook.journal.exchange.incoming import Incoming
from herdbook.journal.exchange.passed import Passed
from herdbook.journal.history import Version
from herdbook.journal.trace import clean_name, fold
from tests.journal.exchange.files import ZONE, file_of, read_file, zipped

DAY = date(2026, 11, 20)
ID = "5f0c2f1be8d34b0b9b0d0a4d2f1c7e11"
MARKS = [
    "<!-- entry {} -->",
    "\\<!-- entry ",
    "## 22:15",
    "---",
    '"',
    "<article data-herdbook-1=",
    "&",
]


def kept(clean: object, text: str) -> bool:
    try:
        return clean(text) == text  # type: ignore[operator]
    except InputError:
        return False


TEXTS = st.lists(
    st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(MARKS)), min_size=1
).map("\n".join)
ENTRY_TEXTS = TEXTS.filter(lambda text: kept(clean_text, text))
NAMES = st.one_of(st.text(max_size=40), st.just("a --> b")).filter(
    lambda name: kept(clean_name, name)
)
TIMES = st.integers(0, LAST_MS)
ENTRIES = st.builds(
    Passed,
    id=st.uuids().map(lambda one: one.hex),
    day=st.dates(),
    created_ms=TIMES,
    text=ENTRY_TEXTS,
    author=st.just("person"),
    edited_ms=st.none() | TIMES,
    traces=st.lists(NAMES, max_size=3, unique_by=fold),
    versions=st.lists(st.builds(Version, TIMES, ENTRY_TEXTS), max_size=2),
)


def refused(body: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_file(body, ZONE)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["json", "markdown", "html"])
@settings(deadline=None)
@given(entry=ENTRIES)
def test_what_goes_out_comes_in_as_it_was(kind: str, entry: Passed) -> None:
    found = read_file(file_of(kind, [entry]), ZONE)
    assert found.doubts == []
    assert found.kind == kind
    expected = entry
    if kind == "markdown":
        expected = Passed(
            entry.id,
            entry.day,
            entry.created_ms,
            entry.text,
            "person",
            None,
            entry.edited_ms,
            entry.traces,
        )
    assert found.entries == [expected]


def test_what_the_house_wrote_stays_the_houses() -> None:
    entry = Passed(ID, DAY, 1, "The door is open.", "house", "Front --> door")
    for kind in ("json", "markdown", "html"):
        assert read_file(file_of(kind, [entry]), ZONE).entries == [entry]


def json_of(**changes: object) -> bytes:
    entry = {"id": ID, "day": "2026-11-20", "created_ms": 1, "text": "x", "author": "person"}
    return json.dumps(
        {"format": "herdbook-journal", "version": 1, "entries": [entry | changes]}
    ).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "../../etc/passwd"},
        {"id": "5F0C2F1BE8D34B0B9B0D0A4D2F1C7E11"},
        {"day": "2026-02-30"},
        {"day": "0000-01-01"},
        {"created_ms": -1},
        {"created_ms": 2**60},
        {"edited_ms": LAST_MS + 1},
        {"text": ""},
        {"text": " \x00 \n"},
        {"text": "x" * 100_001},
        {"text": ["x"]},
        {"author": "admin"},
        {"source": "a person has none"},
        {"traces": [f"trace {number}" for number in range(31)]},
        {"traces": ["\x07"]},
        {"traces": ["x" * 41]},
        {"versions": [{"written_ms": -1, "text": "x"}]},
    ],
)
def test_an_entry_that_no_journal_keeps_is_left_out_and_said(changes: dict[str, object]) -> None:
    found = read_file(json_of(**changes), ZONE)
    assert found.entries == []
    assert found.left_out == 1
    assert found.doubts[0].place == "Entry 1"
    assert found.doubts[0].reason.startswith("Left out: ")
    assert "passwd" not in found.doubts[0].reason


def test_line_ends_and_nuls_are_mended() -> None:
    (entry,) = read_file(json_of(text=" a\r\nb\x00 "), ZONE).entries
    assert entry.text == "a\nb"


def test_a_trace_is_there_once() -> None:
    (entry,) = read_file(json_of(traces=["Café", "cafe", "snow"]), ZONE).entries
    assert entry.traces == ["Café", "snow"]


def test_an_entry_is_there_once() -> None:
    body = json.loads(json_of())
    body["entries"] *= 2
    found = read_file(json.dumps(body).encode(), ZONE)
    assert (len(found.entries), found.left_out) == (1, 1)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no file that Herdbook"),
        (b"\xff\xfe\x00", "no file that Herdbook"),
        (b"<!doctype html><p>Hello", "no file that Herdbook"),
        (b"{", "no journal in JSON"),
        (b'{"format":"herdbook-journal","version":1}', "no journal in JSON"),
        (json_of(text="\ud83d"), "no journal in JSON"),
        (b'{"format":"other","version":1,"entries":[]}', "of another program"),
        (b'{"format":"herdbook-journal","version":2,"entries":[]}', "version 2"),
        (b'{"format":' + b"[" * 100_000, "no journal in JSON"),
        (b"PK\x03\x04" + bytes(100), "zip is damaged"),
        (zipped(("2026-11-20.md", b"x" * 5000))[:-30], "zip is damaged"),
    ],
)
def test_what_is_no_journal_is_refused(body: bytes, words: str) -> None:
    assert words in refused(body)


def test_too_many_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "ENTRIES_LIMIT", 3)
    entries = [Passed(f"{number:032x}", DAY, 1, "x", "person") for number in range(4)]
    assert "more than 3 entries" in refused(file_of("json", entries))
    assert len(read_file(file_of("json", entries[:3]), ZONE).entries) == 3


def test_a_zip_that_unpacks_to_more_than_it_may_is_refused() -> None:
    room = archive.UNPACKED_LIMIT
    part = bytes(room // 2)
    bomb = zipped(("2026-01-01.md", part), ("2026-01-02.md", part), ("2026-01-03.md", b"x"))
    assert len(bomb) < room / 500
    assert "Unpacked" in refused(bomb)


def test_a_zip_of_too_many_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FILES_LIMIT", 2)
    files = [(f"2026-01-0{number}.md", b"x") for number in range(1, 4)]
    assert "more than 2 files" in refused(zipped(*files))


def test_an_encrypted_zip_is_refused() -> None:
    body = bytearray(zipped(("2026-11-20.md", b"x")))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(mark) + offset] |= 1
    assert "encrypted" in refused(bytes(body))


def read_folder(*files: tuple[str, bytes]) -> Incoming:
    return read_file(zipped(*files), ZONE)


def test_anybodys_markdown_is_an_entry_on_the_day_of_its_name() -> None:
    found = read_folder(
        ("journal/2026-11-20 snow.md", b"\xef\xbb\xbf# Snow\r\n\r\nThe first."),
        ("journal/Notes.md", b"---\ntags: [a]\ndate: 2026-11-21\n---\nFrom its front matter."),
        ("../../2026-11-22.md", b"A name is only a name."),
    )
    assert [(entry.day.day, entry.text) for entry in found.entries] == [
        (22, "A name is only a name."),
        (20, "# Snow\n\nThe first."),
        (21, "From its front matter."),
    ]
    assert found.entries[1].created_ms == 1_795_172_400_000  # noon in Amsterdam
    again = read_folder(("journal/2026-11-20 snow.md", b"# Snow\n\nThe first."))
    assert again.entries[0].id == found.entries[1].id


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("2026-02-30.md", b"x", "is not a day"),
        ("Notes.md", b"x", "says no day"),
        ("2026-11-20.md", b"\xff\xfe", "not UTF-8"),
        ("2026-11-20.md", b"   ", "empty"),
        ("2026-11-20.md", b'<!-- entry {"id":1} -->\n## 22:15\n\nx', "comment before"),
        ("2026-11-20.md", b"<!-- entry {]} -->\n## 22:15\n\nx", "comment before"),
    ],
)
def test_a_doubtful_file_is_left_out_and_named(name: str, content: bytes, words: str) -> None:
    found = read_folder((name, content), ("2026-01-01.md", b"good"))
    assert [entry.text for entry in found.entries] == ["good"]
    assert found.left_out == 1
    assert found.doubts[0].place.startswith(name)
    assert words in found.doubts[0].reason


def test_a_file_that_is_no_text_is_passed_over_and_named() -> None:
    found = read_folder(("../photo.jpg", b"x"), ("2026-01-01.md", b"good"), ("b.jpg", b""))
    assert [entry.text for entry in found.entries] == ["good"]
    assert (found.left_out, found.doubts, found.passed_over) == (0, [], 2)
    assert found.files == ["../photo.jpg", "b.jpg"]


def test_a_time_beyond_the_calendar_is_brought_to_its_end() -> None:
    found = read_folder(("0001-01-01.md", b"old"), ("9999-12-31.md", b"new"))
    assert [entry.created_ms for entry in found.entries] == [0, LAST_MS]
    assert incoming.noon(DAY, UTC) == 1_795_176_000_000
