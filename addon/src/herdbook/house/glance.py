"""What a node's sensors say at a glance: each one's newest reading, and its last day."""

import sqlite3
from typing import Final

from msgspec import Struct

from herdbook.house import readings, rollup, series
from herdbook.house.readings import Reading
from herdbook.house.rollup import HOUR_MS, Rollup
from herdbook.house.series import Series

DAY_MS: Final = 24 * HOUR_MS


class Glance(Struct, frozen=True):
    """One series; `newest` is None while no reading of it has a time."""

    series: Series
    newest: Reading | None
    hours: list[Rollup]


def of_node(connection: sqlite3.Connection, node_id: str, now_ms: int) -> list[Glance]:
    """All series of a node."""
    return [
        Glance(
            one,
            readings.newest(connection, one.id),
            rollup.by_hour(connection, one.id, now_ms - DAY_MS, now_ms),
        )
        for one in series.of_node(connection, node_id)
    ]
