"""Where a batch belongs, and what is refused with which reason."""

import pytest

from herdbook.errors import BatchRefused
from herdbook.eventlog.batch import GENESIS, VerifiedBatch, open_batch, seal
from herdbook.eventlog.event import LOSS, LossPayload, encode_payload
from herdbook.eventlog.receiver import MAX_LAMPORT_STEP, START, Position, judge
from tests.eventlog.samples import chain, event, events, identity

NODE = identity().node_id


def verified(wire: bytes) -> VerifiedBatch:
    return open_batch(wire, NODE)


FIRST, SECOND, THIRD = (verified(batch.wire) for batch in chain([2, 2, 2]))


def held(seq: int) -> bytes | None:
    return {2: FIRST.hash, 4: SECOND.hash}.get(seq)


POSITION = Position(4, SECOND.hash, 4)


def test_the_next_is_new_and_what_is_held_is_a_duplicate() -> None:
    assert judge(START, FIRST, lambda _seq: None) == "new"
    assert judge(POSITION, THIRD, held) == "new"
    assert judge(POSITION, FIRST, held) == "duplicate"
    assert judge(POSITION, SECOND, held) == "duplicate"


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        (verified(chain([2, 2, 2, 1])[3].wire), "gap"),
        (verified(seal(identity(), GENESIS, [event(1, kind="x"), event(2)]).wire), "fork"),
        (verified(seal(identity(), FIRST.hash, [event(3, kind="x"), event(4)]).wire), "fork"),
        (verified(seal(identity(), GENESIS, events(1, 1)).wire), "fork"),
        (verified(seal(identity(), FIRST.hash, events(3, 5)).wire), "fork"),
        (verified(seal(identity(), FIRST.hash, events(5, 6)).wire), "chain"),
        (verified(seal(identity(), GENESIS, events(5, 6)).wire), "chain"),
    ],
)
def test_what_does_not_follow_is_refused(batch: VerifiedBatch, reason: str) -> None:
    with pytest.raises(BatchRefused) as caught:
        judge(POSITION, batch, held)
    assert caught.value.reason == reason


def telling_loss(first: int, last: int, *, at: int) -> VerifiedBatch:
    payload = encode_payload(LossPayload(first, last))
    loss = event(at, kind=LOSS, payload=payload)
    return verified(seal(identity(), bytes([8]) * 32, [loss, event(at + 1)]).wire)


@pytest.mark.parametrize("first", [1, 4, 5])
def test_a_batch_that_tells_of_a_loss_goes_on_behind_it(first: int) -> None:
    assert judge(POSITION, telling_loss(first, 9, at=10), held) == "new"


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        (telling_loss(6, 9, at=10), "gap"),  # what is lost begins later
        (telling_loss(5, 8, at=10), "gap"),  # or ends sooner
        (telling_loss(5, 10, at=10), "gap"),
        (telling_loss(1, 4, at=5), "chain"),  # nothing is missing: it has to follow
        (telling_loss(1, 2, at=3), "fork"),
        (verified(seal(identity(), GENESIS, [event(10, kind=LOSS), event(11)]).wire), "gap"),
    ],
)
def test_no_loss_excuses_more_than_it_tells(batch: VerifiedBatch, reason: str) -> None:
    with pytest.raises(BatchRefused) as caught:
        judge(POSITION, batch, held)
    assert caught.value.reason == reason


@pytest.mark.parametrize("lamport", [1, 4, 4 + MAX_LAMPORT_STEP + 1, 2**53 - 1])
def test_a_lamport_time_cannot_leap(lamport: int) -> None:
    batch = verified(seal(identity(), SECOND.hash, [event(5, lamport=lamport)]).wire)
    with pytest.raises(BatchRefused) as caught:
        judge(POSITION, batch, held)
    assert caught.value.reason == "bounds"


def test_a_lamport_time_may_rise_as_far_as_any_herd_makes_it() -> None:
    batch = verified(seal(identity(), SECOND.hash, [event(5, lamport=4 + MAX_LAMPORT_STEP)]).wire)
    assert judge(POSITION, batch, held) == "new"
