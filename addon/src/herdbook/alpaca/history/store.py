"""The rows of `history.db`. Owns its SQL; every method raises `StorageError`.

All of it can be made again from the log: where it is damaged (`DatabaseDamaged`) it is removed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from herdbook.alpaca.history.fold import SLOT_MS, Folded, Series
from herdbook.eventlog.database import open_database, storing, transaction
from herdbook.eventlog.event import CLOCK, OBSERVATION, READINGS, Event, decode, encode
from herdbook.files import remove_file
from herdbook.house.rollup import Rollup

NAME: Final = "history.db"
KEPT_MS: Final = 32 * 86_400_000
_KEPT: Final = ((CLOCK, 2000), (OBSERVATION, 1000), (READINGS, 5000))
"""The newest so many events of each kind."""
_ADD: Final = (
    "INSERT INTO slice VALUES ((SELECT id FROM series WHERE sensor = ?), ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET"
    " count = count + excluded.count, least = min(least, excluded.least),"
    " most = max(most, excluded.most), total = total + excluded.total"
)
_BETWEEN: Final = (
    "SELECT slot / ?1 * ?1, sum(count), min(least), max(most), sum(total) FROM slice"
    " WHERE series = (SELECT id FROM series WHERE sensor = ?2) AND slot >= ?3 AND slot < ?4"
    " GROUP BY slot / ?1 ORDER BY slot"
)


class HistoryStore:
    """An open `history.db` in a folder, made when absent."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._connection = open_database(self._path, "herdbook.alpaca.history")
        with storing(self._path):
            # A power cut takes the last of it, and leaves it whole.
            self._connection.execute("PRAGMA synchronous=NORMAL")

    def mark(self) -> tuple[bytes, int]:
        """Whose log it is made from, as its public key, and up to which event; empty, and 0."""
        with storing(self._path):
            row = self._connection.execute("SELECT owner, seq FROM mark").fetchone()
        return (bytes(row[0]), int(row[1])) if row else (b"", 0)

    def add(self, folded: Folded, owner: bytes, seq: int) -> None:
        """Take in what came of the log's events up to `seq`, all of it or nothing."""
        with transaction(self._connection, self._path):
            run = self._connection.executemany
            run(
                "INSERT INTO series (sensor, unit, yes_no) VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
                " SET unit = excluded.unit, yes_no = excluded.yes_no",
                [(name, one.unit, one.yes_no) for name, one in folded.series.items()],
            )
            run(
                _ADD,
                [
                    (sensor, slot, one.count, float(one.least), float(one.most), one.total)
                    for (sensor, slot), one in folded.slices.items()
                ],
            )
            run("DELETE FROM held WHERE seq = ?", [(number,) for number in folded.placed])
            run(
                "INSERT OR REPLACE INTO held VALUES (?, ?, ?)",
                [(event.seq, event.kind, encode(event)) for event in folded.held],
            )
            self._connection.execute("DELETE FROM mark")
            self._connection.execute("INSERT INTO mark VALUES (?, ?)", (owner, seq))

    def tidy(self, now_ms: int) -> None:
        """Drop what is older than anybody is shown."""
        with transaction(self._connection, self._path):
            self._connection.execute(
                "DELETE FROM slice WHERE slot < ?", ((now_ms - KEPT_MS) // SLOT_MS,)
            )
            self._connection.executemany(
                "DELETE FROM held WHERE kind = ?1 AND seq <= (SELECT seq FROM held"
                " WHERE kind = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
                _KEPT,
            )

    def held(self, kind: str, limit: int = -1) -> Sequence[Event]:
        """Kept events of a kind, the newest first; −1: all of them."""
        with storing(self._path):
            rows = self._connection.execute(
                "SELECT event FROM held WHERE kind = ? ORDER BY seq DESC LIMIT ?", (kind, limit)
            ).fetchall()
        return [decode(row[0]) for row in rows]

    def series(self, sensor: str) -> Series | None:
        """What a sensor's readings are; None where there are none."""
        with storing(self._path):
            row = self._connection.execute(
                "SELECT unit, yes_no FROM series WHERE sensor = ?", (sensor,)
            ).fetchone()
        return Series(row[0], bool(row[1])) if row else None

    def between(self, sensor: str, start_ms: int, end_ms: int, step_ms: int) -> list[Rollup]:
        """A sensor's readings from one moment to before another, in steps of whole slots."""
        with storing(self._path):
            rows = self._connection.execute(
                _BETWEEN,
                (step_ms // SLOT_MS, sensor, start_ms // SLOT_MS, -(-end_ms // SLOT_MS)),
            ).fetchall()
        return [
            Rollup(slot * SLOT_MS, count, least, most, total / count)
            for slot, count, least, most, total in rows
        ]

    def close(self) -> None:
        """Close the database. Safe to repeat."""
        self._connection.close()


def remove(folder: Path) -> None:
    """Begin anew: there is no `history.db` in the folder afterwards. Raises `StorageError`."""
    for ending in ("", "-wal", "-shm"):
        remove_file(folder / f"{NAME}{ending}")
