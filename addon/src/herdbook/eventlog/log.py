"""A node's log on disk. Owns `identity.key`, `log.db` and `sealed.mark` in a folder, and its lock.

An event is durable when `append` returns. Appended events wait in the tail until `seal` moves them
into a signed batch in one transaction, and a batch is given out only after the mark says so: a
batch that was ever sent is there after any crash, and should `log.db` be damaged, the node goes on
behind the mark. It can never send two batches for the same numbers.

Every call may block on the disk. Calls may come from any thread, but only one at a time.
"""

import logging
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Concatenate, Final
from uuid import uuid4

from msgspec import Raw, Struct
from msgspec.structs import replace

from herdbook.clock import Clock, Instant, now
from herdbook.errors import BatchRefused, StorageError
from herdbook.eventlog import loss, mending, retention, unfinished
from herdbook.eventlog.batch import MAX_EVENTS, MAX_WIRE, open_batch, seal
from herdbook.eventlog.database import DatabaseDamaged
from herdbook.eventlog.event import MAX_WALL_MS, READINGS, Event, encode, encode_payload
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.mark import NAME, read_mark, write_mark
from herdbook.eventlog.piece import Mark
from herdbook.eventlog.readings import ReadingsPayload
from herdbook.eventlog.retention import Retention
from herdbook.eventlog.store import Head, LogStore
from herdbook.files import FolderLock, make_folder

# Uncompressed: what compression cannot shrink still fits the wire, with its head.
_MAX_SEALED: Final = MAX_WIRE - 8 * 1024
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

type Draft = tuple[str, Struct | Raw] | tuple[str, Struct | Raw, Instant]
"""An event to be: its kind, what it carries, and when it was, without which that is just now.

What it carries may be what `herdbook.eventlog.event.draft` gave.
"""

type _Opened = tuple[LogStore, Mark, tuple[int, int]]

_log = logging.getLogger(__name__)


def _mending[**P, R](
    method: "Callable[Concatenate[EventLog, P], R]",
) -> "Callable[Concatenate[EventLog, P], R]":
    """A method that, where it meets damage, mends the log and is tried once more."""

    @wraps(method)
    def run(log: "EventLog", /, *arguments: P.args, **named: P.kwargs) -> R:
        try:
            return method(log, *arguments, **named)
        except DatabaseDamaged as error:
            log._mend(error)  # noqa: SLF001
            return method(log, *arguments, **named)

    return run


