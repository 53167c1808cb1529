"""Exports of Day One: a zip as it writes it, and what may be wrong with one."""

import json
from datetime import UTC, date, datetime
from hashlib import md5
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from herdbook.clock import LAST_MS
from herdbook.errors import InputError
from herdbook.journal.exchange.dayone_text import plain
from herdbook.journal.exchange.incoming import Incoming
from herdbook.llama.panel.markdown import render
from tests.journal.exchange.files import bytes_of, read_file, zipped
from tests.journal.pictures import picture

ZONE = ZoneInfo("Europe/Amsterdam")
HOSTILE = "<script>alert(1)</script>"
UUID = "6F30404AB159433D8B6D1F1C3F9B2A01"
PHOTO = "0123456789abcdef0123456789abcdef"


def entry_of(**changes: object) -> dict[str, object]:
    """An entry with what Day One writes besides, which is not kept."""
    entry: dict[str, object] = {
        "uuid": UUID,
        "creationDate": "2026-11-20T05:30:00Z",
        "modifiedDate": "2026-11-20T06:00:00Z",
        "timeZone": "America/New_York",
        "text": "First light\\. A walk\\!",
        "tags": ["Garden", "early"],
        "starred": True,
        "isPinned": False,
        "isAllDay": False,
        "duration": 0,
        "richText": '{"contents":[{"text":"First light."}]}',
        "creationDevice": "A phone",
        "location": {"latitude": 40.7, "longitude": -74.0, "localityName": "New York"},
        "weather": {"temperatureCelsius": 4.5, "conditionsDescription": "Clear"},
    }
    return entry | changes


def journal_of(*entries: object) -> bytes:
    return json.dumps({"metadata": {"version": "1.0"}, "entries": entries}).encode()


def read(*entries: object) -> Incoming:
    return read_file(journal_of(*entries), ZONE)


def test_an_entry_is_on_the_day_that_it_was_there() -> None:
    tokyo = entry_of(uuid="B", timeZone="Asia/Tokyo", creationDate="2026-11-20T15:30:00Z")
    found = read(entry_of(creationDate="2026-11-20T04:30:00Z"), tokyo)
    assert (found.kind, found.doubts) == ("dayone", [])
    there, after = found.entries
    assert (there.day, after.day) == (date(2026, 11, 19), date(2026, 11, 21))
    at = datetime(2026, 11, 20, 4, 30, tzinfo=UTC)
    assert there.created_ms == int(at.timestamp() * 1000)
    assert there.text == "First light. A walk!"
    assert there.traces == ["Garden", "early"]
    assert (there.author, there.edited_ms) == ("person", None)


@pytest.mark.parametrize(
    ("zone", "doubts"),
    [
        (None, []),
        ("GMT+0100", ["GMT+0100"]),
        ("../../etc/passwd", ["../../etc/passwd"]),
        ("x" * 5_000, ["x" * 200]),
        ("Europe", ["Europe"]),
        ("", [""]),
        ("Europe/Paris\x00", ["Europe/Paris\x00"]),
    ],
)
def test_an_entry_of_no_known_zone_is_on_its_day_at_home(
    zone: str | None, doubts: list[str]
) -> None:
    late = {"creationDate": "2026-11-20T23:30:00Z", "timeZone": zone}
    found = read(entry_of(**late), entry_of(uuid="B", **late))
    assert {entry.day for entry in found.entries} == {date(2026, 11, 21)}
    assert [doubt.place for doubt in found.doubts] == doubts, "said once, not for each entry"


