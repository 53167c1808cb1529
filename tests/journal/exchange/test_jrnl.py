"""Journals of jrnl: as its documentation shows them, and what may be wrong with one."""

import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from herdbook.errors import InputError
from herdbook.journal.exchange import outline
from herdbook.journal.exchange.incoming import Incoming
from tests.journal.exchange.files import read_file

ZONE = ZoneInfo("Europe/Amsterdam")
HOSTILE = "<script>alert(1)</script>"
FILE = """\
[2026-11-20 09:30] Planted the last bulbs.
Forty of them, with @Grace in the #garden.

## Afterwards
[x] washed the boots
[1] is no time, and (2026-11-20 10:00) neither.

[2026-11-21 07:05:09 PM] A quiet day. *

[2026-11-22 12:00:00 AM] Midnight, write@nobody
"""
OLD = """\
2012-03-29 09:00 Called in sick.
Cleaned the house and wrote for four hours.

2012-03-30 18:15 A long walk. *
"""


def times(found: Incoming) -> list[datetime]:
    return [datetime.fromtimestamp(entry.created_ms / 1000, ZONE) for entry in found.entries]


def at(*told: int) -> datetime:
    return datetime(*told, tzinfo=ZONE)  # type: ignore[arg-type, misc]


def json_of(*entries: object) -> bytes:
    return json.dumps({"tags": {"@grace": 1}, "entries": entries}).encode()


def entry_of(**changes: object) -> dict[str, object]:
    entry = {"title": "Snow.", "body": "", "date": "2026-11-20", "time": "09:30"}
    return entry | {"tags": [], "starred": False} | changes


def test_a_file_comes_in_with_its_times_and_tags() -> None:
    found = read_file(FILE.encode(), ZONE)
    assert (found.kind, found.doubts) == ("jrnl", [])
    first, second, third = found.entries
    assert first.text == (
        "Planted the last bulbs.\nForty of them, with @Grace in the #garden.\n\n"
        "## Afterwards\n[x] washed the boots\n[1] is no time, and (2026-11-20 10:00) neither."
    )
    assert first.traces == ["Grace", "garden"]
    assert second.text == "A quiet day."
    assert third.traces == []
    assert [entry.day.day for entry in found.entries] == [20, 21, 22]
    assert times(found) == [at(2026, 11, 20, 9, 30), at(2026, 11, 21, 19, 5, 9), at(2026, 11, 22)]
    assert {entry.author for entry in found.entries} == {"person"}


def test_a_file_of_jrnl_1_comes_in() -> None:
    found = read_file(b"\xef\xbb\xbf" + OLD.replace("\n", "\r\n").encode(), ZONE)
    assert [entry.text for entry in found.entries] == [
        "Called in sick.\nCleaned the house and wrote for four hours.",
        "A long walk.",
    ]
    assert times(found)[1] == at(2012, 3, 30, 18, 15)


def test_in_a_newer_file_a_line_that_begins_with_a_time_is_text() -> None:
    found = read_file(b"[2026-11-20 09:30] Plan\n2026-11-21 10:00 the dentist\n", ZONE)
    assert [entry.text for entry in found.entries] == ["Plan\n2026-11-21 10:00 the dentist"]


def test_a_time_of_a_language_without_am_and_pm_is_one() -> None:
    found = read_file(b"[2026-11-20 09:30:15 ] Nebel.\n", ZONE)
    assert [entry.text for entry in found.entries] == ["Nebel."]
    assert times(found) == [at(2026, 11, 20, 9, 30, 15)]


def test_its_json_holds_the_same_entries() -> None:
    body = json_of(
        entry_of(
            title="Planted the last bulbs.",
            body="Forty of them, with @Grace in the #garden.",
            tags=["@grace", "#garden", "#"],
            uuid="x",
            creator={"os_agent": "y"},
        ),
        entry_of(date="2026-11-21", time="19:05", title="A quiet", body="day.", starred=True),
    )
    found = read_file(body, ZONE)
    assert (found.kind, found.doubts) == ("jrnl", [])
    assert [entry.traces for entry in found.entries] == [["grace", "garden"], []]
    file = b"[2026-11-20 09:30] Planted the last bulbs.\nForty of them, with @Grace in the #garden."
    from_file = read_file(file + b"\n[2026-11-21 07:05:44 PM] A quiet day. *", ZONE)
    assert [one.id for one in from_file.entries] == [one.id for one in found.entries]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"date": "2026-02-30"}, "“2026-02-30 09:30” is no time of the calendar"),
        ({"date": "0000-01-01"}, "no time of the calendar"),
        ({"time": "24:00"}, "no time of the calendar"),
        ({"time": "13:00 PM"}, "no time of the calendar"),
        ({"date": "20.11.2026"}, "not as jrnl writes them"),
        ({"date": "99999-01-01"}, "not as jrnl writes them"),
        ({"date": 10**30}, "not as jrnl writes it"),
        ({"title": None}, "not as jrnl writes it"),
        ({"tags": "@grace"}, "not as jrnl writes it"),
        ({"title": " ", "body": "\n"}, "empty"),
        ({"body": "x" * 100_000}, "100,000"),
    ],
)
def test_a_doubtful_entry_is_left_out_and_said(changes: dict[str, object], words: str) -> None:
    found = read_file(json_of(entry_of(**changes), entry_of(title="good")), ZONE)
    assert [entry.text for entry in found.entries] == ["good"]
    assert found.left_out == 1
    assert found.doubts[0].place == "Entry 1"
    assert words in found.doubts[0].reason


def test_an_impossible_time_in_a_file_takes_no_other_entry_along() -> None:
    found = read_file(b"[2026-11-20 09:30] a\n[2026-02-30 09:30] b\n[2026-11-21 25:00] c\n", ZONE)
    assert [entry.text for entry in found.entries] == ["a"]
    assert [doubt.place for doubt in found.doubts] == ["Entry 2", "Entry 3"]


def test_what_is_hostile_in_it_is_only_text() -> None:
    body = f"[2026-11-20 09:30] {HOSTILE}\n@{HOSTILE} #../../etc/passwd @{'x' * 50}\n"
    found = read_file(body.encode(), ZONE)
    assert found.entries[0].text.startswith(HOSTILE)
    assert found.entries[0].traces == ["x" * 40]
    assert "Not all of its traces" in found.doubts[0].reason
    (entry,) = read_file(json_of(entry_of(tags=[f"@{HOSTILE}"])), ZONE).entries
    assert entry.traces == [HOSTILE]


def test_the_same_entry_twice_is_there_once() -> None:
    found = read_file(b"[2026-11-20 09:30] a\n\n[2026-11-20 09:30] a\n", ZONE)
    assert (len(found.entries), found.left_out) == (1, 1)


def test_a_time_before_1970_keeps_its_day() -> None:
    (entry,) = read_file(b"[1952-05-01 09:30] Born.", ZONE).entries
    assert (entry.day, entry.created_ms) == (date(1952, 5, 1), 0)


def test_a_file_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(InputError, match="not UTF-8"):
        read_file(b"[2026-11-20 09:30] caf\xe9", ZONE)
    found = read_file(b'{"tags":{},"entries":[{"title":"\xff"},{"title":1}]}', ZONE)
    assert (found.entries, found.left_out) == ([], 2)


def test_a_json_of_more_values_than_memory_is_for_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outline, "VALUES_LIMIT", 40)
    with pytest.raises(InputError, match="more than 40 values"):
        read_file(b'{"tags":{},"entries":[' + b"{}," * 40 + b"{}]}", ZONE)
