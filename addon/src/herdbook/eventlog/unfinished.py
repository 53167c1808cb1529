"""Readings that are in no event yet, noted in `log.db` so that a crash does not take them.

Owns the table `unfinished`. A block is named by its sensor and its first sample's time, and leaves
the table in the transaction that adds its event to the log: after a crash each block is in one of
the two, and never in both. All here is called within `LogStore.writing`.
"""

import zlib
from collections.abc import Iterable

import msgspec
from msgspec import Raw, Struct

from herdbook.eventlog.database import DatabaseDamaged
from herdbook.eventlog.event import READINGS, Event, decode, encode
from herdbook.eventlog.store import LogStore


def put(store: LogStore, events: Iterable[Event]) -> None:
    """Make these all that is noted. Their numbers do not matter."""
    store.connection.execute("DELETE FROM unfinished")
    for event in events:
        name = _name_of(event.payload)
        data = encode(event)
        store.connection.execute(
            "INSERT INTO unfinished VALUES (?, ?, ?, ?)",
            (name.sensor, name.start_ms, data, zlib.crc32(data)),
        )


def finished(store: LogStore, events: Iterable[Event]) -> None:
    """Those of them that are readings stand in the log from now on."""
    for event in events:
        if event.kind == READINGS:
            name = _name_of(event.payload)
            store.connection.execute(
                "DELETE FROM unfinished WHERE sensor = ? AND start_ms = ?",
                (name.sensor, name.start_ms),
            )


def take(store: LogStore) -> list[Event]:
    """All that is noted, and is not any more.

    Raises `DatabaseDamaged` for something else than was put there.
    """
    rows = store.connection.execute("SELECT event, crc FROM unfinished ORDER BY rowid").fetchall()
    store.connection.execute("DELETE FROM unfinished")
    events = []
    for data, crc in rows:
        if zlib.crc32(data) != crc:
            raise DatabaseDamaged(f"Unfinished readings in {store.path} are not as written.")
        events.append(decode(data))
    return events


class _Name(Struct):
    sensor: str
    start_ms: int


def _name_of(payload: Raw) -> _Name:
    return msgspec.msgpack.decode(payload, type=_Name)
