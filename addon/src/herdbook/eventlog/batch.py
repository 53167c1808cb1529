"""A contiguous run of one node's events, compressed, chained and signed: what travels and is kept.

Owns the bytes of a batch, which docs/protocol.md restates. What is cheap to check is checked first,
and nothing is decompressed before its signature was found good.
"""

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from struct import Struct as Layout
from typing import Annotated, Final

import msgspec
import zstandard
from msgspec import Meta, Struct

from herdbook.errors import BatchRefused
from herdbook.eventlog.event import MAX_EVENT, MAX_INT, Event
from herdbook.eventlog.identity import SIGNATURE_SIZE, Identity, verify
from herdbook.ids import node_id_of

VERSION: Final = 1
MAX_WIRE: Final = 256 * 1024
MAX_BODY: Final = 4 * 1024 * 1024
MAX_EVENTS: Final = 1000
GENESIS: Final = bytes(32)  # what the first batch of a log names as the one before

_MAGIC: Final = b"HBB"
_HEAD: Final = Layout(">3sB32sQQ32s")
_BODY_AT: Final = _HEAD.size + SIGNATURE_SIZE
_DOMAIN: Final = b"herdbook batch v1\0"

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(
    Annotated[list[Event], Meta(min_length=1, max_length=MAX_EVENTS)]
)


class SealedBatch(Struct, frozen=True):
    """A batch of our own: its bytes, and what the next one and the log need of it."""

    first_seq: int
    last_seq: int
    last_lamport: int
    hash: bytes
    wire: bytes


class VerifiedBatch(Struct, frozen=True):
    """A batch whose size, signature, shape and bounds were found good; not yet its place."""

    node_id: str
    first_seq: int
    last_seq: int
    prev_hash: bytes
    hash: bytes
    events: list[Event]
    wire: bytes


def seal(identity: Identity, prev_hash: bytes, events: Sequence[Event]) -> SealedBatch:
    """The batch of 1 to 1,000 events that follow each other, after the batch hashed `prev_hash`.

    The caller keeps their encoded size within `MAX_WIRE` less a few KiB.
    """
    first, last = events[0], events[-1]
    body = zstandard.compress(_encoder.encode(events), 3)
    head = _HEAD.pack(_MAGIC, VERSION, identity.public_key, first.seq, last.seq, prev_hash)
    signed = _signed_bytes(head, body)
    wire = head + identity.sign(signed) + body
    return SealedBatch(first.seq, last.seq, last.lamport, _blake2b(signed), wire)


def hash_of(wire: bytes) -> bytes:
    """The hash of a batch, which its signature is not checked against."""
    return _blake2b(_signed_bytes(wire[: _HEAD.size], wire[_BODY_AT:]))


def last_seq_of(wire: bytes) -> int:
    """The last sequence number of a batch of our own, without opening it."""
    return int(_HEAD.unpack_from(wire)[4])


def span_of(wire: bytes) -> tuple[int, int]:
    """The first and last sequence number that a batch claims, unchecked.

    Raises `BatchRefused` when it is too short to claim any.
    """
    if len(wire) <= _BODY_AT or not wire.startswith(_MAGIC):
        raise BatchRefused("malformed", "These bytes are not a batch.")
    _, _, _, first_seq, last_seq, _ = _HEAD.unpack_from(wire)
    return first_seq, last_seq


def open_batch(wire: bytes, node_id: str) -> VerifiedBatch:
    """Check a batch that came under a node's name.

    Raises `BatchRefused` with reason ``oversized``, ``malformed``, ``version``, ``wrong_node``,
    ``bounds`` or ``signature``.
    """
    if len(wire) > MAX_WIRE:
        raise BatchRefused("oversized", f"The batch has {len(wire)} bytes; {MAX_WIRE} are allowed.")
    span_of(wire)
    _, version, public_key, first_seq, last_seq, prev_hash = _HEAD.unpack_from(wire)
    if version != VERSION:
        raise BatchRefused("version", f"The batch has version {version}; {VERSION} is known.")
    if node_id_of(public_key) != node_id:
        raise BatchRefused("wrong_node", "The batch's key is not the one of this node id.")
    if not 1 <= first_seq <= last_seq <= MAX_INT or last_seq - first_seq >= MAX_EVENTS:
        raise BatchRefused("bounds", f"A batch cannot reach from {first_seq} to {last_seq}.")
    signature, body = wire[_HEAD.size : _BODY_AT], wire[_BODY_AT:]
    signed = _signed_bytes(wire[: _HEAD.size], body)
    if not verify(public_key, signed, signature):
        raise BatchRefused("signature", "The batch was not signed by this node, or was changed.")
    events = _open_body(body)
    if [event.seq for event in events] != list(range(first_seq, last_seq + 1)):
        raise BatchRefused("bounds", "The events are not the ones that the batch's head promises.")
    if any(after.lamport <= before.lamport for before, after in pairwise(events)):
        raise BatchRefused("bounds", "Lamport times must rise within a log.")
    return VerifiedBatch(node_id, first_seq, last_seq, prev_hash, _blake2b(signed), events, wire)


def _open_body(body: bytes) -> list[Event]:
    try:
        size = zstandard.frame_content_size(body)
        if size < 0:
            raise BatchRefused("malformed", "The compressed part does not state its size.")
        if size > MAX_BODY:
            raise BatchRefused("oversized", f"Decompressed, the batch would have {size} bytes.")
        decompressor = zstandard.ZstdDecompressor()
        data = decompressor.decompress(body, max_output_size=MAX_BODY, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise BatchRefused("malformed", "The compressed part is damaged.") from error
    try:
        events: list[Event] = _decoder.decode(data)
    except msgspec.ValidationError as error:
        raise BatchRefused("bounds", f"An event is out of bounds: {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BatchRefused("malformed", "The events are not MessagePack.") from error
    for event in events:
        # Only the large ones are worth measuring to the byte.
        if len(event.payload) > MAX_EVENT // 2 and len(_encoder.encode(event)) > MAX_EVENT:
            raise BatchRefused("oversized", f"Event {event.seq} is larger than {MAX_EVENT} bytes.")
    return events


def _signed_bytes(head: bytes, body: bytes) -> bytes:
    return _DOMAIN + head + _blake2b(body)


def _blake2b(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=32).digest()
