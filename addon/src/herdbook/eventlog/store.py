"""The rows of `log.db`. Owns its SQL; knows neither keys nor clocks.

Every method raises `StorageError`, a `DatabaseDamaged` where a page is not what was written.
"""

import zlib
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from herdbook.eventlog.batch import GENESIS, MAX_EVENTS, SealedBatch, hash_of
from herdbook.eventlog.database import DatabaseDamaged, open_database, storing, transaction
from herdbook.eventlog.event import Event, Run
from herdbook.eventlog.piece import NOTHING, Absence, Mark, TailEvent, event_of

SCHEMA: Final = "herdbook.eventlog"

type TailRow = tuple[int, int, bytes]
"""`seq`, Lamport time, the event's bytes."""


class Head(Struct, frozen=True):
    """Where a log stands: its last event, its last sealed event, the hash of its last batch."""

    seq: int
    sealed_seq: int
    sealed_hash: bytes


class LogStore:
    """An open `log.db`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = open_database(path, SCHEMA)

    def writing(self) -> AbstractContextManager[None]:
        """All that is written within is durable once it is left, or none of it is there."""
        return transaction(self.connection, self.path)

    def claim(self, public_key: bytes) -> bool:
        """Whether the log belongs to a key; a new log does from now on."""
        with self.writing():
            row = self.connection.execute("SELECT public_key FROM owner").fetchone()
            if row is None:
                self.connection.execute("INSERT INTO owner VALUES (?)", (public_key,))
        owner = row[0] if row else public_key
        if not isinstance(owner, bytes) or len(owner) != len(public_key):
            raise _not_as_written(self.path)
        return owner == public_key

    def sealed(self) -> Mark:
        """The end of the last batch, or of what stands in its place."""
        with storing(self.path):
            rows = [
                self.connection.execute(
                    f"SELECT last_seq, last_lamport, hash FROM {table}"  # noqa: S608
                    " ORDER BY last_seq DESC LIMIT 1"
                ).fetchone()
                for table in ("batch", "absence")
            ]
        ends = self._as([row for row in rows if row], list[Mark])
        return max(ends, key=lambda end: end.seq, default=NOTHING)

    def end(self) -> tuple[int, int]:
        """The last sequence number and Lamport time; 0 and 0 in an empty log."""
        with storing(self.path):
            last = self.connection.execute(
                "SELECT seq, lamport FROM tail ORDER BY seq DESC LIMIT 1"
            ).fetchone()
        if last is None:
            sealed = self.sealed()
            return sealed.seq, sealed.lamport
        return self._as(last, tuple[int, int])

    def check_tail(self) -> None:
        """Raises `DatabaseDamaged` when the tail does not follow what is sealed, without gaps.

        An older page in the place of another may say so: the next event would get a number again.
        """
        with storing(self.path):
            first, last, count = self.connection.execute(
                "SELECT min(seq), max(seq), count(*) FROM tail"
            ).fetchone()
        if count and (first, last) != (self.sealed().seq + 1, self.sealed().seq + count):
            raise _not_as_written(self.path)

    def check_numbers(self, until: int) -> None:
        """Raises `DatabaseDamaged` when something is missing among the numbers up to `until`."""
        with storing(self.path):
            spans = self.connection.execute(
                "SELECT first_seq, last_seq FROM batch WHERE last_seq <= ?1"
                " UNION ALL SELECT first_seq, last_seq FROM absence WHERE last_seq <= ?1"
                " ORDER BY last_seq",
                (until,),
            )
            expected = 1
            for first_seq, last_seq in spans:
                if first_seq != expected:
                    raise _not_as_written(self.path)
                expected = last_seq + 1
        if expected != until + 1:
            raise _not_as_written(self.path)

    def head(self) -> Head:
        """Where the log stands."""
        sealed = self.sealed()
        return Head(self.end()[0], sealed.seq, sealed.hash)

    def hash_at(self, seq: int) -> bytes | None:
        """The hash of the batch that ends, or ended, at `seq`; None when none does."""
        if seq == 0:
            return GENESIS
        with storing(self.path):
            row: tuple[bytes] | None = self.connection.execute(
                "SELECT hash FROM batch WHERE last_seq = ?1"
                " UNION ALL SELECT hash FROM absence WHERE last_seq = ?1",
                (seq,),
            ).fetchone()
        return row[0] if row else None

    def batches(self, after: int, until: int, limit: int) -> list[bytes]:
        """The first batches that end after one number and not after another.

        Raises `DatabaseDamaged` for one that is not the one whose hash was noted.
        """
        with storing(self.path):
            rows = self.connection.execute(
                "SELECT first_seq, last_seq, hash, wire FROM batch"
                " WHERE last_seq > ? AND last_seq <= ? ORDER BY last_seq LIMIT ?",
                (after, until, limit),
            ).fetchall()
        expected = after + 1
        for first_seq, last_seq, hash_, wire in rows:
            if not isinstance(wire, bytes) or hash_of(wire) != hash_:
                raise _not_as_written(self.path)
            if first_seq != expected and not self._is_absent(expected, first_seq - 1):
                raise _not_as_written(self.path)
            expected = last_seq + 1
        return [row[3] for row in rows]

    def count_after(self, seq: int) -> int:
        """How many events the batches hold that end after a number."""
        with storing(self.path):
            (count,) = self.connection.execute(
                "SELECT coalesce(sum(last_seq - first_seq + 1), 0) FROM batch WHERE last_seq > ?",
                (seq,),
            ).fetchone()
        return self._as(count, int)

    def runs(self, after: int) -> list[Run]:
        """The numbers of all events in batches that end after a number, without gaps in each."""
        with storing(self.path):
            rows = self.connection.execute(
                "SELECT first_seq, last_seq FROM batch WHERE last_seq > ? ORDER BY last_seq",
                (after,),
            ).fetchall()
        found: list[Run] = []
        for first_seq, last_seq in self._as(rows, list[tuple[int, int]]):
            count = last_seq - first_seq + 1
            if found and sum(found[-1]) == first_seq:
                found[-1] = Run(found[-1].first_seq, found[-1].length + count)
            else:
                found.append(Run(first_seq, count))
        return found

    def absences(self, after: int) -> list[Absence]:
        """What stands for batches that ended after a number."""
        with storing(self.path):
            rows = self.connection.execute(
                "SELECT first_seq, last_seq, last_lamport, hash, why FROM absence"
                " WHERE last_seq > ? ORDER BY last_seq",
                (after,),
            ).fetchall()
        return self._as(rows, list[Absence])

    def tail(self, after: int, limit: int, size: int) -> list[Event]:
        """The oldest events that are in no batch yet, which follow a number.

        At most `limit` of them and, as they are encoded, `size` bytes.
        """
        with storing(self.path):
            rows = self.connection.execute(
                "SELECT seq, event, crc FROM tail ORDER BY seq LIMIT ?", (limit,)
            ).fetchall()
        events = []
        for number, row in enumerate(rows, after + 1):
            event = event_of(TailEvent(*row)) if isinstance(row[1], bytes) else None
            if event is None or event.seq != number:
                raise _not_as_written(self.path)
            size -= len(row[1])
            if size < 0:
                break
            events.append(event)
        return events

    def events_after(self, after: int) -> tuple[bytes | None, list[Event]]:
        """The batch with the first events that follow a number; where it is the tail, its events.

        At most as many as a batch has. What is absent is passed over.
        """
        with storing(self.path):
            row = self.connection.execute(
                "SELECT wire FROM batch WHERE last_seq > ? ORDER BY last_seq LIMIT 1", (after,)
            ).fetchone()
            if row is not None:
                return self._as(row[0], bytes), []
            rows = self.connection.execute(
                "SELECT seq, event, crc FROM tail WHERE seq > ? ORDER BY seq LIMIT ?",
                (after, MAX_EVENTS),
            ).fetchall()
        events = [event_of(TailEvent(*one)) for one in rows if isinstance(one[1], bytes)]
        found = [one for one in events if one is not None]
        if len(found) != len(rows):
            raise _not_as_written(self.path)
        return None, found

    def size(self) -> int:
        """The bytes that the log takes, without what deleted rows left free in its file."""
        with storing(self.path):
            pages, free, page_size = (
                self.connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        return int((pages - free) * page_size)

    def acknowledged(self) -> tuple[int, int]:
        """The highest number noted as acknowledged, and when; 0 and 0 when none is."""
        with storing(self.path):
            row = self.connection.execute(
                "SELECT seq, at_ms FROM acknowledged ORDER BY seq DESC LIMIT 1"
            ).fetchone()
        return self._as(row or (0, 0), tuple[int, int])

    def acknowledged_before(self, at_ms: int) -> int:
        """The highest number that was acknowledged before a moment."""
        with storing(self.path):
            row = self.connection.execute(
                "SELECT max(seq) FROM acknowledged WHERE at_ms < ?", (at_ms,)
            ).fetchone()
        return self._as(row[0] or 0, int)

    def note_acknowledged(self, seq: int, at_ms: int | None) -> None:
        """Note that nothing behind `seq` is acknowledged and, where it is known when, all up to it.

        A transaction of its own.
        """
        with self.writing():
            self.connection.execute("DELETE FROM acknowledged WHERE seq >= ?", (seq,))
            if at_ms is not None:
                self.connection.execute("INSERT INTO acknowledged VALUES (?, ?)", (seq, at_ms))
            # What is retired needs no notes.
            self.connection.execute(
                "DELETE FROM acknowledged WHERE seq <="
                " (SELECT max(last_seq) FROM absence WHERE why = 'retired')"
            )

    def oldest(self, until: int, limit: int) -> list[Mark]:
        """Where the oldest batches end, of those that end at `until` or before."""
        with storing(self.path):
            rows = self.connection.execute(
                "SELECT last_seq, last_lamport, hash FROM batch WHERE last_seq <= ?"
                " ORDER BY last_seq LIMIT ?",
                (until, limit),
            ).fetchall()
        return self._as(rows, list[Mark])

    def _as[T](self, rows: object, kind: type[T]) -> T:
        """What was read, as what was written: a page may have been exchanged for another."""
        try:
            return msgspec.convert(rows, kind)
        except msgspec.ValidationError as error:
            raise _not_as_written(self.path) from error

    def _is_absent(self, first: int, last: int) -> bool:
        """Whether something stands for every number of a run."""
        for absence in self.absences(after=first - 1):
            if absence.first_seq > first:
                break
            first = absence.last_seq + 1
        return first == last + 1

    # What follows is called within `writing`.

    def add_tail(self, rows: Iterable[TailRow]) -> None:
        """Add events that are in no batch yet."""
        self.connection.executemany(
            "INSERT INTO tail VALUES (?, ?, ?, ?)",
            ((seq, lamport, data, zlib.crc32(data)) for seq, lamport, data in rows),
        )

    def add_batch(self, batch: SealedBatch) -> None:
        """Put a batch in the place of its events."""
        self.connection.execute(
            "INSERT INTO batch VALUES (?, ?, ?, ?, ?)",
            (batch.last_seq, batch.first_seq, batch.last_lamport, batch.hash, batch.wire),
        )
        self.connection.execute("DELETE FROM tail WHERE seq <= ?", (batch.last_seq,))

    def put_absence(self, absence: Absence) -> None:
        """Put it in the place of all batches and absences in its numbers."""
        span = (absence.first_seq, absence.last_seq)
        for table in ("batch", "absence"):
            self.connection.execute(
                f"DELETE FROM {table} WHERE last_seq BETWEEN ? AND ?",  # noqa: S608
                span,
            )
        self.connection.execute(
            "INSERT INTO absence VALUES (?, ?, ?, ?, ?)",
            (
                absence.last_seq,
                absence.first_seq,
                absence.last_lamport,
                absence.hash,
                absence.why,
            ),
        )

    def take_from_end(self, limit: int, before: int) -> Sequence[TailRow]:
        """Remove the newest events of the tail below a number, and give them, newest first."""
        rows: list[TailRow] = self.connection.execute(
            "SELECT seq, lamport, event FROM tail WHERE seq < ? ORDER BY seq DESC LIMIT ?",
            (before, limit),
        ).fetchall()
        if rows:
            self.connection.execute(
                "DELETE FROM tail WHERE seq BETWEEN ? AND ?", (rows[-1][0], rows[0][0])
            )
        return rows

    def close(self) -> None:
        """Close the database. Safe to repeat."""
        self.connection.close()


def _not_as_written(path: Path) -> DatabaseDamaged:
    return DatabaseDamaged(f"Something in {path} is not as it was written.")
