"""Sync between a node and a Llama over a network that does everything wrong."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.errors import BatchRefused, MessageRefused
from herdbook.eventlog.batch import GENESIS, SealedBatch, VerifiedBatch, open_batch
from herdbook.eventlog.messages import Have, seal_have
from herdbook.eventlog.protocol import FIRST_TIMEOUT_MS, LAST_TIMEOUT_MS, WINDOW, NodeSync
from herdbook.eventlog.receiver import START, Position, judge
from tests.eventlog.samples import chain, identity

NODE = identity()
LLAMA = identity(9)


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

    def hash_at(self, seq: int) -> bytes | None:
        hashes = {batch.last_seq: batch.hash for batch in self.batches[: self.sealed]}
        return {0: GENESIS, **hashes}.get(seq)


class Receiver:
    """A Llama reduced to its rules."""

    def __init__(self) -> None:
        self.approved = True
        self.held: list[VerifiedBatch] = []
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
        if not self.approved:
            return seal_have(LLAMA, Have(NODE.node_id, 0, GENESIS, approved=False))
        position = self.position
        return seal_have(LLAMA, Have(NODE.node_id, position.seq, position.hash, approved=True))


def started(log: MemoryLog, receiver: Receiver | None = None) -> NodeSync:
    sync = NodeSync(log, MemoryPin())
    sync.on_connected()
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
    sync = NodeSync(MemoryLog(chain([1])), MemoryPin())
    assert (sync.state, sync.take(0)) == ("offline", [])
    sync.on_connected()
    assert (sync.state, sync.take(0), sync.due) == ("asking", [], None)


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
    other = seal_have(identity(8), Have(NODE.node_id, 0, GENESIS, approved=True))
    with pytest.raises(MessageRefused, match=r"not the one that approved.*llama\.key") as caught:
        sync.on_have(other, 1)
    assert caught.value.reason == "other_llama"
    assert sync.state == "sending"


def test_a_llama_that_did_not_approve_is_not_pinned() -> None:
    sync = NodeSync(MemoryLog(chain([1])), MemoryPin())
    sync.on_connected()
    stranger = seal_have(identity(8), Have(NODE.node_id, 0, GENESIS, approved=False))
    sync.on_have(stranger, 0)
    sync.on_have(Receiver().have(), 1)
    assert len(sync.take(1)) == 1


@pytest.mark.parametrize(("seq", "hash_"), [(1, bytes([7]) * 32), (5, GENESIS), (2, GENESIS)])
def test_another_history_on_the_llama_stops_it_with_words(seq: int, hash_: bytes) -> None:
    sync = NodeSync(MemoryLog(chain([1, 2])), MemoryPin())
    sync.on_connected()
    have = seal_have(LLAMA, Have(NODE.node_id, seq, hash_, approved=True))
    with pytest.raises(MessageRefused, match="another history"):
        sync.on_have(have, 0)
    assert (sync.state, sync.take(0)) == ("diverged", [])


class Network:
    """A node and a Llama, and between them two heaps of messages that anything may happen to."""

    def __init__(self, sizes: list[int]) -> None:
        self.log = MemoryLog(chain(sizes), sealed=0)
        self.receiver = Receiver()
        self.sync = NodeSync(self.log, MemoryPin())
        self.up: list[bytes] = []
        self.down: list[bytes] = [self.receiver.have()]
        self.now = 0
        self.sync.on_connected()

    def pump(self) -> None:
        self.up += self.sync.take(self.now)

    def seal(self, _pick: int) -> None:
        self.log.sealed = min(self.log.sealed + 1, len(self.log.batches))

    def deliver_up(self, pick: int) -> None:
        if self.up:
            self.receiver.take(self.up.pop(pick % len(self.up)))
            self.down.append(self.receiver.have())

    def deliver_down(self, pick: int) -> None:
        if self.down:
            self.sync.on_have(self.down.pop(pick % len(self.down)), self.now)

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
        self.sync.on_connected()
        self.up.clear()
        kept = self.down[pick % len(self.down)] if self.down else self.receiver.have()
        self.down = [kept, self.receiver.have()]

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
        for _ in range(200):
            self.pump()
            if self.receiver.position.seq == self.log.batches[-1].last_seq:
                return
            for _ in range(len(self.up)):
                self.deliver_up(0)
            self.down.append(self.receiver.have())
            for _ in range(len(self.down)):
                self.deliver_down(0)
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
