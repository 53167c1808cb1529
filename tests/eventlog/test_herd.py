"""Three nodes, two Llamas and whoever else is at the broker: everybody ends with the same state.

The Llamas are reduced to the protocol's rules: `open_batch`, `judge`, and one fold.
"""

import copy
import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from herdbook.errors import BatchRefused
from herdbook.eventlog.batch import (
    GENESIS,
    MAX_WIRE,
    SealedBatch,
    VerifiedBatch,
    open_batch,
    seal,
)
from herdbook.eventlog.event import (
    LOSS,
    MAX_INT,
    LossPayload,
    ObservationPayload,
    decode_payload,
    encode_payload,
)
from herdbook.eventlog.receiver import START, Position, judge
from tests.eventlog.samples import event, events, forge, identity, numbered, raw

SEEDS = (1, 2, 3)
NODES = {seed: identity(seed).node_id for seed in SEEDS}


def log_of(seed: int, sizes: list[int], *, rise: int = 1) -> list[SealedBatch]:
    """A node's log; its Lamport times rise by `rise`, so that the nodes' events interleave."""
    batches: list[SealedBatch] = []
    previous, seq = GENESIS, 0
    for size in sizes:
        run = [
            event(
                number,
                lamport=number * rise,
                payload=encode_payload(numbered(1000 * seed + number)),
            )
            for number in range(seq + 1, seq + size + 1)
        ]
        batch = seal(identity(seed), previous, run)
        batches.append(batch)
        previous, seq = batch.hash, seq + size
    return batches


class Gathering:
    """A Llama: the logs that it holds, and what it refused."""

    def __init__(self) -> None:
        self.held: dict[str, list[VerifiedBatch]] = {node: [] for node in NODES.values()}
        self.refused: list[str] = []

    def take(self, node_id: str, wire: bytes) -> str:
        """``new``, ``duplicate``, or the reason of a refusal."""
        try:
            batch = open_batch(wire, node_id)
            log = self.held[node_id]
            last = log[-1] if log else None
            position = (
                Position(last.last_seq, last.hash, last.events[-1].lamport) if last else START
            )
            hashes = {one.last_seq: one.hash for one in log}
            verdict = judge(position, batch, hashes.get)
        except BatchRefused as error:
            self.refused.append(error.reason)
            return error.reason
        if verdict == "new":
            log.append(batch)
        return verdict

    def wires(self, node_id: str) -> list[bytes]:
        return [batch.wire for batch in self.held[node_id]]

    def state(self) -> bytes:
        """A fold in the order that is the same everywhere: what was observed, one after another."""
        every = sorted(
            (event.lamport, node_id, event.seq, event)
            for node_id, log in self.held.items()
            for batch in log
            for event in batch.events
        )
        fold = hashlib.blake2b()
        for lamport, node_id, seq, one in every:
            fold.update(f"{lamport} {node_id} {seq} {one.kind} ".encode() + bytes(one.payload))
        return fold.digest()


# What happens to a batch on its way: node, which of its batches, which Llama, what. Those that do
# not occur are lost, and others come first.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(SEEDS),
        st.integers(0, 11),
        st.integers(0, 1),
        st.sampled_from(["deliver", "deliver", "repeat", "gossip", "corrupt", "misname"]),
        st.integers(0, 10_000),
    ),
    max_size=120,
)
SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=12)


def deliver(llama: Gathering, _other: Gathering, seed: int, wire: bytes, _pick: int) -> None:
    llama.take(NODES[seed], wire)


def repeat(llama: Gathering, _other: Gathering, seed: int, wire: bytes, _pick: int) -> None:
    llama.take(NODES[seed], wire)
    assert llama.take(NODES[seed], wire) != "new"


def gossip(llama: Gathering, other: Gathering, seed: int, _wire: bytes, _pick: int) -> None:
    """The other Llama passes on what it has: batches prove themselves."""
    for wire in other.wires(NODES[seed]):
        llama.take(NODES[seed], wire)


