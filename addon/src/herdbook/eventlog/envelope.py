"""What every signed message but a batch is wrapped in. Owns those bytes, not what is in them.

A four-byte head, the signer's public key, the signature, and a MessagePack map whose unknown
members are ignored; docs/protocol.md restates it.
"""

from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from herdbook.errors import MessageRefused
from herdbook.eventlog.identity import KEY_SIZE, SIGNATURE_SIZE, Identity, verify

VERSION: Final = 1

_KEY_AT: Final = 4
_SIGNATURE_AT: Final = _KEY_AT + KEY_SIZE
_BODY_AT: Final = _SIGNATURE_AT + SIGNATURE_SIZE
HEAD: Final = _BODY_AT
"""Bytes before the map."""


class Envelope(NamedTuple):
    """A kind of message: its first bytes, what is signed before the map, and its size at most."""

    magic: bytes
    domain: bytes
    limit: int

    def seal(self, identity: Identity, message: Struct) -> bytes:
        """The message, signed."""
        body = msgspec.msgpack.encode(message)
        signature = identity.sign(self.domain + body)
        return self.magic + bytes([VERSION]) + identity.public_key + signature + body

    def open[M: Struct](self, wire: bytes, kind: type[M]) -> tuple[bytes, M]:
        """The public key of who signed, and the message.

        Raises `MessageRefused` with reason ``oversized``, ``malformed``, ``version``,
        ``signature`` or ``bounds``.
        """
        if len(wire) > self.limit:
            raise MessageRefused("oversized", f"The message has {len(wire)} bytes.")
        if len(wire) <= _BODY_AT or not wire.startswith(self.magic):
            raise MessageRefused("malformed", "These bytes are not such a message.")
        if wire[3] != VERSION:
            words = f"The message has version {wire[3]}; {VERSION} is known."
            raise MessageRefused("version", words)
        public_key, signature = wire[_KEY_AT:_SIGNATURE_AT], wire[_SIGNATURE_AT:_BODY_AT]
        body = wire[_BODY_AT:]
        if not verify(public_key, self.domain + body, signature):
            words = "The message was not signed by this key, or was changed."
            raise MessageRefused("signature", words)
        try:
            return public_key, msgspec.msgpack.decode(body, type=kind)
        except msgspec.ValidationError as error:
            raise MessageRefused("bounds", f"A member is out of bounds: {error}.") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MessageRefused("malformed", "The message is not MessagePack.") from error
