"""Going on after damage: telling the Llama of numbers that it will never get.

What was signed and is lost cannot be signed again. If the Llama has it, all is well. If not, the
next batch begins with an event of kind ``loss``, behind which every receiver goes on; and what came
after the loss, and so cannot follow anything the Llama has, is logged once more under new numbers.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import LOSS, MAX_INT, Event, LossPayload, decode, encode
from herdbook.eventlog.piece import Absence
from herdbook.eventlog.store import LogStore

_AT_ONCE: Final = 1000
_ALL: Final = 1_000_000

type MakeEvent = Callable[[int, int, str, Struct], Event]
"""An event of `seq`, Lamport time, kind and payload, at the present moment."""


def goes_on_from(store: LogStore, node_id: str, make: MakeEvent, seq: int, hash_: bytes) -> bool:
    """See `herdbook.eventlog.log.EventLog.goes_on_from`."""
    absences = store.absences(after=seq)
    own = store.hash_at(seq)
    if own is None:
        # Amid what is lost nobody knows where batches ended, but the Llama has one that ends here.
        if not any(one.first_seq <= seq and one.why in {"lost", "told"} for one in absences):
            return False
    elif own != hash_:
        return False
    for absence in absences:
        if absence.why == "lost":
            _tell(store, node_id, make, absence)
            break
    return True


def _tell(store: LogStore, node_id: str, make: MakeEvent, absence: Absence) -> None:
    """Give up all that was signed from a loss on, and log again what of it is there."""
    with store.writing():
        again = _events_after(store, node_id, absence.last_seq)
        end = store.sealed()
        count = 1 + len(again)
        _make_way(store, count)
        store.put_absence(Absence(absence.first_seq, end.seq, end.lamport, end.hash, "told"))
        loss = make(end.seq + 1, end.lamport + 1, LOSS, LossPayload(absence.first_seq, end.seq))
        moved = [
            replace(event, seq=end.seq + number, lamport=end.lamport + number)
            for number, event in enumerate(again, 2)
        ]
        store.add_tail((event.seq, event.lamport, encode(event)) for event in [loss, *moved])


def _events_after(store: LogStore, node_id: str, seq: int) -> list[Event]:
    events: list[Event] = []
    for wire in store.batches(seq, MAX_INT, _ALL):
        events += open_batch(wire, node_id).events
    return events


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
