"""Recorded series with labelled windows, from CSV files and JSON. See `bench.noticing`.

What cannot be read raises `Unreadable`, which names the file and the line or the label.
"""

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

type Row = tuple[float, float]
"""Seconds since 1970, and a value, NaN where there is none."""


class Unreadable(ValueError):
    """Something in a recorded collection is not what it should be."""


def form_of(values: list[float]) -> Form:
    """What a series is taken for, by its first values."""
    known = [value for value in values if not math.isnan(value)]
    return "binary" if set(known) == {0.0, 1.0} else "number"


def collection(folder: Path, labels: Path) -> Iterator[tuple[str, list[Row], list[Window]]]:
    """Each series below a folder: its path there, its rows in order of time, its windows.

    Raises `Unreadable` also where no label is about any file, which is another collection's.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".csv")
    if not paths:
        raise Unreadable(f"{folder}: no file in it ends in .csv")
    known = labels_of(labels)
    names = [path.relative_to(folder).as_posix() for path in paths]
    if known and not any(_about(name, known) for name in names):
        raise Unreadable(f"{labels}: none of its {len(known)} names is a file's in {folder}")
    for name, path in zip(names, paths, strict=True):
        yield name, rows_of(path), labelled(name, known)


def rows_of(path: Path) -> list[Row]:
    """In order of time; of two rows of one time, the one that is further up comes first."""
    try:
        rows = sorted(_rows(path), key=lambda row: row[0])
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"{path}: not a CSV file in UTF-8 ({error})") from error
    if all(math.isnan(value) for _, value in rows):
        raise Unreadable(f"{path}: no row of it has a number for its value")
    return rows


def _rows(path: Path) -> Iterator[Row]:
    times, values, begun = 0, 1, False
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            names = [cell.lower() for cell in cells]
            first, begun = not begun, True
            if first and _VALUE in names:
                values = names.index(_VALUE)
                times = next((names.index(name) for name in _TIMES if name in names), 0)
                continue
            try:
                at = _time(cells[times] if times < len(cells) else "")
            except ValueError as error:
                if first:
                    continue  # a heading that names no value
                raise Unreadable(f"{path}, line {reader.line_num}: {error}") from error
            yield at, _number(cells[values] if values < len(cells) else "")


def _number(written: str) -> float:
    try:
        value = float(written)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _time(written: str | float) -> float:
    """Seconds since 1970; a time without a zone is taken as it stands. Raises `ValueError`."""
    try:
        at = float(written)
    except ValueError:
        moment = _moment(str(written).strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not math.isfinite(at):
        raise ValueError(f"{written!r} is no time")
    return at / 1000 if at > _MILLISECONDS_FROM else at


def _moment(text: str) -> datetime:
    for form in _WRITTEN:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the zone
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time") from error


def labels_of(path: Path) -> dict[str, list[Window]]:
    """The windows by the file they are about."""
    try:
        labels = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise Unreadable(f"{path}: not JSON in UTF-8 ({error})") from error
    if not isinstance(labels, dict):
        raise Unreadable(f"{path}: not an object of file names, each with its windows")
    return {name: list(_windows(path, name, of)) for name, of in labels.items()}


def _windows(path: Path, name: str, labels: Any) -> Iterator[Window]:
    try:
        for start, end in _pairs(labels):
            begun, over = _time(start), _time(end)
            if over < begun:
                raise ValueError(f"[{start!r}, {end!r}] ends before it begins")
            after = max(_AFTER * (over - begun), _AFTER_LEAST_S)
            yield Window(begun, over, frozenset({name}), after=after)
    except ValueError as error:
        raise Unreadable(f"{path}, {name!r}: {error}") from error


def _pairs(labels: Any) -> Iterator[tuple[str | float, str | float]]:
    """The starts and ends in however many lists they are. Raises `ValueError` for anything else."""
    match labels:
        case {
            "start": str() | int() | float() as start,
            "end": str() | int() | float() as end,
        }:
            yield start, end
        case [str() | int() | float() as start, str() | int() | float() as end]:
            yield start, end
        case list():
            for one in labels:
                yield from _pairs(one)
        case _:
            raise ValueError(f"{labels!r} is neither [start, end] nor a list of such")


def labelled(name: str, labels: dict[str, list[Window]]) -> list[Window]:
    """The windows of a file; whoever names a folder within the collection means it, too.

    Raises `Unreadable` where two labels may mean it.
    """
    ways = _about(name, labels)
    if len(ways) > 1:
        raise Unreadable(f"{name}: {' and '.join(map(repr, ways))} may both be its label")
    about = frozenset({name})
    return [
        Window(one.start, one.end, about, one.kind, after=one.after)
        for way in ways
        for one in labels[way]
    ]


def _about(name: str, labels: dict[str, list[Window]]) -> list[str]:
    if name in labels:
        return [name]
    further = [key for key in labels if key.endswith(f"/{name}")]
    nearer = sorted((key for key in labels if name.endswith(f"/{key}")), key=len)
    return further or nearer[-1:]
