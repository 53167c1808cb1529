"""Batches: what is sealed opens, and nothing else does."""

import json
import struct
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from herdbook.errors import BatchRefused
from herdbook.eventlog import batch as batches
from herdbook.eventlog.batch import GENESIS, MAX_EVENTS, MAX_WIRE, open_batch, seal
from herdbook.eventlog.event import MAX_EVENT, MAX_INT, decode_payload, encode_payload
from tests.eventlog.samples import CO2, chain, event, events, forge, identity, raw

GOLDEN = Path(__file__).parents[1] / "contract" / "batches" / "batches.json"
NODE = identity().node_id


def refusal(wire: bytes, node_id: str = NODE) -> str:
    with pytest.raises(BatchRefused) as caught:
        open_batch(wire, node_id)
    return caught.value.reason


def test_a_batch_opens_to_what_was_sealed() -> None:
    sealed = chain([3, 2])[1]
    opened = open_batch(sealed.wire, NODE)
    assert (opened.first_seq, opened.last_seq, opened.hash) == (4, 5, sealed.hash)
    assert opened.prev_hash == chain([3])[0].hash
    assert opened.events == events(4, 5)
    assert batches.last_seq_of(sealed.wire) == 5


@pytest.mark.parametrize("case", json.loads(GOLDEN.read_text()), ids=lambda case: case["name"])
def test_golden(case: dict[str, Any]) -> None:
    wire = bytes.fromhex(case["wire"])
    if "refused" in case:
        assert refusal(wire, case["node_id"]) == case["refused"]
        return
    opened = open_batch(wire, case["node_id"])
    assert opened.hash.hex() == case["hash"]
    assert opened.prev_hash.hex() == case["prev_hash"]
    payloads = [msgspec.msgpack.decode(event.payload) for event in opened.events]
    got = [
        {**msgspec.structs.asdict(event), "payload": payload}
        for event, payload in zip(opened.events, payloads, strict=True)
    ]
    assert got == case["events"]


def test_unknown_kinds_and_members_are_kept_as_they_came() -> None:
    payload = {"new": [1, {"deep": b"\x00"}], **msgspec.to_builtins(CO2)}
    strange = event(1, kind="retraction", payload=msgspec.Raw(msgspec.msgpack.encode(payload)))
    opened = open_batch(seal(identity(), GENESIS, [strange]).wire, NODE).events[0]
    assert msgspec.msgpack.decode(opened.payload) == msgspec.msgpack.decode(strange.payload)
    assert decode_payload(opened, type(CO2)) == CO2


def test_every_changed_byte_is_refused() -> None:
    wire = chain([2])[0].wire
    for place in range(len(wire)):
        changed = bytearray(wire)
        changed[place] ^= 0x01
        expected = {"malformed", "version", "wrong_node", "bounds", "signature"}
        assert refusal(bytes(changed)) in expected, place


def test_every_cut_is_refused() -> None:
    wire = chain([2])[0].wire
    for length in range(len(wire)):
        assert refusal(wire[:length]) in {"malformed", "signature"}
    assert refusal(wire + b"\0") == "signature"


def test_the_name_it_came_under_must_be_its_key() -> None:
    assert refusal(chain([1], seed=2)[0].wire) == "wrong_node"


def test_a_key_that_did_not_sign() -> None:
    wire = bytearray(chain([1], seed=2)[0].wire)
    wire[4:36] = identity().public_key
    assert refusal(bytes(wire)) == "signature"


def test_oversized() -> None:
    assert refusal(bytes(MAX_WIRE + 1)) == "oversized"
    bomb = zstandard.compress(bytes(64 * 1024 * 1024))
    assert len(bomb) < MAX_WIRE
    assert refusal(forge(bomb)) == "oversized"


@pytest.mark.parametrize("more", [0, 1])
def test_an_event_in_a_batch_is_no_larger_than_one_in_a_log(more: int) -> None:
    (small,) = open_batch(chain([1])[0].wire, NODE).events
    head = len(msgspec.msgpack.encode(small)) - len(small.payload)
    # A binary of over 64 KiB has five bytes before it, one of just under three.
    payload = msgspec.msgpack.encode(bytes(MAX_EVENT - head - 3 + more))
    event = msgspec.structs.replace(small, payload=msgspec.Raw(payload))
    assert len(msgspec.msgpack.encode(event)) == MAX_EVENT + more
    batch = seal(identity(), GENESIS, [event])
    if more:
        assert refusal(batch.wire) == "oversized"
    else:
        assert open_batch(batch.wire, NODE).events == [event]


