from collections.abc import Mapping

import pytest

from herdbook.alpaca.noticing.causes import Causes
from herdbook.alpaca.observer import Observer, is_watched
from herdbook.alpaca.sensors.measurement import Measurement, Sample

KETTLE = Measurement(id="x", name="Kettle", unit="°C", usual=(0, 100), spread=1, precision=1)
MOTION = Measurement(id="hall", name="Hall motion", form="binary")
DAY = 86_400.0


class SensorDouble:
    """One measurement, never read."""

    interval = 1.0
    quiet = 10.0

    def __init__(self, measurement: Measurement, pace: float = 1.0) -> None:
        self.measurements = (measurement,)
        self.pace = pace

    def read(self) -> Mapping[str, Sample]:
        return {}


def observer(measurement: Measurement, pace: float = 1.0) -> Observer:
    return Observer(measurement, SensorDouble(measurement, pace), "kitchen", Causes())


def test_a_configured_range_speaks_at_once_with_its_evidence() -> None:
    made = observer(KETTLE).notice(120.04, 0.0, 0.0)
    assert made is not None
    assert made.sentence == "Kettle is 120 °C. It is usually between 0 and 100 °C."
    assert (made.kind, made.value, made.unit, made.usual) == (
        "above_usual",
        120.0,
        "°C",
        (0.0, 100.0),
    )
    assert (made.sensor, made.sensor_name) == ("x", "Kettle")


def test_a_simulated_sensor_is_quiet_in_its_own_time() -> None:
    watched = observer(KETTLE, pace=60)
    heard = [
        watched.notice(120.0 if second % 2 else 50.0, second * 60.0, 0.0) for second in range(24)
    ]
    assert [second for second, made in enumerate(heard) if made] == [1, 11, 21]


def test_a_sensor_that_is_not_read_and_is_again() -> None:
    watched = observer(KETTLE)
    said = [watched.missing(second, 0.0) for second in range(0, 2000, 10)]
    (missing,) = [made for made in said if made is not None]
    assert missing.sentence == "Kettle has had no reading for 15 minutes."
    assert (missing.value, missing.usual, missing.seconds) == (None, None, 900)
    back = watched.notice(50.0, 2000, 0.0)
    assert back is not None
    assert back.kind == "recovered"


def test_motion_at_night_in_words() -> None:
    watched = observer(MOTION)
    for minute in range(57 * 1440):
        hour = minute // 60 % 24
        assert (
            watched.notice(float(hour >= 6 and minute % 20 < 2), minute * 60.0, minute * 60.0)
            is None
        )
    at = 57 * DAY + 3.2 * 3600
    watched.notice(0.0, at - 60, at - 60)
    made = watched.notice(1.0, at, at)
    assert made is not None
    assert made.sentence == (
        "Hall motion is on at 03:12. In 8 weeks it never was between 00:00 and 06:00."
    )
    assert (made.kind, made.value, made.unit) == ("unusual_time", 1.0, None)
    assert made.known_days == 56


@pytest.mark.parametrize(
    ("measurement", "watched"),
    [
        (KETTLE, True),
        (MOTION, True),
        (Measurement(id="load", name="Load"), False),
        (Measurement(id="start", name="Last restart", form="moment", spread=1), False),
    ],
)
def test_what_is_watched(measurement: Measurement, watched: bool) -> None:
    assert is_watched(measurement) is watched
