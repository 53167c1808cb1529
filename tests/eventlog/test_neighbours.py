"""What a node asks of its neighbours: signed, bounded, and answers believed only if asked for."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.errors import MessageRefused
from herdbook.eventlog import neighbours as module
from herdbook.eventlog.curiosity import EVERY_MS, FIRST_PATIENCE_MS, Curiosity, Wants
from herdbook.eventlog.envelope import HEAD
from herdbook.eventlog.messages import NO_NONCE, open_have, open_hello
from herdbook.eventlog.neighbours import (
    MAX_MEMORIES,
    MAX_NEIGHBOURS,
    MAX_OBSERVATIONS,
    MAX_REVIEWS,
    Neighbours,
    Noticed,
    Remembered,
    Reviewed,
    open_ask,
    open_neighbours,
    seal_neighbours,
)
from tests.eventlog.samples import SYNCED_MS, identity
from tests.eventlog.test_protocol import MemoryPin

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "contract" / "messages" / "messages.json").read_text("utf-8")
)
NODE = identity()
LLAMA = identity(9)
REASONS = {"oversized", "malformed", "version", "wrong_node", "bounds", "signature"}
OPEN = {
    "hello": open_hello,
    "have": lambda wire, node_id: open_have(wire, node_id)[1],
    "ask": open_ask,
    "neighbours": lambda wire, node_id: open_neighbours(wire, node_id)[1],
}


def noticed(number: int = 1, sentence: str = "It is so.") -> Noticed:
    return Noticed(
        identity(2).node_id, "Cellar", "s", "S", "k", sentence, 1.0, "%", number, "synced"
    )


def remembered(number: int = 1, sentence: str = "It stays so.") -> Remembered:
    return Remembered("a", "b", "c", sentence, 0.5, number, "synced", ["Cellar"])


def answer(
    nonce: bytes,
    count: int = 1,
    node_id: str = NODE.node_id,
    observations: list[Noticed] | None = None,
    memories: list[Remembered] | None = None,
) -> Neighbours:
    return Neighbours(node_id, nonce, count, SYNCED_MS, observations or [], memories or [])


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_golden_messages(case: dict[str, Any]) -> None:
    wire = bytes.fromhex(case["wire"])
    if "refused" in case:
        with pytest.raises(MessageRefused) as caught:
            OPEN[case["kind"]](wire, case["node_id"])
        assert caught.value.reason == case["refused"]
        return
    message = msgspec.structs.asdict(OPEN[case["kind"]](wire, case["node_id"]))
    shown = {
        name: value.hex() if isinstance(value, bytes) else msgspec.to_builtins(value)
        for name, value in message.items()
    }
    # Members that came later have their defaults in what was written before.
    assert {name: shown[name] for name in case["members"]} == case["members"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 1000), max_size=MAX_OBSERVATIONS),
    st.lists(st.integers(1, 1000), max_size=MAX_MEMORIES),
)
def test_what_is_sealed_fits_and_only_ends_are_left_out(
    first: list[int], second: list[int]
) -> None:
    observations = [noticed(place, "ü" * size) for place, size in enumerate(first)]
    memories = [remembered(place, "x" * size) for place, size in enumerate(second)]
    told = answer(bytes(16), observations=observations, memories=memories)
    wire = seal_neighbours(LLAMA, told)
    assert len(wire) <= MAX_NEIGHBOURS
    _, came = open_neighbours(wire, NODE.node_id)
    assert came.observations == observations[: len(came.observations)]
    assert came.memories == memories[: len(came.memories)]
    if len(came.observations) < len(observations) or len(came.memories) < len(memories):
        assert len(wire) > MAX_NEIGHBOURS - 4096, "room was left for what was left out"


def test_the_largest_of_all_fits() -> None:
    most = noticed(2**47, "\U0001f999" * 1000)
    told = answer(b"\xff" * 16, 2**53 - 1, observations=[most] * 100, memories=[])
    wire = seal_neighbours(LLAMA, msgspec.structs.replace(told, told_ms=253_370_764_800_000))
    assert len(wire) <= MAX_NEIGHBOURS
    assert len(open_neighbours(wire, NODE.node_id)[1].observations) > 5


def test_the_largest_reviews_leave_more_than_half_the_room() -> None:
    widest = Reviewed("\U0001f999" * 64, "\U0001f999" * 64, "\U0001f999" * 200, "later", 2**53 - 1)
    told = answer(bytes(16), observations=[noticed(1, "x" * 1000)] * 100)
    told = msgspec.structs.replace(told, reviews=[widest] * MAX_REVIEWS)
    wire = seal_neighbours(LLAMA, told)
    _, came = open_neighbours(wire, NODE.node_id)
    assert len(came.reviews) == MAX_REVIEWS
    assert sum(len(msgspec.msgpack.encode(one)) for one in came.observations) > MAX_NEIGHBOURS // 2


def test_more_than_48_kib_is_not_looked_at() -> None:
    body = bytes(MAX_NEIGHBOURS)
    with pytest.raises(MessageRefused) as caught:
        open_neighbours(b"HBN\x01" + body, NODE.node_id)
    assert caught.value.reason == "oversized"


def test_every_changed_byte_is_refused() -> None:
    wire = seal_neighbours(LLAMA, answer(bytes(16), observations=[noticed()]))
    for place in range(len(wire)):
        changed = bytearray(wire)
        changed[place] ^= 0x80
        with pytest.raises(MessageRefused) as caught:
            open_neighbours(bytes(changed), NODE.node_id)
        assert caught.value.reason in {"malformed", "version", "signature"}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([module._ASK, module._NEIGHBOURS]), st.booleans())
def test_no_bytes_do_more_than_be_refused(data: bytes, envelope: Any, signed: bool) -> None:
    signer = NODE if envelope is module._ASK else LLAMA
    head = envelope.magic + b"\x01" + signer.public_key
    wire = head + signer.sign(envelope.domain + data) + data if signed else data
    for opener in (open_ask, open_neighbours):
        with pytest.raises(MessageRefused) as caught:
            opener(wire, NODE.node_id)
        assert caught.value.reason in REASONS


_SMALL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=20),
    st.lists(st.integers(0, 9), max_size=2),
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(Neighbours.__struct_fields__),
    st.sampled_from(Noticed.__struct_fields__),
    _SMALL,
)
def test_a_member_of_any_other_shape_is_refused_or_within_bounds(
    outer: str, inner: str, value: object
) -> None:
    good = msgspec.to_builtins(
        answer(bytes(16), observations=[noticed()], memories=[remembered()]), builtin_types=(bytes,)
    )
    for members in (
        {**good, outer: value},
        {**good, "observations": [{**good["observations"][0], inner: value}]},
    ):
        body = msgspec.msgpack.encode(members)
        envelope = module._NEIGHBOURS
        wire = (
            envelope.magic + b"\x01" + LLAMA.public_key + LLAMA.sign(envelope.domain + body) + body
        )
        try:
            _, came = open_neighbours(wire, NODE.node_id)
        except MessageRefused:
            continue
        assert 0 <= came.count < 2**53
        assert all(0 <= one.observed_ms < 2**53 for one in came.observations)
        assert all(one.value is None or abs(one.value) < 1.8e308 for one in came.observations)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=3)), min_size=1, max_size=4))
def test_a_body_changed_by_its_signer_is_refused_or_within_bounds(
    changes: list[tuple[int, bytes]],
) -> None:
    envelope = module._NEIGHBOURS
    told = answer(bytes(16), observations=[noticed()] * 2, memories=[remembered()])
    body = bytearray(envelope.seal(LLAMA, told)[HEAD:])
    for place, other in changes:
        place %= len(body) + 1
        body[place : place + len(other)] = other
    wire = envelope.magic + b"\x01" + LLAMA.public_key
    wire += LLAMA.sign(envelope.domain + bytes(body)) + body
    try:
        _, came = open_neighbours(wire, NODE.node_id)
    except MessageRefused:
        return
    assert open_neighbours(seal_neighbours(LLAMA, came), NODE.node_id) == (LLAMA.public_key, came)


class Asking:
    """A node in a herd that may ask."""

    def __init__(self) -> None:
        self.pin = MemoryPin()
        self.pin.keep(LLAMA.public_key)
        self.drawn = 0
        self.curiosity = Curiosity(NODE.node_id, self.pin, Wants(3, 4), self._draw)

    def _draw(self) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(16, "big")

    def nonce(self, now: int) -> bytes:
        ask = self.curiosity.ask(now)
        assert ask is not None
        assert (ask.observations, ask.memories) == (3, 4)
        return ask.nonce

    def reason(self, wire: bytes) -> str:
        with pytest.raises(MessageRefused) as caught:
            self.curiosity.hear(wire)
        return caught.value.reason


def test_it_asks_once_it_is_in_the_herd_and_every_ten_minutes() -> None:
    node = Asking()
    assert node.curiosity.due is None
    assert node.curiosity.ask(5) is None
    node.curiosity.begin(10)
    nonce = node.nonce(10)
    node.curiosity.hear(seal_neighbours(LLAMA, answer(nonce)))
    assert node.curiosity.due == 10 + EVERY_MS
    assert node.curiosity.ask(9 + EVERY_MS) is None
    assert node.nonce(10 + EVERY_MS) != nonce
    node.curiosity.end()
    assert node.curiosity.due is None


def test_who_is_not_answered_asks_ever_more_slowly() -> None:
    node = Asking()
    node.curiosity.begin(0)
    times = []
    for _ in range(8):
        due = node.curiosity.due
        assert due is not None
        times.append(due)
        node.nonce(due)
    gaps = [after - before for before, after in pairwise(times)]
    assert gaps[0] == FIRST_PATIENCE_MS
    assert gaps == sorted(gaps)
    assert gaps[-1] == EVERY_MS


def test_what_is_forged_or_played_back_is_refused_with_its_reason() -> None:
    node = Asking()
    assert node.reason(seal_neighbours(LLAMA, answer(NO_NONCE))) == "stale", "it never asked"
    node.curiosity.begin(0)
    first = node.nonce(0)
    good = seal_neighbours(LLAMA, answer(first, 5))
    assert node.reason(seal_neighbours(identity(8), answer(first))) == "other_llama"
    assert node.reason(seal_neighbours(NODE, answer(first))) == "other_llama"
    assert node.reason(seal_neighbours(LLAMA, answer(first, node_id=identity(2).node_id))) == (
        "wrong_node"
    )
    assert node.reason(seal_neighbours(LLAMA, answer(bytes(16)))) == "stale"
    assert node.curiosity.due == FIRST_PATIENCE_MS, "nothing of it is an answer"
    assert node.curiosity.hear(good).count == 5
    assert node.reason(good) == "stale", "played back"
    assert node.reason(seal_neighbours(LLAMA, answer(first, 4))) == "stale", "older"
    assert node.curiosity.hear(seal_neighbours(LLAMA, answer(first, 6))).count == 6
    node.nonce(EVERY_MS)
    assert node.reason(seal_neighbours(LLAMA, answer(first, 7))) == "stale", "an earlier ask's"


def test_a_node_that_nobody_approved_believes_no_answer() -> None:
    node = Asking()
    node.pin.key = None
    node.curiosity.begin(0)
    assert node.reason(seal_neighbours(LLAMA, answer(node.nonce(0)))) == "other_llama"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["wait", "answer", "replay", "forge", "leave"]), st.integers(0, 10**6)
        ),
        max_size=60,
    )
)
def test_only_answers_to_the_latest_ask_count_and_never_go_back(
    steps: list[tuple[str, int]],
) -> None:
    node, now, count = Asking(), 0, 0
    node.curiosity.begin(0)
    nonce, said, taken = NO_NONCE, [b""], [(0, 0)]
    for action, pick in steps:
        now += pick
        ask = node.curiosity.ask(now)
        nonce = ask.nonce if ask else nonce
        wire = said[pick % len(said)]
        if action == "leave":
            node.curiosity.end()
            node.curiosity.begin(now)
        elif action == "answer":
            count += 1
            wire = seal_neighbours(LLAMA, answer(nonce, count))
            said.append(wire)
        elif action == "forge":
            wire = seal_neighbours(identity(3), answer(nonce, count + 1))
        try:
            came = node.curiosity.hear(wire)
        except MessageRefused:
            continue
        assert action != "forge"
        assert came.nonce == nonce
        place = (int.from_bytes(came.nonce, "big"), came.count)
        assert place > taken[-1]
        taken.append(place)
