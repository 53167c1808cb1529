"""Going on without what is gone: telling the Llama of numbers that it will never get.

What was signed and is lost cannot be signed again; nor is there any more what was retired, if the
Llama begins anew or was put back. If the Llama has it, all is well. If not, the next batch begins
with an event of kind ``loss``, behind which every receiver goes on; and what came after the gap,
and so cannot follow anything the Llama has, is logged once more under new numbers. The ``loss``
says which it had: a Llama that is put back from a backup later may have it under those.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import (
    LOSS,
    MAX_INT,
    MAX_RUNS,
    Event,
    LossPayload,
    decode,
    decode_payload,
    encode,
    encode_payload,
)
from herdbook.eventlog.piece import Absence, Mark
from herdbook.eventlog.store import LogStore

_AT_ONCE: Final = 1000

type MakeEvent = Callable[[int, int, str, Struct], Event]
"""An event of `seq`, Lamport time, kind and payload, at the present moment."""


def goes_on_from(store: LogStore, node_id: str, make: MakeEvent, seq: int, hash_: bytes) -> bool:
    """See `herdbook.eventlog.log.EventLog.goes_on_from`."""
    absences = store.absences(after=seq)
    own = store.hash_at(seq)
    if own is None:
        # Amid what is gone nobody knows where batches ended, but the Llama has one that ends here.
        if not any(one.first_seq <= seq for one in absences):
            return False
    elif own != hash_:
        return False
    for absence in absences:
        if absence.why != "told":
            _tell(store, node_id, make, absence)
            break
    return True


def _tell(store: LogStore, node_id: str, make: MakeEvent, absence: Absence) -> None:
    """Give up all that was signed from a gap on, and log again what of it is there."""
    with store.writing():
        end = store.sealed()
        _make_way(store, 1 + store.count_after(absence.last_seq))
        had = store.runs(absence.last_seq)
        payload = LossPayload(absence.first_seq, end.seq, tuple(had[:MAX_RUNS]))
        loss = make(end.seq + 1, end.lamport + 1, LOSS, payload)
        events = _events_after(store, node_id, absence.last_seq)
        if len(had) > 1:
            events = map(_plain, events)
        again = enumerate(chain([loss], events), 1)
        store.add_tail(
            (end.seq + number, end.lamport + number, _at(event, end, number))
            for number, event in again
        )
        store.put_absence(Absence(absence.first_seq, end.seq, end.lamport, end.hash, "told"))


def _events_after(store: LogStore, node_id: str, seq: int) -> Iterator[Event]:
    """Those in batches: one batch at a time, for there may be a month of them."""
    while wires := store.batches(seq, MAX_INT, 1):
        batch = open_batch(wires[0], node_id)
        yield from batch.events
        seq = batch.last_seq


def _plain(event: Event) -> Event:
    """An event to be logged again where not all are: others may follow what told of a loss."""
    if event.kind != LOSS:
        return event
    loss = decode_payload(event, LossPayload)
    return replace(event, payload=encode_payload(replace(loss, again=())))


def _at(event: Event, end: Mark, number: int) -> bytes:
    return encode(replace(event, seq=end.seq + number, lamport=end.lamport + number))


def _make_way(store: LogStore, count: int) -> None:
    """Move the tail, of which nothing is signed, `count` numbers on, its end first."""
    before = MAX_INT
    while rows := store.take_from_end(_AT_ONCE, before):
        before = rows[-1][0]
        store.add_tail(
            (number + count, lamport + count, _moved(data, count)) for number, lamport, data in rows
        )


def _moved(data: bytes, count: int) -> bytes:
    event = decode(data)
    return encode(replace(event, seq=event.seq + count, lamport=event.lamport + count))