class EventLog:
    """One node's log. Use `open`."""

    def __init__(
        self, folder: Path, lock: FolderLock, identity: Identity, clock: Clock, boot_id: str
    ) -> None:
        self.identity = identity
        self.node_id = identity.node_id
        self._folder = folder
        self._path = folder / "log.db"
        self._lock = lock
        self._clock = clock
        self._boot_id = boot_id
        self._absorbed = False
        mending.finish(self._path)
        mark = read_mark(folder)
        try:
            self._store, self._mark, self._end = self._opened(mark)
        except DatabaseDamaged as error:
            self._store, self._mark, self._end = self._mended(mark, error)

    @classmethod
    def open(cls, folder: Path, clock: Clock, *, boot_id: str | None = None) -> "EventLog":
        """The log in a folder; a new one, with a new identity, in an empty folder.

        Of a damaged one what can be read is saved, and the rest is named in the program's log.
        Raises `LogInUse` when another process has it, `StorageError` when the disk fails, the
        identity is not the one that the log was written with, or nobody can know any more which
        numbers were signed.
        """
        lock = FolderLock(make_folder(folder))
        lock.acquire()
        try:
            boot = boot_id if boot_id is not None else _this_boot()
            return cls(folder, lock, _identity(folder), clock, boot)
        except BaseException:
            lock.release()
            raise

    def append(self, kind: str, payload: Struct) -> Event:
        """Add one event; durable when this returns. Raises as `append_many`."""
        return self.append_many([(kind, payload)])[0]

    @_mending
    def append_many(self, items: Sequence[Draft]) -> list[Event]:
        """Add events in one transaction: all are durable when this returns, or none is.

        Raises `InputError` for an event that is over 64 KiB or out of its bounds, `StorageError`
        when the disk fails.
        """
        seq, lamport = self._end
        here = now(self._clock)
        with self._store.writing():
            events = [
                self._event(seq + number, lamport + number, kind, payload, *(at or [here]))
                for number, (kind, payload, *at) in enumerate(items, 1)
            ]
            self._add(events)
            unfinished.finished(self._store, events)
        self._ends_with(events)
        return events

    @_mending
    def keep_unfinished(self, blocks: Sequence[tuple[ReadingsPayload, Instant]]) -> None:
        """Note durably readings that are in no event yet, and no others. Raises `StorageError`."""
        self.absorb()
        with self._store.writing():
            events = (self._event(1, 1, READINGS, *block) for block in blocks)
            unfinished.put(self._store, events)

    @_mending
    def absorb(self) -> int:
        """Add what an earlier run noted and did not finish: so many events.

        Raises `StorageError`.
        """
        if self._absorbed:
            return 0
        seq, lamport = self._end
        with self._store.writing():
            events = [
                replace(event, seq=seq + number, lamport=lamport + number)
                for number, event in enumerate(unfinished.take(self._store), 1)
            ]
            self._add(events)
        self._ends_with(events)
        self._absorbed = True
        return len(events)

    @_mending
    def head(self) -> Head:
        """Where the log stands. Raises `StorageError`."""
        return self._store.head()

    @_mending
    def seal(self, most: int = sys.maxsize) -> None:
        """Turn the tail into signed batches, at most so many of them.

        Raises `StorageError`; what was sealed stays so.
        """
        end = self._store.sealed()
        if end.seq < self._mark.seq:
            raise DatabaseDamaged(f"{self._path} does not have what was signed any more.")
        for _ in range(most):
            events = self._store.tail(end.seq, MAX_EVENTS, _MAX_SEALED)
            if not events:
                break
            batch = seal(self.identity, end.hash, events)
            with self._store.writing():
                self._store.add_batch(batch)
            end = Mark(batch.last_seq, batch.last_lamport, batch.hash)
        if end != self._mark:
            write_mark(self._folder, end)
            self._mark = end

    @_mending
    def batches_after(self, seq: int, limit: int) -> list[bytes]:
        """At most `limit` sealed batches in order, from the one after the batch that ends at `seq`.

        Raises `StorageError`.
        """
        return self._store.batches(seq, self._mark.seq, limit)

    @_mending
    def events_after(self, seq: int) -> list[Event]:
        """The next events after a number, sealed or not, some hundreds at most; none at the end.

        Where there is a gap, because what was there is retired or lost, they are from behind it.
        Raises `StorageError`.
        """
        wire, events = self._store.events_after(seq)
        if wire is not None:
            try:
                events = open_batch(wire, self.node_id).events
            except BatchRefused as error:
                raise DatabaseDamaged(f"{self._path}: {error.message}") from error
        return [one for one in events if one.seq > seq]

    @_mending
    def hash_at(self, seq: int) -> bytes | None:
        """The hash of the batch that ends at `seq`; None when none does. Raises `StorageError`."""
        return self._store.hash_at(seq)

    @_mending
    def goes_on_from(self, seq: int, hash_: bytes) -> bool:
        """Whether what the Llama has, up to a batch of this hash, is a beginning of this log.

        Where batches that it lacks are lost, the log says so to it from then on. Raises
        `StorageError`.
        """
        if not loss.goes_on_from(self._store, self.node_id, self._event, seq, hash_):
            self._store.check_numbers(self._mark.seq)
            return False
        self._end = self._store.end()
        return True

    @_mending
    def acknowledge(self, seq: int) -> None:
        """Note that the Llama has everything up to `seq`, and no more. Raises `StorageError`."""
        retention.acknowledge(self._store, seq, self._clock)

    @_mending
    def retire(self, seq: int, rules: Retention) -> bool:
        """Delete some batches that may go, all of them acknowledged up to `seq`.

        Or give the disk back some of their room. Whether there is more to do: call it again then.
        Raises `StorageError`.
        """
        return retention.retire(self._store, min(seq, self._mark.seq), rules, self._clock)

    def share_used(self, rules: Retention) -> float:
        """How much of its share of the disk it takes; over 1, too much. Raises `StorageError`."""
        return retention.share_used(self._store, rules)

    def close(self) -> None:
        """Close the database and give up the lock. Safe to repeat."""
        self._store.close()
        self._lock.release()

    def _add(self, events: Sequence[Event]) -> None:
        self._store.add_tail((event.seq, event.lamport, encode(event)) for event in events)

    def _ends_with(self, events: Sequence[Event]) -> None:
        if events:
            self._end = (events[-1].seq, events[-1].lamport)

    def _mend(self, error: DatabaseDamaged) -> None:
        self._store.close()
        self._store, self._mark, self._end = self._mended(self._mark, error)

    def _mended(self, mark: Mark | None, error: DatabaseDamaged) -> _Opened:
        if mark is None:
            raise StorageError(
                f"{error.message} What it signed is not known either: {NAME} is damaged too.",
                fix="Move the folder away: the node then starts anew and must be approved again.",
            ) from error
        mended = mending.mend(self._path, self.identity.public_key, mark)
        _log.error(
            "%s What it was is kept as %s.damaged. %s", error.message, self._path.name, mended
        )
        return self._opened(mark)

    def _opened(self, mark: Mark | None) -> _Opened:
        """The store; the mark, which is brought up to it; the last number and Lamport time."""
        store = LogStore(self._path)
        try:
            if not store.claim(self.identity.public_key):
                raise _identity_lost(self._path, "was written with another identity")
            if mark is not None and store.hash_at(mark.seq) != mark.hash:
                raise DatabaseDamaged(
                    f"{self._path} does not have the events up to {mark.seq}, which were signed."
                )
            store.check_tail()
            sealed = store.sealed()
            if sealed != mark:
                write_mark(self._folder, sealed)
            return store, sealed, store.end()
        except BaseException:
            store.close()
            raise

    def _event(
        self, seq: int, lamport: int, kind: str, payload: Struct | Raw, at: Instant | None = None
    ) -> Event:
        wall, monotonic, quality = at or now(self._clock)
        if not 0 <= wall <= MAX_WALL_MS:
            wall, quality = min(max(wall, 0), MAX_WALL_MS), "unset"
        return Event(
            seq=seq,
            lamport=lamport,
            boot_id=self._boot_id,
            monotonic_ms=monotonic,
            wall_ms=wall,
            clock_quality=quality,
            kind=kind,
            payload=payload if isinstance(payload, Raw) else encode_payload(payload),
        )


def _this_boot() -> str:
    """Which boot of the machine this is. Where nobody tells, as in a sandbox, each run is one."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return str(uuid4())


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
