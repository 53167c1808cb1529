"""Sync between a node and a Llama over a network that does everything wrong."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.errors import BatchRefused, MessageRefused
from herdbook.eventlog.batch import GENESIS, SealedBatch, VerifiedBatch, open_batch
from herdbook.eventlog.messages import Have, seal_have
from herdbook.eventlog.protocol import (
    FIRST_TIMEOUT_MS,
    LAST_TIMEOUT_MS,
    PULSE_MS,
    WINDOW,
    NodeSync,
)
from herdbook.eventlog.question import AGAIN_MS, LAST_PATIENCE_MS
from herdbook.eventlog.receiver import START, Position, judge
from tests.eventlog.samples import chain, identity

NODE = identity()
LLAMA = identity(9)
NONCE = bytes(range(16))


class MemoryPin:
    key: bytes | None = None

    def keep(self, key: bytes) -> None:
        self.key = key


class MemoryLog:
    """A log whose batches become known one after the other."""

    node_id = NODE.node_id

    def __init__(self, batches: list[SealedBatch], sealed: int | None = None) -> None:
        self.batches = batches
        self.sealed = len(batches) if sealed is None else sealed

    def batches_after(self, seq: int, limit: int) -> list[bytes]:
        known = self.batches[: self.sealed]
        return [batch.wire for batch in known if batch.last_seq > seq][:limit]

    def goes_on_from(self, seq: int, hash_: bytes) -> bool:
        hashes = {batch.last_seq: batch.hash for batch in self.batches[: self.sealed]}
        return {0: GENESIS, **hashes}.get(seq) == hash_


class Receiver:
    """A Llama reduced to its rules."""

    def __init__(self) -> None:
        self.approved = True
        self.held: list[VerifiedBatch] = []
        self.nonce = NONCE
        self.count = 0
        self.refused: list[str] = []

    @property
    def position(self) -> Position:
        if not self.held:
            return START
        last = self.held[-1]
        return Position(last.last_seq, last.hash, last.events[-1].lamport)

    def hash_at(self, seq: int) -> bytes | None:
        return next((batch.hash for batch in self.held if batch.last_seq == seq), None)

    def take(self, wire: bytes) -> None:
        try:
            batch = open_batch(wire, NODE.node_id)
            if judge(self.position, batch, self.hash_at) == "new":
                self.held.append(batch)
        except BatchRefused as error:
            self.refused.append(error.reason)

    def have(self) -> bytes:
        self.count += 1
        position = self.position if self.approved else START
        have = Have(
            NODE.node_id, position.seq, position.hash, self.approved, self.nonce, self.count
        )
        return seal_have(LLAMA, have)


def started(log: MemoryLog, receiver: Receiver | None = None) -> NodeSync:
    sync = NodeSync(log, MemoryPin(), lambda: NONCE)
    sync.on_connected(0)
    sync.on_have((receiver or Receiver()).have(), 0)
    return sync


def seqs(wires: list[bytes]) -> list[int]:
    return [open_batch(wire, NODE.node_id).last_seq for wire in wires]


def test_it_sends_a_window_and_the_rest_as_the_llama_says_it_has_it() -> None:
    batches = chain([1] * 20)
    receiver = Receiver()
    sync = started(MemoryLog(batches), receiver)
    first = sync.take(0)
    assert seqs(first) == list(range(1, WINDOW + 1))
    assert sync.take(1) == []
    for wire in first[:3]:
        receiver.take(wire)
    sync.on_have(receiver.have(), 10)
    assert sync.acknowledged == 3
    assert seqs(sync.take(10)) == [9, 10, 11]


def test_nothing_is_sent_before_the_llama_has_spoken() -> None:
    sync = NodeSync(MemoryLog(chain([1])), MemoryPin(), lambda: NONCE)
    assert (sync.state, sync.take(0)) == ("offline", [])
    sync.on_connected(0)
    assert (sync.state, sync.take(0), sync.due) == ("asking", [], AGAIN_MS)


def test_an_unapproved_node_sends_nothing_until_it_is_approved() -> None:
    receiver = Receiver()
    receiver.approved = False
    sync = started(MemoryLog(chain([1, 1])), receiver)
    assert (sync.state, sync.take(0)) == ("unapproved", [])
    receiver.approved = True
    sync.on_have(receiver.have(), 5)
    assert (sync.state, seqs(sync.take(5))) == ("sending", [1, 2])


def test_what_is_not_acknowledged_is_sent_again_ever_more_slowly() -> None:
    sync = started(MemoryLog(chain([1, 1])))
    now, gaps = 0, []
    assert len(sync.take(now)) == 2
    for _ in range(7):
        due = sync.due
        while due is not None and sync.asks(due):
            due = sync.due
        assert due is not None
        assert sync.take(due - 1) == []
        assert seqs(sync.take(due)) == [1, 2]
        gaps.append(due - now)
        now = due
    assert gaps[0] == FIRST_TIMEOUT_MS
    assert gaps == sorted(gaps)
    assert gaps[-1] == LAST_TIMEOUT_MS


def test_a_have_that_stands_still_starts_over_after_a_second() -> None:
    receiver = Receiver()
    sync = started(MemoryLog(chain([1] * 3)), receiver)
    sync.take(0)
    sync.on_have(receiver.have(), 10)
    sync.on_have(receiver.have(), 20)
    assert sync.take(999) == []
    assert seqs(sync.take(1000)) == [1, 2, 3]


def test_a_llama_put_back_to_an_older_state_gets_the_rest_again() -> None:
    batches = chain([1] * 4)
    receiver = Receiver()
    sync = started(MemoryLog(batches), receiver)
    for wire in sync.take(0):
        receiver.take(wire)
    sync.on_have(receiver.have(), 10)
    del receiver.held[1:]
    sync.on_have(receiver.have(), 5000)
    assert seqs(sync.take(5000)) == [2, 3, 4]


def test_the_first_llama_that_approved_is_the_only_one() -> None:
    receiver = Receiver()
    sync = started(MemoryLog(chain([1, 1])), receiver)
    other = seal_have(identity(8), Have(NODE.node_id, 0, GENESIS, True, NONCE, 2))
    with pytest.raises(MessageRefused, match=r"not the one that approved.*llama\.key") as caught:
        sync.on_have(other, 1)
    assert caught.value.reason == "other_llama"
    assert sync.state == "sending"


def test_a_llama_that_did_not_approve_is_not_pinned() -> None:
    sync = NodeSync(MemoryLog(chain([1])), MemoryPin(), lambda: NONCE)
    sync.on_connected(0)
    stranger = seal_have(identity(8), Have(NODE.node_id, 0, GENESIS, False, NONCE, 1))
    sync.on_have(stranger, 0)
    receiver = Receiver()
    receiver.have()
    sync.on_have(receiver.have(), 1)
    assert len(sync.take(1)) == 1


@pytest.mark.parametrize(("seq", "hash_"), [(1, bytes([7]) * 32), (5, GENESIS), (2, GENESIS)])
def test_another_history_on_the_llama_stops_it_with_words(seq: int, hash_: bytes) -> None:
    sync = NodeSync(MemoryLog(chain([1, 2])), MemoryPin(), lambda: NONCE)
    sync.on_connected(0)
    have = seal_have(LLAMA, Have(NODE.node_id, seq, hash_, True, NONCE, 1))
    with pytest.raises(MessageRefused, match="another history"):
        sync.on_have(have, 0)
    assert (sync.state, sync.take(0)) == ("diverged", [])


def test_an_old_no_stops_nobody_and_a_new_one_does() -> None:
    """What was signed once can be published by anybody, ever again."""
    receiver = Receiver()
    receiver.approved = False
    log = MemoryLog(chain([1] * 4))
    nonces = iter(bytes([n]) * 16 for n in range(1, 99))
    sync = NodeSync(log, MemoryPin(), lambda: next(nonces))
    sync.on_connected(0)
    receiver.nonce = sync.nonce
    no = receiver.have()
    sync.on_have(no, 0)
    assert sync.state == "unapproved"
    receiver.approved = True
    yes = receiver.have()
    sync.on_have(yes, 1)
    assert seqs(sync.take(1)) == [1, 2, 3, 4]
    for wire in (no, yes, no):
        sync.on_have(wire, 2)
        assert sync.state == "sending"
    # In doubt it asks, but not at once and not often.
    assert not sync.asks(AGAIN_MS - 1)
    assert sync.due == AGAIN_MS
    assert sync.asks(AGAIN_MS)
    assert not sync.asks(AGAIN_MS + 1)
    sync.on_have(no, AGAIN_MS + 2)
    assert sync.state == "sending"
    receiver.nonce, receiver.approved = sync.nonce, False
    sync.on_have(receiver.have(), AGAIN_MS + 3)
    assert sync.state == "unapproved", "asked again, the Llama itself says so"


def test_an_answer_that_comes_after_an_old_one_leaves_nothing_to_ask() -> None:
    """After a cut the broker tells first what it kept: a whole herd would ask twice."""
    receiver = Receiver()
    sync = NodeSync(MemoryLog([]), MemoryPin())
    sync.on_connected(0)
    sync.on_have(receiver.have(), 1)
    assert (sync.state, sync.due) == ("asking", AGAIN_MS)
    receiver.nonce = sync.nonce
    sync.on_have(receiver.have(), 2)
    assert (sync.state, sync.due) == ("sending", None)


def test_a_llama_that_counts_anew_is_heard_once_it_is_asked() -> None:
    receiver = Receiver()
    nonces = iter(bytes([n]) * 16 for n in range(1, 99))
    sync = NodeSync(MemoryLog(chain([1] * 3)), MemoryPin(), lambda: next(nonces))
    sync.on_connected(0)
    receiver.nonce = sync.nonce
    for _ in range(9):
        sync.on_have(receiver.have(), 0)
    for wire in sync.take(0):
        receiver.take(wire)
    receiver.count = 0  # it was restarted
    sync.on_have(receiver.have(), 1)
    assert sync.acknowledged == 0
    assert sync.asks(AGAIN_MS)
    receiver.nonce = sync.nonce
    sync.on_have(receiver.have(), AGAIN_MS)
    assert sync.acknowledged == 3


def test_a_node_that_waits_goes_on_asking_ever_more_slowly() -> None:
    receiver = Receiver()
    receiver.approved = False
    sync = started(MemoryLog(chain([1])), receiver)
    now, gaps = 0, []
    for _ in range(10):
        due = sync.due
        assert due is not None
        assert sync.asks(due)
        gaps.append(due - now)
        now = due
        sync.on_have(receiver.have(), now)
    assert gaps[0] == AGAIN_MS
    assert gaps == sorted(gaps)
    assert gaps[-1] == LAST_PATIENCE_MS


def test_with_a_pulse_it_asks_that_often_also_when_all_is_well() -> None:
    receiver = Receiver()
    sync = NodeSync(MemoryLog(chain([1])), MemoryPin(), lambda: NONCE, pulse_ms=PULSE_MS)
    sync.on_connected(0)
    now = 0
    for approved in (False, True):
        receiver.approved = approved
        gaps = []
        for _ in range(8):
            sync.on_have(receiver.have(), now)
            for wire in sync.take(now):
                receiver.take(wire)
            sync.on_have(receiver.have(), now)
            assert not sync.asks(now)
            assert sync.due is not None
            gaps.append(sync.due - now)
            now = sync.due
            assert sync.asks(now)
            receiver.count = 0
        assert gaps[-1] == PULSE_MS, "not later"
        assert gaps == sorted(gaps)
    assert sync.acknowledged == 1
    sync.on_disconnected()
    assert sync.due is None


class Network:
    """A node and a Llama, and between them two heaps of messages that anything may happen to."""

    def __init__(self, sizes: list[int]) -> None:
        self.log = MemoryLog(chain(sizes), sealed=0)
        self.receiver = Receiver()
        self.random = random.Random(7)
        self.sync = NodeSync(self.log, MemoryPin(), lambda: self.random.randbytes(16))
        self.up: list[bytes] = []
        self.now = 0
        self.sync.on_connected(0)
        self.hello()
        self.heard: list[bytes] = []
        self.down: list[bytes] = [self.receiver.have()]

    def hello(self) -> None:
        """Heard at once: that it is lost is as if the answer were."""
        self.receiver.nonce = self.sync.nonce

    def pump(self) -> None:
        self.up += self.sync.take(self.now)
        if self.sync.asks(self.now):
            self.hello()
            self.down.append(self.receiver.have())

    def seal(self, _pick: int) -> None:
        self.log.sealed = min(self.log.sealed + 1, len(self.log.batches))

    def deliver_up(self, pick: int) -> None:
        if self.up:
            self.receiver.take(self.up.pop(pick % len(self.up)))
            self.down.append(self.receiver.have())

    def deliver_down(self, pick: int) -> None:
        if self.down:
            self.heard.append(self.down.pop(pick % len(self.down)))
            self.sync.on_have(self.heard[-1], self.now)

    def lose_up(self, pick: int) -> None:
        if self.up:
            del self.up[pick % len(self.up)]

    def lose_down(self, pick: int) -> None:
        if self.down:
            del self.down[pick % len(self.down)]

    def repeat_up(self, pick: int) -> None:
        if self.up:
            self.up.append(self.up[pick % len(self.up)])

    def repeat_down(self, pick: int) -> None:
        if self.down:
            self.down.append(self.down[pick % len(self.down)])

    def wait(self, pick: int) -> None:
        self.now += pick * 10

    def reconnect(self, pick: int) -> None:
        """A cut: what is under way is lost; the retained “have” is there, maybe an old one."""
        self.sync.on_disconnected()
        self.sync.on_connected(self.now)
        self.hello()
        self.up.clear()
        kept = self.down[pick % len(self.down)] if self.down else self.receiver.have()
        self.down = [kept, self.receiver.have()]

    def replay(self, pick: int) -> None:
        """Somebody publishes what the Llama once said, and it may have said no."""
        if self.heard:
            self.down.append(self.heard[pick % len(self.heard)])

    def retire(self, pick: int) -> None:
        """The Llama lets the node go, or in again."""
        self.receiver.approved = pick % 2 == 0
        self.down.append(self.receiver.have())

    def restart(self, _pick: int) -> None:
        """The Llama counts anew."""
        self.receiver.count = 0

    def inject(self, pick: int) -> None:
        """Somebody else publishes: forged, of another history, cut, or far too large."""
        good = chain([1, 1, 1], seed=1)[pick % 3].wire
        self.up.append(
            [
                good[:-1] + bytes([good[-1] ^ 1]),
                chain([3], seed=2)[0].wire,
                good[: pick % len(good)],
                bytes(300_000),
            ][pick % 4]
        )

    def settle(self) -> None:
        """From now on everything arrives."""
        self.log.sealed = len(self.log.batches)
        self.receiver.approved = True
        for _ in range(2_000):
            self.pump()
            if self.receiver.position.seq == self.log.batches[-1].last_seq:
                return
            for _ in range(len(self.up)):
                self.deliver_up(0)
            self.down.append(self.receiver.have())
            for _ in range(len(self.down)):
                self.deliver_down(0)
            self.replay(self.now)
            self.now += 500
        raise AssertionError("it does not converge")


ACTIONS: list[Callable[[Network, int], None]] = [
    Network.seal,
    Network.deliver_up,
    Network.deliver_up,
    Network.deliver_down,
    Network.deliver_down,
    Network.lose_up,
    Network.lose_down,
    Network.repeat_up,
    Network.repeat_down,
    Network.wait,
    Network.reconnect,
    Network.inject,
    Network.replay,
    Network.retire,
    Network.restart,
]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=15),
    st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 1000)), max_size=80),
)
def test_everything_arrives_once_and_in_order_whatever_happens(
    sizes: list[int], steps: list[tuple[Callable[[Network, int], None], int]]
) -> None:
    network = Network(sizes)
    for action, pick in steps:
        action(network, pick)
        network.pump()
    network.settle()
    assert [batch.wire for batch in network.receiver.held] == [
        batch.wire for batch in network.log.batches
    ]
    assert "chain" not in network.receiver.refused
