"""A recording that is played again as if it happened now: for tests, demonstrations and tuning.

A CSV file of ``timestamp,value``, with or without that line above it. Timestamps are seconds since
1970 or ISO 8601, in UTC unless they say otherwise, and never go back. Without a value, there was
none: the sensor is unavailable until the next line.
"""

import csv
import math
from array import array
from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta

from herdbook.alpaca.sensors.number import number
from herdbook.alpaca.sensors.plugin import Plugin, Surroundings
from herdbook.alpaca.sensors.settings import ValueSettings
from herdbook.alpaca.sensors.value import Unreadable, ValueSensor
from herdbook.clock import Clock

_MOST_LINES: Final = 1_000_000  # 16 MB in memory
_LINE: Final = "line {line} of the recording: {why}"


class ReplayConfig(ValueSettings, frozen=True, kw_only=True, tag="replay"):
    """`path` is the file; `speed` is how many of its seconds pass in one of ours."""

    path: Annotated[str, Meta(min_length=1)]
    speed: Annotated[float, Meta(ge=1, le=3600)] = 1.0


class ReplaySensor(ValueSensor[ReplayConfig]):
    """Shows the newest line of the recording, whose first line is now when it is first read."""

    def __init__(self, settings: ReplayConfig, clock: Clock) -> None:
        super().__init__(settings)
        self.pace = settings.speed
        self._clock = clock
        self._recording: Recording | None = None
        self._began_ms = 0

    def value(self) -> float:
        """See `ValueSensor`."""
        if self._recording is None:
            self._recording = recording(Path(self.settings.path))
            self._began_ms = self._clock.monotonic_ms()
        passed = (self._clock.monotonic_ms() - self._began_ms) / 1000
        return self._recording.at(passed * self.settings.speed)


class Recording:
    """The lines of a file: seconds after the first of them, and values or NaN."""

    def __init__(self, times: array[float], values: array[float]) -> None:
        self._times = times
        self._values = values

    def at(self, second: float) -> float:
        """The value at a time. Raises `Unreadable` where there was none, or after the end."""
        if second > self._times[-1]:
            raise Unreadable("the recording is at its end")
        value = self._values[bisect_right(self._times, second) - 1]
        if math.isnan(value):
            raise Unreadable("the recording has no value here")
        return value


def recording(path: Path) -> Recording:
    """The recording in a file. Raises `OSError`, and `Unreadable` naming the line."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return parsed(file)


def parsed(lines: Iterable[str]) -> Recording:
    """The recording in the lines of a file. Raises `Unreadable` naming the line."""
    times, values = array("d"), array("d")
    rows = csv.reader(lines, strict=True)
    first = 0.0
    try:
        for row in rows:
            if not row or (not times and row[0].strip().lower() == "timestamp"):
                continue
            time, value = _line(row)
            if not times:
                first = time
            if times and time - first < times[-1]:
                raise Unreadable("it goes back in time")
            times.append(time - first)
            values.append(value)
            if len(times) > _MOST_LINES:
                raise Unreadable("it is one more than the {most} that are taken", most=_MOST_LINES)
    except Unreadable as error:
        raise Unreadable(_LINE, line=rows.line_num, why=error.phrase) from error
    except csv.Error as error:
        raise Unreadable(_LINE, line=rows.line_num, why=str(error)) from error
    if not times:
        raise Unreadable("the recording is empty")
    return Recording(times, values)


def _line(row: list[str]) -> tuple[float, float]:
    if len(row) != 2:
        raise Unreadable("it is not “timestamp,value”")
    try:
        value = number(row[1].strip()) if row[1].strip() else math.nan
        return _seconds(row[0].strip()), value
    except (ValueError, OverflowError) as error:
        raise Unreadable("it is not “timestamp,value”") from error


def _seconds(text: str) -> float:
    try:
        seconds = number(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not math.isfinite(seconds):
        raise ValueError("no time")
    return seconds


def _open(settings: ReplayConfig, surroundings: Surroundings) -> ReplaySensor:
    return ReplaySensor(settings, surroundings.clock)


PLUGIN = Plugin(ReplayConfig, _open)
