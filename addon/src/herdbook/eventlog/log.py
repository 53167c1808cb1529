"""A node's log on disk. Owns `identity.key` and `log.db` in a folder, and the lock on it.

An event is durable when `append` returns. Appended events wait in the tail until `seal` moves them
into a signed batch in one transaction, so that a batch that was ever sent is there after any crash
and the node can never sign two batches for the same numbers.

Every call may block on the disk. Calls may come from any thread, but only one at a time.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from herdbook.clock import Clock
from herdbook.errors import StorageError
from herdbook.eventlog.batch import GENESIS, MAX_EVENTS, MAX_WIRE, seal
from herdbook.eventlog.database import open_database, storing, transaction
from herdbook.eventlog.event import (
    MAX_WALL_MS,
    Event,
    decode,
    encode,
    encode_payload,
)
from herdbook.eventlog.identity import Identity
from herdbook.files import FolderLock, make_folder

# Uncompressed: what compression cannot shrink still fits the wire, with its head.
_MAX_SEALED: Final = MAX_WIRE - 8 * 1024
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class Head(Struct, frozen=True):
    """Where a log stands: its last event, its last sealed event, the hash of its last batch."""

    seq: int
    sealed_seq: int
    sealed_hash: bytes


class EventLog:
    """One node's log. Use `open`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        lock: FolderLock,
        identity: Identity,
        clock: Clock,
        boot_id: str,
    ) -> None:
        self.identity = identity
        self.node_id = identity.node_id
        self._connection = connection
        self._path = path
        self._lock = lock
        self._clock = clock
        self._boot_id = boot_id

    @classmethod
    def open(cls, folder: Path, clock: Clock, *, boot_id: str | None = None) -> "EventLog":
        """The log in a folder; a new one, with a new identity, in an empty folder.

        Raises `LogInUse` when another process has it, `StorageError` when the disk fails or the
        identity is not the one that the log was written with.
        """
        lock = FolderLock(make_folder(folder))
        lock.acquire()
        try:
            identity = _identity(folder)
            path = folder / "log.db"
            connection = open_database(path, "herdbook.eventlog")
            try:
                boot = boot_id if boot_id is not None else _BOOT_ID.read_text().strip()
                log = cls(connection, path, lock, identity, clock, boot)
                log._claim()
            except BaseException:
                connection.close()
                raise
        except BaseException:
            lock.release()
            raise
        return log

    def append(self, kind: str, payload: Struct) -> Event:
        """Add one event; durable when this returns. Raises as `append_many`."""
        return self.append_many([(kind, payload)])[0]

    def append_many(self, items: Sequence[tuple[str, Struct]]) -> list[Event]:
        """Add events in one transaction: all are durable when this returns, or none is.

        Raises `InputError` for an event that is over 64 KiB or out of its bounds, `StorageError`
        when the disk fails.
        """
        with transaction(self._connection, self._path):
            seq, lamport = self._end()
            events = [
                self._event(seq + number, lamport + number, kind, payload)
                for number, (kind, payload) in enumerate(items, 1)
            ]
            rows = [(event.seq, event.lamport, encode(event)) for event in events]
            self._connection.executemany("INSERT INTO tail VALUES (?, ?, ?)", rows)
        return events

    def head(self) -> Head:
        """Where the log stands. Raises `StorageError`."""
        with storing(self._path):
            sealed_seq, sealed_hash = self._connection.execute(
                "SELECT last_seq, hash FROM batch ORDER BY last_seq DESC LIMIT 1"
            ).fetchone() or (0, GENESIS)
            return Head(self._end()[0], sealed_seq, sealed_hash)

    def seal(self) -> None:
        """Turn the tail into signed batches. Raises `StorageError`; what was sealed stays so."""
        previous = self.head().sealed_hash
        while events := self._next_run():
            batch = seal(self.identity, previous, events)
            with transaction(self._connection, self._path):
                self._connection.execute(
                    "INSERT INTO batch VALUES (?, ?, ?, ?, ?)",
                    (batch.last_seq, batch.first_seq, batch.last_lamport, batch.hash, batch.wire),
                )
                self._connection.execute("DELETE FROM tail WHERE seq <= ?", (batch.last_seq,))
            previous = batch.hash

    def batches_after(self, seq: int, limit: int) -> list[bytes]:
        """At most `limit` sealed batches in order, from the one after the batch that ends at `seq`.

        Raises `StorageError`.
        """
        with storing(self._path):
            rows = self._connection.execute(
                "SELECT wire FROM batch WHERE last_seq > ? ORDER BY last_seq LIMIT ?", (seq, limit)
            ).fetchall()
        return [row[0] for row in rows]

    def hash_at(self, seq: int) -> bytes | None:
        """The hash of the batch that ends at `seq`; None when none does. Raises `StorageError`."""
        if seq == 0:
            return GENESIS
        with storing(self._path):
            row = self._connection.execute(
                "SELECT hash FROM batch WHERE last_seq = ?", (seq,)
            ).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Close the database and give up the lock. Safe to repeat."""
        self._connection.close()
        self._lock.release()

    def _event(self, seq: int, lamport: int, kind: str, payload: Struct) -> Event:
        wall, quality = self._clock.wall_ms(), self._clock.quality()
        if not 0 <= wall <= MAX_WALL_MS:
            wall, quality = min(max(wall, 0), MAX_WALL_MS), "unset"
        return Event(
            seq=seq,
            lamport=lamport,
            boot_id=self._boot_id,
            monotonic_ms=self._clock.monotonic_ms(),
            wall_ms=wall,
            clock_quality=quality,
            kind=kind,
            payload=encode_payload(payload),
        )

    def _next_run(self) -> list[Event]:
        """The oldest events of the tail that fit one batch."""
        with storing(self._path):
            rows = self._connection.execute(
                "SELECT event FROM tail ORDER BY seq LIMIT ?", (MAX_EVENTS,)
            ).fetchall()
        events: list[Event] = []
        size = 0
        for (data,) in rows:
            size += len(data)
            if size > _MAX_SEALED:
                break
            events.append(decode(data))
        return events

    def _end(self) -> tuple[int, int]:
        """The last sequence number and Lamport time; 0 and 0 in an empty log."""
        last: tuple[int, int] | None = (
            self._connection.execute(
                "SELECT seq, lamport FROM tail ORDER BY seq DESC LIMIT 1"
            ).fetchone()
            or self._connection.execute(
                "SELECT last_seq, last_lamport FROM batch ORDER BY last_seq DESC LIMIT 1"
            ).fetchone()
        )
        return last or (0, 0)

    def _claim(self) -> None:
        """Write down, or check, whose log this is."""
        with transaction(self._connection, self._path):
            row = self._connection.execute("SELECT public_key FROM owner").fetchone()
            if row is None:
                self._connection.execute(
                    "INSERT INTO owner VALUES (?)", (self.identity.public_key,)
                )
            elif row[0] != self.identity.public_key:
                raise _identity_lost(self._path, "was written with another identity")


def _identity(folder: Path) -> Identity:
    """The folder's identity; never a new one beside an old log, which it could not continue."""
    path = folder / "identity.key"
    if (folder / "log.db").exists() and not path.exists():
        raise _identity_lost(folder / "log.db", "has lost its identity: identity.key is missing")
    return Identity.load_or_create(path)


def _identity_lost(path: Path, what: str) -> StorageError:
    return StorageError(
        f"The event log {path} {what}.",
        fix="Put back the identity.key that belongs to it. If that is gone, move the log away: "
        "the node then starts anew and must be approved again.",
    )
