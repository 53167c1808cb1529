"""What a stored log is made of, wherever it is stored. Owns the shapes; reads nothing."""

import zlib
from collections.abc import Iterable
from typing import Annotated, Final, Literal, Protocol

import msgspec
from msgspec import Meta, Struct

from herdbook.eventlog.batch import GENESIS
from herdbook.eventlog.event import MAX_INT, Count, Event, decode

type Seq = Annotated[int, Meta(ge=1, le=MAX_INT)]
type Why = Literal["retired", "lost", "told"]


class Absence(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A run of numbers whose events are not here any more.

    `hash` is that of the batch that ended at `last_seq`. ``retired``: the Llama has them and they
    are old; ``lost``: to damage; ``told``: likewise, and the log itself says so right after it.
    """

    first_seq: Seq
    last_seq: Seq
    last_lamport: Count
    hash: Annotated[bytes, Meta(min_length=32, max_length=32)]
    why: Why


class Stored(Struct, frozen=True, array_like=True):
    """A batch as it lies there, unchecked. `hash` is what the log noted of it, if it did."""

    first_seq: int
    last_seq: int
    hash: bytes | None
    wire: bytes


class TailEvent(Struct, frozen=True, array_like=True):
    """An event that is in no batch yet; `crc` is the CRC-32 noted of it, if there is one."""

    seq: int
    data: bytes
    crc: int | None


class Unreadable(Struct, frozen=True):
    """Somewhere in these numbers are rows that cannot be read."""

    first_seq: int
    last_seq: int


class Mark(Struct, frozen=True, array_like=True):
    """Where a batch ends: the number, Lamport time and hash that the next one goes on from."""

    seq: Count
    lamport: Count
    hash: Annotated[bytes, Meta(min_length=32, max_length=32)]


NOTHING: Final = Mark(0, 0, GENESIS)

type Piece = Absence | Stored | Unreadable


class LogSource(Protocol):
    """A log to be looked at."""

    public_key: bytes
    mark: Mark | None

    def pieces(self) -> Iterable[Piece]:
        """Batches and what stands for them, in the order of their numbers."""

    def tail(self) -> Iterable[TailEvent | Unreadable]:
        """Events that are in no batch yet, in order."""

    def close(self) -> None:
        """Let go of it."""


def event_of(item: TailEvent) -> Event | None:
    """The event of the tail; None when it is not as it was written."""
    if item.crc not in {None, zlib.crc32(item.data)}:
        return None
    try:
        event = decode(item.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return event if event.seq == item.seq else None