def test_a_zip_holds_several_journals_and_their_photos() -> None:
    body = zipped(
        ("Journal.json", journal_of(entry_of())),
        ("Travel \u2708.json", b"\xef\xbb\xbf" + journal_of(entry_of(uuid="B"), entry_of())),
        ("../../Broken.json", b'{"entries":['),
        (f"photos/{PHOTO}.jpeg", b"\xff\xd8"),
        ("__MACOSX/._Journal.json", b"\x00"),
    )
    found = read_file(body, ZONE)
    assert (found.kind, len(found.entries), found.left_out) == ("dayone", 2, 2)
    assert (found.files, found.passed_over) == ([f"photos/{PHOTO}.jpeg"], 1)
    assert [(doubt.place, doubt.reason[:32]) for doubt in found.doubts] == [
        ("../../Broken.json", "Left out: This is no journal in "),
        ("Travel \u2708.json, entry 2", "Left out: it is in the file twic"),
    ]
    alone = read_file(journal_of(entry_of()), ZONE)
    assert alone.entries == found.entries[:1], "the same entry is the same one from either"


def test_a_json_between_texts_is_no_journal() -> None:
    found = read_file(zipped(("2026-11-20.txt", b"Snow."), ("about.json", b"{}")), ZONE)
    assert (found.kind, found.files) == ("markdown", ["about.json"])
    assert [entry.text for entry in found.entries] == ["Snow."]


def test_photos_are_named_where_they_stood() -> None:
    text = (
        "Look\\:\n\n![](dayone-moment://A1)\n\n![](dayone-moment:/video/B2) ![](dayone-moment://Z)"
    )
    (entry,) = read(
        entry_of(
            text=text,
            photos=[
                {"identifier": "A1", "md5": PHOTO, "type": "png", "width": 3},
                {"identifier": "C3", "md5": PHOTO[::-1]},
                {"identifier": "D4", "md5": "../../etc/passwd", "type": "x"},
                {"identifier": "E5", "md5": PHOTO, "type": "`**"},
            ],
            videos=[{"identifier": "B2", "md5": PHOTO, "type": "mov"}],
            pdfAttachments=[{"identifier": "F6", "md5": PHOTO}],
        )
    ).entries
    assert entry.text == (
        f"Look\\:\n\n`photos/{PHOTO}.png`\n\n`videos/{PHOTO}.mov` \n\n"
        f"`photos/{PHOTO[::-1]}.jpeg`\n\n`pdfs/{PHOTO}.pdf`"
    )
    (bare,) = read(entry_of(text=None, photos=[{"identifier": "A1", "md5": PHOTO}])).entries
    assert bare.text == f"`photos/{PHOTO}.jpeg`", "a day with a photo alone is not lost"


def exported(*files: tuple[str, bytes], **changes: object) -> Incoming:
    """What comes of a zip as Day One makes it."""
    return read_file(zipped(("Journal.json", journal_of(entry_of(**changes))), *files))


def of_day_one(data: bytes, identifier: str, **told: object) -> tuple[dict[str, object], str]:
    """What an entry says of a photo, and where that lies."""
    digest = md5(data, usedforsecurity=False).hexdigest()
    photo = {"identifier": identifier, "md5": digest, "type": "png"} | told
    return photo, f"photos/{digest}.{photo['type']}"


def test_photos_come_with_their_entry_and_are_named_where_they_stood() -> None:
    png, gif = picture("image/png", (8, 6)), picture("image/gif", (8, 6))
    (one, at_one), (two, at_two) = of_day_one(png, "A1"), of_day_one(gif, "B2", type="gif")
    three, at_three = of_day_one(
        b"three", "C3", type="jpeg", filename="IMG_7.HEIC", date="2026-11-19T10:00:00Z"
    )
    found = exported(
        (at_one, png),
        (at_two, gif),
        (at_three, b"three"),
        text="![](dayone-moment://B2)\n\nA ![](dayone-moment://C3) b\n\n![](dayone-moment://A1)\n",
        photos=[one, two, three],
    )
    (entry,) = found.entries
    assert (found.doubts, found.passed_over) == ([], 0)
    assert entry.text == "A `IMG_7.jpeg` b", "at its ends the entry shows them below, anyway"
    assert [file.name for file in entry.files] == ["photo 2.gif", "IMG_7.jpeg", "photo 1.png"]
    assert bytes_of(found, entry) == [gif, b"three", png], "in the order of the text"
    written = int(datetime(2026, 11, 20, 5, 30, tzinfo=UTC).timestamp() * 1000)
    taken = int(datetime(2026, 11, 19, 10, tzinfo=UTC).timestamp() * 1000)
    assert [file.added_ms for file in entry.files] == [written, taken, written]


