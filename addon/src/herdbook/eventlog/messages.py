"""The two signed messages beside batches: a node's hello and the Llama's “have”.

Owns their bytes, which docs/protocol.md restates: a four-byte head, the signer's public key, the
signature, and a MessagePack map whose unknown members are ignored.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from herdbook.errors import InputError, MessageRefused
from herdbook.eventlog.event import Count
from herdbook.eventlog.identity import KEY_SIZE, SIGNATURE_SIZE, Identity, verify
from herdbook.ids import node_id_of

VERSION: Final = 1
MAX_MESSAGE: Final = 1024

_HELLO: Final = b"HBH"
_HAVE: Final = b"HBV"
_KEY_AT: Final = 4
_SIGNATURE_AT: Final = _KEY_AT + KEY_SIZE
_BODY_AT: Final = _SIGNATURE_AT + SIGNATURE_SIZE
_DOMAINS: Final = {_HELLO: b"herdbook hello v1\0", _HAVE: b"herdbook have v1\0"}

type Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]
type Nonce = Annotated[bytes, Meta(min_length=16, max_length=16)]

NO_NONCE: Final = bytes(16)
"""Where nothing was asked."""


class Hello(Struct, frozen=True):
    """Who a node is. `seq` is the last sequence number it has sealed, `nonce` asks the Llama."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    version: Annotated[str, Meta(min_length=1, max_length=32)]
    seq: Count
    nonce: Nonce = NO_NONCE


class Have(Struct, frozen=True):
    """What a Llama durably has of a node: everything up to `seq`, where the chain stands at `hash`.

    An unapproved node is told 0 and the genesis hash. `nonce` is that of the node's latest hello;
    `count` tells a Llama's answers apart: the later, the higher.
    """

    node_id: Annotated[str, Meta(min_length=26, max_length=26)]
    seq: Count
    hash: Hash
    approved: bool
    nonce: Nonce = NO_NONCE
    count: Count = 0


def seal_hello(identity: Identity, hello: Hello) -> bytes:
    """A node's hello, signed. Raises `InputError` when the name or version is out of bounds."""
    wire = _seal(_HELLO, identity, hello)
    try:
        open_hello(wire, identity.node_id)
    except MessageRefused as error:
        raise InputError(
            f"A node cannot be called {hello.name[:80]!r}: {error}",
            fix="Give it 1 to 64 printable characters.",
        ) from error
    return wire


def open_hello(wire: bytes, node_id: str) -> Hello:
    """A node's hello. Raises `MessageRefused` as `open_have`, or ``wrong_node``."""
    public_key, hello = _open(_HELLO, wire, Hello)
    if node_id_of(public_key) != node_id:
        raise MessageRefused("wrong_node", "The hello's key is not the one of this node id.")
    if not (hello.name.isprintable() and hello.name.strip() and hello.version.isprintable()):
        raise MessageRefused("bounds", "A name or version is not printable text.")
    return hello


def seal_have(identity: Identity, have: Have) -> bytes:
    """What a Llama has of a node, signed."""
    return _seal(_HAVE, identity, have)


def open_have(wire: bytes, node_id: str) -> tuple[bytes, Have]:
    """The public key of the Llama that signed, and what it says.

    Raises `MessageRefused` with reason ``oversized``, ``malformed``, ``version``, ``signature``,
    ``bounds`` or ``wrong_node``.
    """
    public_key, have = _open(_HAVE, wire, Have)
    if have.node_id != node_id:
        raise MessageRefused("wrong_node", "The “have” speaks of another node.")
    return public_key, have


def _seal(magic: bytes, identity: Identity, message: Struct) -> bytes:
    body = msgspec.msgpack.encode(message)
    signature = identity.sign(_DOMAINS[magic] + body)
    return magic + bytes([VERSION]) + identity.public_key + signature + body


def _open[M: Struct](magic: bytes, wire: bytes, kind: type[M]) -> tuple[bytes, M]:
    if len(wire) > MAX_MESSAGE:
        raise MessageRefused("oversized", f"The message has {len(wire)} bytes.")
    if len(wire) <= _BODY_AT or not wire.startswith(magic):
        raise MessageRefused("malformed", "These bytes are not such a message.")
    if wire[3] != VERSION:
        raise MessageRefused("version", f"The message has version {wire[3]}; {VERSION} is known.")
    public_key, signature = wire[_KEY_AT:_SIGNATURE_AT], wire[_SIGNATURE_AT:_BODY_AT]
    body = wire[_BODY_AT:]
    if not verify(public_key, _DOMAINS[magic] + body, signature):
        raise MessageRefused("signature", "The message was not signed by this key, or was changed.")
    try:
        return public_key, msgspec.msgpack.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise MessageRefused("bounds", f"A member is out of bounds: {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageRefused("malformed", "The message is not MessagePack.") from error
