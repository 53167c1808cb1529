from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herdbook.alpaca.sensors.measurement import Fault
from herdbook.alpaca.sensors.replay import ReplayConfig, ReplaySensor, parsed
from herdbook.alpaca.sensors.value import Unreadable
from tests.fakes.clock import ManualClock

LINES = """timestamp,value
2014-02-14 14:30:00,0.5
2014-02-14 14:35:00,
2014-02-14T16:40:00+02:00,0.7
"""


def replay(path: Path, clock: ManualClock, **more: object) -> ReplaySensor:
    return ReplaySensor(ReplayConfig(id="x", name="X", path=str(path), **more), clock)  # type: ignore[arg-type]


def test_it_happens_now_as_it_did_then(tmp_path: Path) -> None:
    path, clock = tmp_path / "day.csv", ManualClock()
    path.write_text(LINES)
    clock.advance(7_000)
    sensor = replay(path, clock, speed=60.0)
    assert sensor.pace == 60
    assert sensor.read() == {"x": 0.5}
    clock.advance(4_999)
    assert sensor.read() == {"x": 0.5}
    clock.advance(1)
    assert sensor.read() == {"x": Fault("X: the recording has no value here.")}
    clock.advance(5_000)
    assert sensor.read() == {"x": 0.7}
    clock.advance(1)
    assert sensor.read() == {"x": Fault("X: the recording is at its end.")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("timestamp,value\n", "is empty"),
        ("1,2\n2\n", "line 2 of the recording: it is not “timestamp,value”"),
        ("1,2\n2,3,4\n", "line 2"),
        ("1,warm\n", "line 1"),
        ("yesterday,1\n", "line 1"),
        ("inf,1\n", "line 1"),
        ("2,1\n1,1\n", "line 2 of the recording: it goes back in time"),
        ('1,"2', "line 1"),
        ("\x00,1\n", "line 1"),
    ],
)
def test_a_recording_that_is_none_names_the_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "day.csv"
    path.write_text(text)
    fault = replay(path, ManualClock()).read()["x"]
    assert isinstance(fault, Fault)
    assert words in fault.reason


def test_a_recording_that_is_not_there_may_come(tmp_path: Path) -> None:
    sensor = replay(tmp_path / "day.csv", ManualClock())
    assert sensor.read() == {"x": Fault("X: No such file or directory.")}
    (tmp_path / "day.csv").write_text("0,1\n")
    assert sensor.read() == {"x": 1.0}


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.floats(-1e6, 1e6)), min_size=1), st.floats(0, 1e6)
)
def test_it_shows_the_newest_line(lines: list[tuple[int, float]], second: float) -> None:
    lines = sorted(lines, key=lambda line: line[0])
    recording = parsed(f"{at},{value!r}\n" for at, value in lines)
    first, last = lines[0][0], lines[-1][0]
    if second > last - first:
        with pytest.raises(Unreadable, match="end"):
            recording.at(second)
    else:
        assert recording.at(second) == [v for at, v in lines if at - first <= second][-1]


@given(st.lists(st.text(max_size=30), max_size=5))
def test_whatever_is_in_a_file_is_a_recording_or_a_reason(lines: list[str]) -> None:
    with suppress(Unreadable):
        assert parsed(lines).at(0.0) is not None
