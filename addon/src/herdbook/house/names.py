"""What people call the sensors of nodes, as these told it last. SQL on the house book's sensors.

A sensor is known by its id, which stays; a name is for people, and may be another one tomorrow.
"""

import sqlite3
from collections.abc import Mapping
from typing import Final, NamedTuple

MAX_NAMES: Final = 1024
"""Of one node: as many as it may have series."""
MAX_LETTERS: Final = 64


class Called(NamedTuple):
    """What a sensor is called, and the number of the event that says so."""

    name: str
    seq: int


def tell(connection: sqlite3.Connection, node_id: str, called: Mapping[str, Called]) -> None:
    """Take in what a node calls its sensors, by their ids. What it said later stays."""
    for sensor, (name, seq) in called.items():
        connection.execute(
            "INSERT INTO sensor (node_id, sensor, name, seq) SELECT ?1, ?2, ?3, ?4"
            " WHERE EXISTS (SELECT 1 FROM sensor WHERE node_id = ?1 AND sensor = ?2)"
            " OR (SELECT count(*) FROM sensor WHERE node_id = ?1) < ?5"
            " ON CONFLICT DO UPDATE SET name = excluded.name, seq = excluded.seq"
            " WHERE excluded.seq > seq",
            (node_id, sensor, name, seq, MAX_NAMES),
        )


def shown(name: str | None) -> str:
    """A name as people are shown it: one short line of what can be seen; "" where there is none.

    What turns the direction of writing, or begins a line, is none of a name.
    """
    seen = "".join(letter if letter.isprintable() else " " for letter in name or "")
    return " ".join(seen.split())[:MAX_LETTERS].rstrip()
