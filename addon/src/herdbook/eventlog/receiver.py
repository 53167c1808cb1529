"""Where a batch belongs: the receiving side's rules. Sans-I/O: pure functions of what is held."""

from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct

from herdbook.errors import BatchRefused, InputError
from herdbook.eventlog.batch import GENESIS, VerifiedBatch
from herdbook.eventlog.event import LOSS, LossPayload, decode_payload

MAX_LAMPORT_STEP: Final = 2**32


class Position(Struct, frozen=True):
    """How far a receiver has one node's log: the last batch's end, hash and Lamport time."""

    seq: int
    hash: bytes
    lamport: int


START: Final = Position(0, GENESIS, 0)

type Verdict = Literal["new", "duplicate"]


def judge(
    position: Position, batch: VerifiedBatch, hash_at: Callable[[int], bytes | None]
) -> Verdict:
    """Whether a batch continues what is held, or is held already.

    `hash_at` gives the hash of the held batch that ends at a sequence number. Raises
    `BatchRefused` with reason ``gap`` (batches before it are missing: say what is held and it will
    be sent), ``fork`` (other events under numbers that are taken), ``chain`` (it follows another
    history) or ``bounds`` (its Lamport time leaps).
    """
    if batch.last_seq <= position.seq:
        if hash_at(batch.last_seq) == batch.hash:
            return "duplicate"
        raise BatchRefused("fork", f"Events {_span(batch)} are held with other content.")
    if batch.first_seq <= position.seq:
        raise BatchRefused("fork", f"Events {_span(batch)} overlap what is held.")
    if batch.first_seq > position.seq + 1:
        if not _tells_loss_from(batch, position.seq + 1):
            raise BatchRefused("gap", f"Events {_span(batch)} came, {position.seq + 1} is missing.")
    elif batch.prev_hash != position.hash:
        raise BatchRefused("chain", f"Events {_span(batch)} follow another history.")
    # Whoever merges logs goes on from the highest Lamport time it saw. Bounded by what the same log
    # held before, a forged one moves nobody near the end of the numbers, and every receiver judges
    # alike, whatever else it has seen.
    rise = batch.events[-1].lamport - position.lamport
    if batch.events[0].lamport <= position.lamport or rise > MAX_LAMPORT_STEP:
        raise BatchRefused("bounds", f"The Lamport time of events {_span(batch)} leaps.")
    return "new"


def _tells_loss_from(batch: VerifiedBatch, seq: int) -> bool:
    """Whether a batch begins by saying that all numbers from this one to its own are lost."""
    event = batch.events[0]
    if event.kind != LOSS:
        return False
    try:
        loss = decode_payload(event, LossPayload)
    except InputError:
        return False
    return loss.first_seq <= seq and loss.last_seq == batch.first_seq - 1


def _span(batch: VerifiedBatch) -> str:
    return f"{batch.first_seq} to {batch.last_seq}"