def test_a_bomb_that_hides_its_size_is_not_opened() -> None:
    compressor = zstandard.ZstdCompressor(write_content_size=False)
    assert refusal(forge(compressor.compress(bytes(64 * 1024 * 1024)))) == "malformed"
    lying = bytearray(zstandard.compress(bytes(1024 * 1024)))
    frame = zstandard.get_frame_parameters(bytes(lying))
    assert frame.content_size == 1024 * 1024
    place = bytes(lying).index(struct.pack("<I", 1024 * 1024))
    lying[place : place + 4] = struct.pack("<I", 1024)
    assert refusal(forge(bytes(lying))) == "malformed"


def test_more_than_one_frame_is_not_a_body() -> None:
    body = zstandard.compress(msgspec.msgpack.encode(events(1, 1)))
    assert refusal(forge(body + body)) == "malformed"
    skippable = struct.pack("<II", 0x184D2A50, 4) + b"skip"
    assert refusal(forge(skippable + body)) == "malformed"
    assert refusal(forge(b"")) == "malformed"


@pytest.mark.parametrize(
    ("first", "last"),
    [(0, 1), (2, 1), (1, MAX_EVENTS + 1), (2**63, 2**63), (2**64 - 1, 2**64 - 1), (1, 2**53)],
)
def test_bounds_of_the_head(first: int, last: int) -> None:
    assert refusal(forge(events(1, 1), first, last)) == "bounds"


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": 0},
        {"seq": 2},
        {"seq": -1},
        {"seq": 2**63},
        {"lamport": 0},
        {"lamport": -5},
        {"lamport": MAX_INT + 1},
        {"lamport": 2**63},
        {"lamport": 1.5},
        {"boot_id": "x" * 37},
        {"boot_id": 7},
        {"monotonic_ms": -1},
        {"monotonic_ms": 2**64 - 1},
        {"wall_ms": -1},
        {"wall_ms": 2**53},
        {"clock_quality": "excellent"},
        {"kind": ""},
        {"kind": "k" * 65},
        {"extra": 1},
    ],
    ids=str,
)
def test_bounds_of_an_event(changes: dict[str, Any]) -> None:
    assert refusal(forge([raw(**changes)])) == "bounds"


def test_bounds_of_the_list() -> None:
    assert open_batch(forge([raw()]), NODE).events == events(1, 1)
    assert refusal(forge([])) == "bounds"
    assert refusal(forge({"seq": 1})) == "bounds"
    assert refusal(forge([raw(), raw(seq=3, lamport=3)], 1, 2)) == "bounds"
    assert refusal(forge([raw(), raw(seq=2, lamport=1)], 1, 2)) == "bounds"
    assert refusal(forge(events(1, 1001), 1, 1000)) == "bounds"


def test_deep_nesting_is_refused_not_followed() -> None:
    deep = b"\x91" * 200_000 + b"\xc0"
    assert refusal(forge(zstandard.compress(deep))) in {"malformed", "bounds"}
    head = msgspec.msgpack.encode([raw()])[:-1]
    nested = head[: head.rindex(b"observation") + 11] + deep
    assert refusal(forge(zstandard.compress(nested))) in {"malformed", "bounds"}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    for wire in (
        data,
        b"HBB\x01" + data,
        forge(data),
        forge(zstandard.compress(data)),
        forge(zstandard.compress(b"\x91\x98" + data)),
    ):
        assert refusal(wire) in {"malformed", "version", "wrong_node", "bounds", "signature"}


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 2**20),
            st.sampled_from(["synced", "unknown", "unset"]),
            st.text(min_size=1, max_size=64),
            st.dictionaries(st.text(max_size=5), st.integers(-(2**63), 2**64 - 1), max_size=3),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_whatever_is_in_bounds_comes_back(
    items: list[tuple[int, str, str, dict[str, int]]],
) -> None:
    lamport = 0
    given_events = []
    for seq, (step, quality, kind, payload) in enumerate(items, 1):
        lamport += step
        raw_payload = msgspec.Raw(msgspec.msgpack.encode(payload))
        given_events.append(
            event(seq, lamport=lamport, clock_quality=quality, kind=kind, payload=raw_payload)
        )
    assert open_batch(seal(identity(), GENESIS, given_events).wire, NODE).events == given_events


def test_an_encoded_payload_is_a_map() -> None:
    assert msgspec.msgpack.decode(encode_payload(CO2))["sensor"] == "room_co2"