def test_a_day_of_a_photo_alone_comes_in() -> None:
    photo, at = of_day_one(b"x", "A1")
    found = exported((at, b"x"), text="![](dayone-moment://A1)", photos=[photo])
    assert [entry.text for entry in found.entries] == [""]
    assert bytes_of(found, found.entries[0]) == [b"x"]


def test_a_photo_that_cannot_come_is_said_and_named_in_the_text() -> None:
    heic = b"\0\0\0\x18ftypheic" + bytes(100)
    (one, at_one), (two, at_two) = of_day_one(heic, "A1", type="heic"), of_day_one(b"x", "B2")
    changes = {"text": "a ![](dayone-moment://A1) b", "photos": [one, two]}
    found = exported((at_one, heic), **changes)
    (entry,) = found.entries
    assert (entry.files, found.refused) == ([], 2)
    assert entry.text == f"a `{at_one}` b\n\n`{at_two}`"
    assert [doubt.place for doubt in found.doubts] == [
        "Journal.json, entry 1, photo 1.heic",
        "Journal.json, entry 1, photo 2.png",
    ]
    assert "may say where" in found.doubts[0].reason
    assert "not in the zip" in found.doubts[1].reason


def test_a_photo_of_another_md5_comes_and_is_said() -> None:
    photo, at = of_day_one(b"x", "A1")
    found = exported((at, b"y"), photos=[photo])
    assert bytes_of(found, found.entries[0]) == [b"y"]
    assert "another file" in found.doubts[0].reason


def test_films_recordings_and_papers_come_too() -> None:
    film = b"\0\0\0\x18ftypqt  " + bytes(80)
    kinds = (
        ("videos", "videos", "mov", film),
        ("audios", "audios", "m4a", b"sound"),
        ("pdfAttachments", "pdfs", "pdf", b"%PDF-1.7"),
    )
    told, files = {}, []
    for key, folder, ending, data in kinds:
        digest = md5(data, usedforsecurity=False).hexdigest()
        told[key] = [{"identifier": key[:3], "md5": digest}]
        files.append((f"{folder}/{digest}.{ending}", data))
    body = zipped(("Journal.json", journal_of(entry_of(**told))), *files)
    (entry,) = read_file(body, keep_place=True).entries
    assert [file.name for file in entry.files] == ["video 1.mov", "audio 1.m4a", "document 1.pdf"]
    found = read_file(body)
    assert len(found.entries[0].files) == 2
    assert "keep" not in found.entries[0].text
    assert "allow it in the settings" in found.doubts[0].reason


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"creationDate": "10000-01-01T00:00:00Z"}, "no time of the calendar"),
        ({"creationDate": "2026-02-30T10:00:00Z"}, "no time of the calendar"),
        ({"creationDate": "0001-01-01T00:00:00Z"}, "no time of the calendar"),
        ({"creationDate": f"{HOSTILE}{'x' * 100}"}, f"“{HOSTILE}"),
        ({"creationDate": 10**30}, "not as Day One writes it"),
        ({"creationDate": None}, "not as Day One writes it"),
        ({"tags": [10**30]}, "not as Day One writes it"),
        ({"photos": {}}, "not as Day One writes it"),
        ({"text": ""}, "empty"),
        ({"text": "![](dayone-moment://A1)"}, "empty"),
        ({"text": "x" * 100_001}, "100,000"),
    ],
)
def test_a_doubtful_entry_is_left_out_and_said(changes: dict[str, object], words: str) -> None:
    found = read(entry_of(**changes), entry_of(uuid="B", text="good"))
    assert [entry.text for entry in found.entries] == ["good"]
    assert found.doubts[0].place == "Entry 1"
    assert words in found.doubts[0].reason
    assert len(found.doubts[0].reason) < 200