def corrupt(llama: Gathering, _other: Gathering, seed: int, wire: bytes, pick: int) -> None:
    before, changed = llama.state(), bytearray(wire)
    changed[pick % len(wire)] ^= 1 << pick % 8
    assert llama.take(NODES[seed], bytes(changed)) not in {"new", "duplicate"}
    assert llama.state() == before


def misname(llama: Gathering, _other: Gathering, seed: int, wire: bytes, pick: int) -> None:
    before, other = llama.state(), SEEDS[(SEEDS.index(seed) + 1 + pick % 2) % 3]
    assert llama.take(NODES[other], wire) == "wrong_node"
    assert llama.state() == before


HAPPENINGS: dict[str, Callable[[Gathering, Gathering, int, bytes, int], None]] = {
    "deliver": deliver,
    "repeat": repeat,
    "gossip": gossip,
    "corrupt": corrupt,
    "misname": misname,
}


@settings(max_examples=150, deadline=None)
@given(st.tuples(SIZES, SIZES, SIZES), STEPS)
def test_three_nodes_and_two_llamas_come_to_the_same_state(
    sizes: tuple[list[int], list[int], list[int]],
    steps: list[tuple[int, int, int, str, int]],
) -> None:
    logs = {
        seed: log_of(seed, size, rise=rise)
        for seed, size, rise in zip(SEEDS, sizes, (1, 2, 7), strict=True)
    }
    llamas = [Gathering(), Gathering()]
    for seed, which, to, what, pick in steps:
        wire = logs[seed][which % len(logs[seed])].wire
        HAPPENINGS[what](llamas[to], llamas[1 - to], seed, wire, pick)
    for seed, log in logs.items():  # from now on everything arrives, once or more
        for llama in llamas:
            for batch in log:
                assert llama.take(NODES[seed], batch.wire) in {"new", "duplicate"}
    for seed, log in logs.items():
        for llama in llamas:
            assert llama.wires(NODES[seed]) == [batch.wire for batch in log]
    assert llamas[0].state() == llamas[1].state()
    # Nothing that came in another order was ever taken for another history.
    honest = {"gap", "wrong_node", "malformed", "version", "bounds", "signature"}
    assert {*llamas[0].refused, *llamas[1].refused} <= honest


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(0, 11), st.permutations(range(3)))
def test_a_fork_reaches_each_llama_in_its_own_order_and_none_mixes_them(
    sizes: list[int], at: int, order: list[int]
) -> None:
    """A copied folder: two histories of one node. Whoever has one never takes of the other."""
    honest = log_of(1, sizes)
    at %= len(honest)
    previous = honest[at - 1].hash if at else GENESIS
    first = honest[at].first_seq
    other: list[SealedBatch] = []
    for number in range(3):
        run = [event(first + number, payload=encode_payload(numbered(7_000 + number)))]
        other.append(seal(identity(1), other[-1].hash if other else previous, run))
    llama = Gathering()
    for batch in honest:
        llama.take(NODES[1], batch.wire)
    before = llama.state()
    for number in order:
        reason = llama.take(NODES[1], other[number].wire)
        assert reason in {"fork", "chain", "gap", "bounds"}
    assert llama.state() == before
    values = [
        decode_payload(one, ObservationPayload).value or 0
        for batch in llama.held[NODES[1]]
        for one in batch.events
    ]
    assert max(values) < 7_000


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=3, max_size=12),
    st.integers(1, 10),
    st.integers(1, 10),
    st.integers(0, 12),
)
def test_a_loss_is_passed_over_by_who_lacks_it_and_by_no_one_else(
    sizes: list[int], first: int, count: int, had: int
) -> None:
    log = log_of(1, sizes)
    first = min(first, len(log) - 1)
    lost = log[first : first + count]
    end = lost[-1].last_seq
    told = [
        event(end + 1, kind=LOSS, payload=encode_payload(LossPayload(lost[0].first_seq, end))),
        event(end + 2),
    ]
    behind = seal(identity(1), lost[-1].hash, told)
    llama = Gathering()
    for batch in log[: min(had, first + len(lost))]:
        llama.take(NODES[1], batch.wire)
    held = len(llama.held[NODES[1]])
    expected = "new" if held >= first else "gap"
    assert llama.take(NODES[1], behind.wire) == expected
    if expected == "new":
        assert llama.take(NODES[1], behind.wire) == "duplicate"
        for batch in lost[max(0, held - first) :]:  # too late: its numbers are behind
            assert llama.take(NODES[1], batch.wire) == "fork"


