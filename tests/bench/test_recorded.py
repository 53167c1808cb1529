"""Recorded series and their labels are read however collections write them, or refused by name."""

import json
import math
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench import noticing
from bench.recorded import Unreadable, collection, labelled, labels_of, rows_of


@pytest.mark.parametrize(
    ("labels", "windows"),
    [
        ([], []),
        ([["2014-04-10 00:00:00", "2014-04-12 00:00:00"]], [(0, 48)]),
        ([["2014-04-10T00:00:00Z", "2014-04-10 01:00:00.000000"]], [(0, 1)]),
        (["2014-04-10 00:00", "2014-04-11 00:00"], [(0, 24)]),
        ([[[1397088000, 1397091600]], [[1397095200000, 1397098800000]]], [(0, 1), (2, 3)]),
        ([{"start": "2014-04-10", "end": "2014-04-11"}], [(0, 24)]),
        ({"end": "04/11/2014 00:00", "start": "2014/04/10 00:00:00", "kind": "x"}, [(0, 24)]),
    ],
)
def test_labels_are_windows_however_they_are_nested(
    tmp_path: Path, labels: object, windows: list[tuple[float, float]]
) -> None:
    file = tmp_path / "labels.json"
    file.write_text(json.dumps({"all/some/a.csv": labels, "b.csv": []}))
    found = labelled("some/a.csv", labels_of(file))
    day = datetime(2014, 4, 10, tzinfo=UTC).timestamp()
    assert [((w.start - day) / 3600, (w.end - day) / 3600) for w in found] == windows
    assert all(w.after == max(3600, 0.1 * (w.end - w.start)) for w in found)
    assert all(w.sensors == {"some/a.csv"} for w in found)
    assert labelled("folder/b.csv", labels_of(file)) == labelled("c.csv", labels_of(file)) == []


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["2014-04-10"], "'2014-04-10' is neither"),
        ("2014-04-10", "'2014-04-10' is neither"),
        ([None], "None is neither"),
        ({"start": None, "end": "2014-04-10"}, "is neither"),
        ([["yesterday", "today"]], "'yesterday' is no time"),
        ([["2014-04-10", "2014-04-09"]], "ends before it begins"),
        ([[math.nan, 3]], "nan is no time"),
    ],
)
def test_labels_that_are_no_windows_are_refused(tmp_path: Path, labels: object, said: str) -> None:
    file = tmp_path / "labels.json"
    file.write_text(json.dumps({"some/a.csv": labels}))
    with pytest.raises(Unreadable, match=rf"labels\.json, 'some/a\.csv': .*{said}"):
        labels_of(file)


def test_the_label_that_says_most_of_a_files_place_is_its_own(tmp_path: Path) -> None:
    file = tmp_path / "labels.json"
    places = ("all/x/a.csv", "x/a.csv", "a.csv", "one/b.csv", "two/b.csv")
    file.write_text(json.dumps({name: [[at, at]] for at, name in enumerate(places)}))
    labels = labels_of(file)
    assert [window.start for window in labelled("x/a.csv", labels)] == [1]
    assert [window.start for window in labelled("y/x/a.csv", labels)] == [1]
    assert [window.start for window in labelled("y/a.csv", labels)] == [2]
    with pytest.raises(Unreadable, match=r"b\.csv: 'one/b\.csv' and 'two/b\.csv'"):
        labelled("b.csv", labels)


@pytest.mark.parametrize(
    "text",
    [
        "timestamp,value\n2014-04-10 00:00:00,1\n2014-04-10 00:05:00,2.5\n",
        "Timestamp,VALUE\n2014-04-10T00:00:00,1\n2014-04-10T00:05:00+00:00,2.5\n",
        "2014-04-10 00:05:00,2.5\n2014-04-10 00:00:00,1\n",
        "time,cpu\n1397088000,1\n1397088300,2.5\n",
        "time,cpu\n1397088000000,1,idle\n1397088300000,2.5,busy\n",
        "host,Time,note,Value\na,2014/04/10 00:00,x,1\na,2014/04/10 00:05,y,2.5\n",
        "value,timestamp\n1,04/10/2014 00:00\n2.5,04/10/2014 00:05:00\n",
        "\ufefftimestamp,value,is_anomaly\r\n2014-04-10 00:00,1,0\r\n2014-04-10 00:05,2.5,1\r\n",
    ],
)
def test_series_are_read_however_columns_and_times_are_written(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(text, encoding="utf-8")
    assert rows_of(file) == [(1397088000, 1), (1397088300, 2.5)]


def test_rows_are_put_in_order_and_what_is_no_number_is_a_failed_reading(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    lines = ("timestamp,value", "2014-04-10 00:10:00.000000,NaN", "2014-04-10 00:05:00,n/a", "")
    lines += (",", "2014-04-10 00:05:00,2.5", "2014-04-10 00:00:00.500000,", "2014-04-10 00:15:00")
    file.write_bytes("\r\n".join(lines).encode())
    rows = rows_of(file)
    assert [at - 1397088000 for at, _ in rows] == [0.5, 300, 300, 600, 900]
    assert [None if math.isnan(value) else value for _, value in rows] == [
        *(None, None, 2.5, None, None)
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"timestamp,value\n2014-04-10 00:00:00,1\n\nsoon,2\n", "line 4: 'soon' is no time"),
        (b"timestamp,value\n,1\n", "line 2: '' is no time"),
        (b"timestamp,value\nnan,1\n", "line 2: 'nan' is no time"),
        (b"timestamp;value\n2014-04-10 00:00:00;1\n", "line 2: '2014-04-10 00:00:00;1' is no"),
        (b"timestamp,value\n2014-04-10 00:00:00,on\n", "no row of it has a number"),
        (b"timestamp,value\n", "no row of it has a number"),
        (b"", "no row of it has a number"),
        (b"\xff\xfet\x00,\x00v\x00", "not a CSV file in UTF-8"),
    ],
)
def test_a_series_that_cannot_be_read_is_named_with_its_line(
    tmp_path: Path, text: bytes, said: str
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.csv").write_bytes(text)
    labels = tmp_path / "labels.json"
    labels.write_text('{"deep/a.csv": []}')
    with pytest.raises(Unreadable, match=rf"deep/a\.csv\b.*{re.escape(said)}"):
        list(collection(tmp_path, labels))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ('{"b.csv": []}', "none of its 1 names"),
        ("[]", "not an object"),
        ("{", "line 1 column 2"),
    ],
)
def test_labels_of_another_collection_are_refused(tmp_path: Path, labels: str, said: str) -> None:
    (tmp_path / "a.csv").write_text("timestamp,value\n2014-04-10,1\n")
    (tmp_path / "labels.json").write_text(labels)
    with pytest.raises(Unreadable, match=rf"labels\.json: .*{said}"):
        list(collection(tmp_path, tmp_path / "labels.json"))


def test_what_cannot_be_read_is_said_without_a_trace_of_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["noticing", "--csv", str(tmp_path), "--labels", str(tmp_path / "labels.json")]
    monkeypatch.setattr(sys, "argv", options)
    for wanted in ("no file in it ends in .csv", "labels.json"):
        with pytest.raises(SystemExit, match="2"):
            noticing.main()
        assert wanted in capsys.readouterr().err
        (tmp_path / "a.csv").write_text("timestamp,value\n2014-04-10,1\n")
