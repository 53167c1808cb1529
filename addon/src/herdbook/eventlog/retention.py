"""What a log need not keep: batches that the Llama has, once they are old or room is short.

Nothing that is not acknowledged is ever deleted, whatever the disk says. How old counts from the
moment of the acknowledgement by a clock that was set: until then a Llama that is put back from a
backup finds here what it lost.
"""

import os
from typing import Annotated, Final

from msgspec import Meta, Struct

from herdbook.clock import Clock
from herdbook.errors import StorageError
from herdbook.eventlog.database import give_back
from herdbook.eventlog.piece import Absence
from herdbook.eventlog.store import LogStore

_DAY_MS: Final = 86_400_000
_NOTE_EVERY_MS: Final = 3_600_000
_AT_ONCE: Final = 64
"""Batches deleted in one transaction: 16 MiB at most."""
_PAGES_AT_ONCE: Final = 512
"""Free pages given back to the disk in one: 2 MiB that may have to be moved."""
_SPARE_PAGES: Final = 256
"""Free pages that the log keeps, as it goes on growing: 1 MiB."""


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """How long acknowledged batches are kept, and how much of its disk the log may take.

    Over `disk_share` the oldest acknowledged ones go before their time.
    """

    keep_days: Annotated[float, Meta(ge=0, le=3650)] = 30.0
    disk_share: Annotated[float, Meta(gt=0, le=1)] = 0.1


def acknowledge(store: LogStore, seq: int, clock: Clock) -> None:
    """Note that the Llama has everything up to `seq`, and no more. Raises `StorageError`."""
    noted, at_ms = store.acknowledged()
    now = clock.wall_ms() if clock.quality() != "unset" else None
    if seq < noted:
        store.note_acknowledged(seq, now)  # it was put back to an older state
    elif seq > noted and now is not None and not 0 <= now - at_ms < _NOTE_EVERY_MS:
        store.note_acknowledged(seq, now)


def retire(store: LogStore, seq: int, rules: Retention, clock: Clock) -> bool:
    """Delete some of what may go of the batches up to `seq`, which the Llama has.

    When nothing may, give the disk back some of the room. Whether there is more to do: call it
    again, and each call is done soon. Raises `StorageError`.
    """
    until = 0
    if clock.quality() != "unset":
        before_ms = clock.wall_ms() - int(rules.keep_days * _DAY_MS)
        until = min(seq, store.acknowledged_before(before_ms))
    if until < seq and share_used(store, rules) > 1:
        until = seq
    gone = store.oldest(until, _AT_ONCE)
    if not gone:
        return give_back(store.connection, store.path, _PAGES_AT_ONCE, _SPARE_PAGES)
    last = gone[-1]
    with store.writing():
        store.put_absence(Absence(1, last.seq, last.lamport, last.hash, "retired"))
    return True


def share_used(store: LogStore, rules: Retention) -> float:
    """How much of its share of the disk the log takes; over 1, too much. Raises `StorageError`."""
    return store.size() / (rules.disk_share * _disk_size(store))


def _disk_size(store: LogStore) -> int:
    folder = store.path.parent
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        raise StorageError(
            f"Cannot look at {folder}: {error.strerror}.",
            fix="See that its disk is there; what is written to it now may be lost.",
        ) from error
    return disk.f_blocks * disk.f_frsize