GOOD = log_of(1, [3, 3])
OUT_OF_BOUNDS = st.one_of(
    st.integers(max_value=-1, min_value=-(2**63)),
    st.integers(min_value=MAX_INT + 1, max_value=2**64 - 1),
    st.floats(),
    st.none(),
    st.text(max_size=3),
    st.binary(max_size=3),
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["seq", "lamport", "monotonic_ms", "wall_ms"]),
    OUT_OF_BOUNDS,
    st.integers(0, 1),
)
def test_no_number_out_of_bounds_is_taken_whoever_signs_it(
    member: str, value: object, held: int
) -> None:
    llama = Gathering()
    for batch in GOOD[:held]:
        llama.take(NODES[1], batch.wire)
    before = copy.deepcopy(llama.held)
    seq = 3 * held + 1
    member_list = raw(**{"seq": seq, "lamport": seq, member: value})
    previous = GOOD[held - 1].hash if held else GENESIS
    wire = forge([member_list], seq, seq, previous=previous)
    assert llama.take(NODES[1], wire) == "bounds"
    assert llama.held == before


def _leap(lamport: int) -> bytes:
    return seal(identity(1), GOOD[0].hash, [event(4, lamport=lamport)]).wire


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (bytes(MAX_WIRE + 1), "oversized"),
        (forge(events(4, 4), 2**63, 2**63), "bounds"),
        (forge(events(4, 4), 0, 4), "bounds"),
        (_leap(2**53 - 1), "bounds"),
        (_leap(3), "bounds"),
        (forge(events(4, 4), 4, 4, signer=identity(2), previous=GOOD[0].hash), "wrong_node"),
        (GOOD[1].wire[:84] + GOOD[0].wire[84:148] + GOOD[1].wire[148:], "signature"),
        (forge(events(4, 4), 4, 4, previous=bytes([1]) * 32), "chain"),
        (forge(events(2, 4), 2, 4, previous=GENESIS), "fork"),
        (seal(identity(1), GENESIS, [replace(event(1), kind="x")]).wire, "fork"),
        (forge(events(9, 9), 9, 9, previous=GOOD[1].hash), "gap"),
        (GOOD[0].wire, "duplicate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_refused_for_its_reason_and_changes_nothing(
    wire: bytes, reason: str
) -> None:
    llama = Gathering()
    assert llama.take(NODES[1], GOOD[0].wire) == "new"
    before = llama.state()
    for _ in range(2):
        assert llama.take(NODES[1], wire) == reason
    assert llama.state() == before
    assert llama.take(NODES[1], GOOD[1].wire) == "new", "and the honest goes on"


def test_a_forged_lamport_time_drives_nobody_to_the_end_of_the_numbers() -> None:
    """The worst that a node of the herd can do, for a year: each batch as far as is allowed."""
    position, hash_ = START, GENESIS
    for number in range(1, 1001):
        batch = seal(identity(1), hash_, [event(number, lamport=position.lamport + 2**32)])
        opened = open_batch(batch.wire, NODES[1])
        assert judge(position, opened, lambda _seq: None) == "new"
        position, hash_ = Position(number, batch.hash, batch.last_lamport), batch.hash
    assert position.lamport < MAX_INT // 2
