"""Recorded series with labelled windows, from CSV files and JSON. See `bench.noticing`."""

import csv
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.tally import Window
from herdbook.alpaca.noticing.watch import Form

_MILLISECONDS_FROM: Final = 1e11
_VALUE: Final = "value"
_TIMES: Final = ("timestamp", "time", "datetime", "date")
_WRITTEN: Final = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M")
_AFTER: Final = 0.1
_AFTER_LEAST_S: Final = 3600.0


def form_of(values: list[float]) -> Form:
    """What a series is taken for, by its first values."""
    known = [value for value in values if not math.isnan(value)]
    return "binary" if set(known) == {0.0, 1.0} else "number"


def rows_of(path: Path) -> list[tuple[float, float]]:
    """Seconds since 1970 and values, in order of time; a value is NaN where there is none."""
    return sorted(_rows(path), key=lambda row: row[0])


def _rows(path: Path) -> Iterator[tuple[float, float]]:
    times, values = 0, 1
    with path.open(newline="", encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.reader(file)):
            names = [cell.strip().lower() for cell in row]
            if number == 0 and _VALUE in names:
                values = names.index(_VALUE)
                times = next((names.index(name) for name in _TIMES if name in names), 0)
                continue
            if len(row) <= max(times, values):
                continue
            try:
                at = _time(row[times])
            except ValueError:
                continue  # a heading that names no value
            try:
                value = float(row[values])
            except ValueError:
                value = math.nan
            yield at, value if math.isfinite(value) else math.nan


def _time(written: str | float) -> float:
    """Seconds since 1970; a time without a zone is taken as it stands. Raises `ValueError`."""
    try:
        at = float(written)
        return at / 1000 if at > _MILLISECONDS_FROM else at
    except ValueError:
        moment = _moment(str(written).strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _moment(text: str) -> datetime:
    for form in _WRITTEN:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the zone
        except ValueError:
            continue
    return datetime.fromisoformat(text)


def labels_of(path: Path) -> dict[str, list[Window]]:
    """The windows by the file they are about. Raises `ValueError` for what is no window."""
    return {
        name: [_window(name, *pair) for pair in _pairs(labels)]
        for name, labels in json.loads(path.read_text()).items()
    }


def _window(name: str, start: str | float, end: str | float) -> Window:
    begun, over = _time(start), _time(end)
    after = max(_AFTER * (over - begun), _AFTER_LEAST_S)
    return Window(begun, over, frozenset({name}), after=after)


def _pairs(labels: Any) -> Iterator[tuple[str | float, str | float]]:
    """The starts and ends in however many lists they are."""
    match labels:
        case {"start": start, "end": end}:
            yield start, end
        case [str() | int() | float() as start, str() | int() | float() as end]:
            yield start, end
        case list():
            for one in labels:
                yield from _pairs(one)
        case _:
            raise ValueError(f"{labels!r} is neither [start, end] nor a list of such")


def labelled(name: str, labels: dict[str, list[Window]]) -> list[Window]:
    """The windows of a file; whoever names a folder within the collection means it, too."""
    ways = [key for key in labels if key == name or key.endswith(f"/{name}")]
    ways += [key for key in labels if name.endswith(f"/{key}")]
    if not ways:
        return []
    about = frozenset({name})
    return [Window(one.start, one.end, about, one.kind, after=one.after) for one in labels[ways[0]]]
