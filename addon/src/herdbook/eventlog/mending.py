"""What becomes of a damaged `log.db`: a new one of all that can still be read.

Owns what is kept and what is given up. Nothing here signs anything: numbers up to the mark stay
used, whether their batches are still there or not, and only events that were never signed get new
ones. The damaged file is kept beside, as `log.db.damaged`.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from herdbook.errors import BatchRefused, StorageError
from herdbook.eventlog.batch import SealedBatch, VerifiedBatch, open_batch
from herdbook.eventlog.event import MAX_INT, encode
from herdbook.eventlog.folder import LogFolder
from herdbook.eventlog.piece import (
    NOTHING,
    Absence,
    Mark,
    Piece,
    Stored,
    TailEvent,
    Unreadable,
    event_of,
)
from herdbook.eventlog.store import LogStore
from herdbook.files import remove_file, sync_folder, writing
from herdbook.ids import node_id_of

_AROUND: Final = ("-wal", "-shm", "-journal")


class Mended(Struct, frozen=True):
    """What is left of a damaged log, in batches and events, and what is not.

    `lost` are runs of numbers that were signed, `lost_events` how many others are known to have
    been there.
    """

    batches: int
    events: int
    lost: list[tuple[int, int]]
    lost_events: int

    def __str__(self) -> str:
        lost = [f"{first} to {last}" for first, last in self.lost]
        signed = f"events {', '.join(lost)}, which the Llama may have" if lost else "nothing signed"
        return (
            f"{self.batches} batches and {self.events} later events were saved;"
            f" lost are {signed}, and {self.lost_events} later ones."
        )


def finish(path: Path) -> None:
    """Bring to its end what a crash amid `mend` left. Raises `StorageError`."""
    new = _beside(path, ".new")
    if path.exists() or not new.exists():
        _remove(new)
    else:
        _put_in_place(new, path)


def mend(path: Path, public_key: bytes, mark: Mark) -> Mended:
    """Make a new `log.db` of a damaged one, which nobody has open.

    Raises `StorageError` when the disk refuses; the damaged one then stays where it is.
    """
    new = _beside(path, ".new")
    _remove(new)
    try:
        store = LogStore(new)
        try:
            store.claim(public_key)
            mended = _Mender(store, public_key).run(path, mark)
            store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            store.close()
    except BaseException:
        with suppress(StorageError):
            _remove(new)
        raise
    _put_in_place(new, path)
    return mended


class _Mender:
    """Fills a new log with what is good of an old one."""

    def __init__(self, store: LogStore, public_key: bytes) -> None:
        self._store = store
        self._public_key = public_key
        self._node_id = node_id_of(public_key)
        self._end = NOTHING
        self._signed = self._seen = 0
        self._lost: list[tuple[int, int]] = []
        self._batches = self._events = self._lost_events = 0

    def run(self, path: Path, mark: Mark) -> Mended:
        """All of it, in one transaction."""
        with self._store.writing():
            if path.exists():
                with closing(sqlite3.connect(path)) as damaged:
                    self._copy(LogFolder(damaged, self._public_key, mark), mark)
            else:
                self._reach(mark)
        return Mended(self._batches, self._events, self._lost, self._lost_events)

    def _copy(self, source: LogFolder, mark: Mark) -> None:
        for piece in source.pieces():
            self._take(piece)
        self._reach(mark)
        self._signed = self._end.seq
        for item in source.tail():
            self._take_event(item)

    def _take(self, piece: Piece) -> None:
        if isinstance(piece, Stored):
            self._take_batch(piece)
        elif isinstance(piece, Absence) and piece.last_seq > self._end.seq:
            if piece.first_seq == self._end.seq + 1:
                self._put(piece)
            else:
                self._reach(Mark(piece.last_seq, piece.last_lamport, piece.hash))

    def _take_batch(self, stored: Stored) -> None:
        batch = self._opened(stored)
        if batch is None or batch.first_seq <= self._end.seq:
            return
        before = batch.first_seq - 1
        # The batches between are gone; how the last of them ended, this one knows.
        self._reach(Mark(before, batch.events[0].lamport - 1, batch.prev_hash))
        last = batch.events[-1]
        sealed = SealedBatch(batch.first_seq, last.seq, last.lamport, batch.hash, batch.wire)
        self._store.add_batch(sealed)
        self._batches += 1
        self._end = Mark(last.seq, last.lamport, batch.hash)

    def _opened(self, stored: Stored) -> VerifiedBatch | None:
        try:
            return open_batch(stored.wire, self._node_id)
        except BatchRefused:
            return None

    def _reach(self, mark: Mark) -> None:
        """Up to there numbers were signed; what is not here by now is lost."""
        if mark.seq > self._end.seq:
            first = self._end.seq + 1
            self._lost.append((first, mark.seq))
            self._put(Absence(first, mark.seq, mark.lamport, mark.hash, "lost"))

    def _put(self, absence: Absence) -> None:
        self._store.put_absence(absence)
        self._end = Mark(absence.last_seq, absence.last_lamport, absence.hash)

    def _take_event(self, item: TailEvent | Unreadable) -> None:
        if isinstance(item, Unreadable):
            known = item.last_seq < MAX_INT
            self._lost_events += item.last_seq - item.first_seq + 1 if known else 0
            return
        event = event_of(item)
        if event is None:
            self._lost_events += 1
            return
        if event.seq <= max(self._signed, self._seen):
            return
        self._seen = event.seq
        # It was never signed: its number may change.
        seq, lamport = self._end.seq + 1, max(self._end.lamport + 1, event.lamport)
        moved = replace(event, seq=seq, lamport=lamport)
        self._store.add_tail([(seq, lamport, encode(moved))])
        self._events += 1
        self._end = Mark(seq, lamport, b"")


def _put_in_place(new: Path, path: Path) -> None:
    """Only once the old one and all around it are away: its log must not be taken for the new's."""
    old = _beside(path, ".damaged")
    with writing(path):
        for ending in ("", *_AROUND):
            from_ = _beside(path, ending)
            if from_.exists():
                from_.replace(_beside(old, ending))
        sync_folder(path.parent)
        new.replace(path)
        sync_folder(path.parent)


def _remove(path: Path) -> None:
    for ending in ("", *_AROUND):
        remove_file(_beside(path, ending))


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
