"""Recorded series with labelled windows, from CSV files and JSON. See `bench.noticing`."""

import csv
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.tally import Window
from herdbook.alpaca.noticing.watch import Form

_MILLISECONDS_FROM: Final = 1e11


def form_of(values: list[float]) -> Form:
    """What a series is taken for, by its first values."""
    known = [value for value in values if not math.isnan(value)]
    return "binary" if set(known) == {0.0, 1.0} else "number"


def rows_of(path: Path) -> list[tuple[float, float]]:
    """Seconds since 1970 and values, in order of time; a value is NaN where there is none."""
    return sorted(_rows(path), key=lambda row: row[0])


def _rows(path: Path) -> Iterator[tuple[float, float]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.reader(file):
            if len(row) < 2:
                continue
            try:
                at = _time(row[0])
            except ValueError:
                continue  # the heading
            try:
                value = float(row[1])
            except ValueError:
                value = math.nan
            yield at, value if math.isfinite(value) else math.nan


def _time(text: str) -> float:
    """Seconds since 1970; a time without a zone is taken as it stands. Raises `ValueError`."""
    try:
        at = float(text)
        return at / 1000 if at > _MILLISECONDS_FROM else at
    except ValueError:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def labels_of(path: Path) -> dict[str, list[Window]]:
    """The windows by the file they are about."""
    return {
        name: [Window(_time(start), _time(end), frozenset({name})) for start, end in windows]
        for name, windows in json.loads(path.read_text()).items()
    }


def labelled(name: str, labels: dict[str, list[Window]]) -> list[Window]:
    """The windows of a file; whoever names a folder within the collection means it, too."""
    ways = [key for key in labels if key == name or key.endswith(f"/{name}")]
    ways += [key for key in labels if name.endswith(f"/{key}")]
    if not ways:
        return []
    about = frozenset({name})
    return [Window(one.start, one.end, about, one.kind) for one in labels[ways[0]]]
