"""The two signed messages that sync takes beside batches: a node's hello and the Llama's “have”.

Owns their members and bounds, which docs/protocol.md restates.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from herdbook.errors import InputError, MessageRefused
from herdbook.eventlog.envelope import Envelope
from herdbook.eventlog.event import Count
from herdbook.eventlog.identity import Identity
from herdbook.ids import node_id_of

MAX_MESSAGE: Final = 1024

_HELLO: Final = Envelope(b"HBH", b"herdbook hello v1\0", MAX_MESSAGE)
_HAVE: Final = Envelope(b"HBV", b"herdbook have v1\0", MAX_MESSAGE)

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
    `count` tells a Llama's answers apart: the later, the higher. `version` is the Llama's own;
    older ones do not tell it.
    """

    node_id: Annotated[str, Meta(min_length=26, max_length=26)]
    seq: Count
    hash: Hash
    approved: bool
    nonce: Nonce = NO_NONCE
    count: Count = 0
    version: Annotated[str, Meta(max_length=32)] = ""


def seal_hello(identity: Identity, hello: Hello) -> bytes:
    """A node's hello, signed. Raises `InputError` when the name or version is out of bounds."""
    wire = _HELLO.seal(identity, hello)
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
    public_key, hello = _HELLO.open(wire, Hello)
    if node_id_of(public_key) != node_id:
        raise MessageRefused("wrong_node", "The hello's key is not the one of this node id.")
    if not (hello.name.isprintable() and hello.name.strip() and hello.version.isprintable()):
        raise MessageRefused("bounds", "A name or version is not printable text.")
    return hello


def seal_have(identity: Identity, have: Have) -> bytes:
    """What a Llama has of a node, signed."""
    return _HAVE.seal(identity, have)


def open_have(wire: bytes, node_id: str) -> tuple[bytes, Have]:
    """The public key of the Llama that signed, and what it says.

    Raises `MessageRefused` with reason ``oversized``, ``malformed``, ``version``, ``signature``,
    ``bounds`` or ``wrong_node``.
    """
    public_key, have = _HAVE.open(wire, Have)
    if have.node_id != node_id:
        raise MessageRefused("wrong_node", "The “have” speaks of another node.")
    if not have.version.isprintable():
        raise MessageRefused("bounds", "The Llama's version is not printable text.")
    return public_key, have
