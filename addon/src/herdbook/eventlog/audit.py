"""Whether a log is as it was written: signatures, chain, gaplessness, tail. Changes nothing."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from herdbook.errors import BatchRefused
from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import MAX_INT, Event
from herdbook.eventlog.piece import (
    Absence,
    LogSource,
    Mark,
    Piece,
    Stored,
    TailEvent,
    Unreadable,
    event_of,
)
from herdbook.eventlog.receiver import START, Position, judge
from herdbook.ids import node_id_of

_AT_MOST: Final = 1000


class Problem(Struct, frozen=True):
    """What is wrong with a run of numbers; `last_seq` is None where nobody knows how far it goes.

    `reason` is one stable word: one of a batch's refusals, or ``unreadable``, ``missing``,
    ``noted`` (the log's own notes of a batch are not the batch's), ``tail``, ``mark``.
    """

    first_seq: int
    last_seq: int | None
    reason: str
    message: str


class Audit(Struct, frozen=True):
    """What a log was found to be. Numbers are of events; 0 where there is none.

    At most a thousand problems are told.
    """

    node_id: str
    batches: int
    first_seq: int
    last_sealed_seq: int
    last_seq: int
    absent: list[Absence]
    problems: list[Problem]


class _Auditor:
    """Walks along a log, and goes on behind what is wrong."""

    def __init__(self, source: LogSource) -> None:
        self.node_id = node_id_of(source.public_key)
        self.batches = 0
        self.first_seq = 0
        self.position: Position = START
        self.absent: list[Absence] = []
        self.problems: list[Problem] = []
        self._unreadable = False

    def take(self, piece: Piece) -> None:
        """The next piece of the log."""
        if isinstance(piece, Unreadable):
            # Rows are found by where they end: how far it goes is known when the next one comes.
            self._unreadable = True
            return
        expected, before = self.position.seq + 1, piece.first_seq - 1
        if self._unreadable:
            self.report(expected, max(expected, before), "unreadable", "cannot be read")
        elif before >= expected:
            self.report(expected, before, "missing", "missing")
        if self._unreadable or before >= expected:
            self.position = Position(before, b"", 0)
        self._unreadable = False
        if isinstance(piece, Absence):
            self.absent.append(piece)
            self.position = Position(piece.last_seq, piece.hash, piece.last_lamport)
        else:
            self._take_batch(piece)

    def end(self, mark: Mark | None) -> None:
        """No more pieces; `mark` is how far the log may have left the node."""
        expected = self.position.seq + 1
        if self._unreadable:
            self.report(expected, None, "unreadable", "cannot be read")
        if mark is None:
            self.report(expected, None, "mark", "whether any were sealed is not known any more")
        elif mark.seq >= expected:
            self.report(expected, mark.seq, "mark", "sealed, and not here")
            self.position = Position(mark.seq, mark.hash, mark.lamport)

    def take_event(self, item: TailEvent | Unreadable) -> None:
        """The next event of the tail."""
        expected = self.position.seq + 1
        if isinstance(item, Unreadable):
            last = None if item.last_seq == MAX_INT else item.last_seq
            self.report(expected, last, "tail", "cannot be read")
            self.position = Position(last or self.position.seq, b"", self.position.lamport)
            return
        seq, event = item.seq, event_of(item)
        if seq != expected:
            self.report(min(seq, expected), seq - 1, "missing", "missing, or there twice")
        if event is None:
            self.report(seq, seq, "tail", "not as it was written")
        elif event.lamport <= self.position.lamport:
            self.report(seq, seq, "tail", "a Lamport time that does not rise")
        lamport = event.lamport if event else self.position.lamport
        self.position = Position(seq, b"", lamport)

    def report(self, first: int, last: int | None, reason: str, what: str) -> None:
        """Note a problem."""
        if len(self.problems) < _AT_MOST:
            self.problems.append(_problem(first, last, reason, what))

    def _take_batch(self, stored: Stored) -> None:
        first, last = stored.first_seq, stored.last_seq
        self.batches += 1
        self.first_seq = self.first_seq or first
        try:
            batch = open_batch(stored.wire, self.node_id)
            if (batch.first_seq, batch.last_seq) != (first, last) or stored.hash not in {
                None,
                batch.hash,
            }:
                self.report(first, last, "noted", "the log's notes are not what the batch says")
            before = self.position if self.position.hash else _before(batch.prev_hash, first)
            judge(before, batch, lambda _seq: None)
        except BatchRefused as error:
            self.report(first, last, error.reason, error.message.removesuffix("."))
            self.position = Position(last, stored.hash or b"", 0)
        else:
            self.position = Position(batch.last_seq, batch.hash, batch.events[-1].lamport)


def audit(source: LogSource) -> Audit:
    """Check a whole log. Raises `StorageError` when the disk fails."""
    auditor = _Auditor(source)
    for piece in source.pieces():
        auditor.take(piece)
    sealed = auditor.position.seq
    auditor.end(source.mark)
    for item in source.tail():
        auditor.take_event(item)
    return Audit(
        auditor.node_id,
        auditor.batches,
        auditor.first_seq,
        sealed,
        auditor.position.seq,
        auditor.absent,
        auditor.problems,
    )


def events_of(source: LogSource) -> Iterator[Event | Problem]:
    """Every event that can be read, in order; in the place of others what is wrong with them."""
    return events_in(source, source.pieces())


def events_in(source: LogSource, pieces: Iterable[Piece]) -> Iterator[Event | Problem]:
    """The same of some pieces of a log, and of its tail."""
    node_id = node_id_of(source.public_key)
    for piece in pieces:
        if isinstance(piece, Stored):
            try:
                yield from open_batch(piece.wire, node_id).events
            except BatchRefused as error:
                what = error.message.removesuffix(".")
                yield _problem(piece.first_seq, piece.last_seq, error.reason, what)
        elif isinstance(piece, Unreadable):
            yield _unreadable(piece, "unreadable")
    for item in source.tail():
        if isinstance(item, Unreadable):
            yield _unreadable(item, "tail")
        elif (event := event_of(item)) is None:
            yield _problem(item.seq, item.seq, "tail", "not as it was written")
        else:
            yield event


def _problem(first: int, last: int | None, reason: str, what: str) -> Problem:
    span = f"Event {first}" if first == last else f"Events {first} to {last or 'the end'}"
    return Problem(first, last, reason, f"{span}: {what}.")


def _unreadable(gap: Unreadable, reason: str) -> Problem:
    """How far it goes is not known here: what can be read again comes after it."""
    what = "cannot be read, nor perhaps some after it"
    return Problem(gap.first_seq, None, reason, f"Event {gap.first_seq}: {what}.")


def _before(hash_: bytes, first_seq: int) -> Position:
    """A place that such a batch follows: after a problem the chain begins anew."""
    return Position(first_seq - 1, hash_, 0)
