"""Which sensors there are. SQL on the house book; bounds how many a node can have."""

import sqlite3
from typing import Final

from msgspec import Struct

from herdbook.house import names

MAX_SERIES: Final = 1024
"""Of one node. An Alpaca has at most 64 sensors, with a handful of measurements each."""

_COLUMNS: Final = (
    "SELECT id, node_id, sensor, unit, yes_no, name FROM series LEFT JOIN sensor USING"
    " (node_id, sensor)"
)


class Series(Struct, frozen=True):
    """What one sensor of one node measures in one unit ("" for none).

    `name` is what people call the sensor; "" while its node has not told.
    """

    id: int
    node_id: str
    sensor: str
    unit: str
    yes_no: bool
    name: str


def number_of(
    connection: sqlite3.Connection, node_id: str, sensor: str, unit: str, *, yes_no: bool
) -> int | None:
    """The id of a series, made if there is none; None when its node has too many for that."""
    key = (node_id, sensor, unit, int(yes_no))
    row = connection.execute(
        "SELECT id FROM series WHERE node_id = ? AND sensor = ? AND unit = ? AND yes_no = ?", key
    ).fetchone()
    if row is not None:
        return int(row[0])
    (held,) = connection.execute(
        "SELECT count(*) FROM series WHERE node_id = ?", (node_id,)
    ).fetchone()
    if held >= MAX_SERIES:
        return None
    made = connection.execute(
        "INSERT INTO series (node_id, sensor, unit, yes_no) VALUES (?, ?, ?, ?)", key
    )
    return made.lastrowid


def of_node(connection: sqlite3.Connection, node_id: str) -> list[Series]:
    """All series of a node, by sensor, the newest unit last."""
    rows = connection.execute(f"{_COLUMNS} WHERE node_id = ? ORDER BY sensor, id", (node_id,))
    return [_series(*row) for row in rows]


def find(connection: sqlite3.Connection, series: int) -> Series | None:
    """A series by its id."""
    row = connection.execute(f"{_COLUMNS} WHERE id = ?", (series,)).fetchone()
    return _series(*row) if row else None


def _series(
    series: int, node_id: str, sensor: str, unit: str, yes_no: int, name: str | None
) -> Series:
    return Series(series, node_id, sensor, unit, bool(yes_no), names.shown(name))