def test_an_entry_without_an_id_is_the_same_one_again() -> None:
    entry = {"creationDate": "2026-11-20T05:30:00Z", "text": "Made by hand."}
    found = read(entry, entry | {"text": "Another."}, entry)
    assert (len(found.entries), found.left_out) == (2, 1)
    assert read(entry).entries[0].id == found.entries[0].id


def test_what_is_hostile_in_it_is_only_text() -> None:
    found = read(
        entry_of(
            text=f"{HOSTILE} [x](javascript:alert\\(1\\))",
            tags=[HOSTILE, "\x07", "x" * 41, "", *(str(number) for number in range(40))],
            duration=10**400,
            weather={"temperatureCelsius": 1e308},
        )
    )
    (entry,) = found.entries
    assert entry.text == f"{HOSTILE} [x](javascript:alert\\(1\\))"
    assert "<script" not in render(entry.text)
    assert "<a" not in render(entry.text)
    assert entry.traces[:2] == [HOSTILE, "x" * 40]
    assert len(entry.traces) == 30
    assert [doubt.place for doubt in found.doubts] == ["Entry 1"]


def test_times_before_1970_and_after_the_calendar_keep_their_days() -> None:
    found = read(
        entry_of(creationDate="1952-05-01T12:00:00Z"),
        entry_of(uuid="B", creationDate="9999-12-31T12:00:00Z"),
    )
    assert [entry.day for entry in found.entries] == [date(1952, 5, 1), date(9999, 12, 31)]
    assert [entry.created_ms for entry in found.entries] == [0, LAST_MS]


def test_text_that_is_not_utf_8_leaves_out_its_entry_alone() -> None:
    body = journal_of(entry_of(text="caf@"), entry_of(uuid="B", text="good"))
    found = read_file(body.replace(b"caf@", b"caf\xe9"), ZONE)
    assert [entry.text for entry in found.entries] == ["good"]
    assert found.left_out == 1


def test_a_zip_of_a_journal_that_unpacks_to_more_than_it_may_is_refused() -> None:
    with pytest.raises(InputError, match="Unpacked"):
        read_file(zipped(("Journal.json", b" " * (129 * 1024**2))), ZONE)


@pytest.mark.parametrize(
    ("written", "looks"),
    [
        ("It was 3\\.5 km \\(or 4\\)\\.", "It was 3.5 km (or 4)."),
        ("Tea \\- no\\, coffee\\! \\#5", "Tea - no\\, coffee! #5"),
        ("2024\\.01\\.02 10\\-12", "2024.01.02 10-12"),
        ("1\\. no list", "1\\. no list"),
        ("12\\) no list", "12\\) no list"),
        ("\\- no list", "\\- no list"),
        ("\\# no heading", "\\# no heading"),
        ("\\-\\-\\-", "\\-\\-\\-"),
        ("a \\*b\\* \\_c\\_ \\\\.", "a \\*b\\* \\_c\\_ \\\\."),
        ("[a](b\\.c) d\\.", "[a](b\\.c) d\\."),
        ("`a\\.b` c\\.", "`a\\.b` c\\."),
        ("```\na\\.b\n```\nc\\.", "```\na\\.b\n```\nc."),
        ("    a\\.b", "    a\\.b"),
        ("a\\", "a\\"),
    ],
)
def test_backslashes_go_where_they_change_nothing(written: str, looks: str) -> None:
    assert plain(written) == looks
    assert render(looks) == render(written)


MARKS = ["\\.", "\\-", "\\+", "\\(", "\\)", "\\!", "\\#", "\\[", "\\]", "\\\\", "\\*", "\\|"]
OTHERS = ["a", "12", " ", "\n", "\n\n", "- ", "1. ", "> ", "# ", "|", "[", "]", "(", "-", "&", "*"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(MARKS + OTHERS), max_size=12).map("".join))
@example("a|b\n\\-|\\-")
@example("a &\\#12;")
def test_without_its_backslashes_a_text_looks_the_same(written: str) -> None:
    assert render(plain(written)) == render(written)
