"""Blocks of readings: what people call the sensor is told with few of them."""

from herdbook.alpaca.blocks import ReadingsBlock
from herdbook.alpaca.sensors.measurement import Measurement
from herdbook.clock import Instant
from tests.eventlog.samples import SYNCED_MS

HOUR_MS = 3_600_000


def test_a_sensor_is_named_at_first_and_once_a_day() -> None:
    block = ReadingsBlock(Measurement(id="t1", name="Pantry warmth"))
    named = []
    for hour in range(50):
        block.add(20.0, Instant(SYNCED_MS + hour * HOUR_MS, hour * HOUR_MS, "synced"))
        # What is kept safe meanwhile does not count as told.
        kept, taken = block.so_far(), block.take()
        assert kept == taken
        assert taken is not None
        if taken[0].name:
            assert taken[0].name == "Pantry warmth"
            named.append(hour)
    assert named == [0, 24, 48]


def test_a_name_that_is_too_long_keeps_no_reading_out() -> None:
    block = ReadingsBlock(Measurement(id="t1", name="x" * 300))
    block.add(20.0, Instant(SYNCED_MS, 0, "synced"))
    taken = block.take()
    assert taken is not None
    assert taken[0].name == "x" * 100
