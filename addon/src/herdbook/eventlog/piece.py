"""What a stored log is made of, wherever it is stored. Owns the shapes; reads nothing."""

from collections.abc import Iterable
from typing import Final, Literal, Protocol

from msgspec import Struct

from herdbook.eventlog.batch import GENESIS

type Why = Literal["retired", "lost"]


class Absence(Struct, frozen=True, array_like=True):
    """A run of numbers whose events are not here any more.

    `hash` is that of the batch that ended at `last_seq`. ``retired``: the Llama has them and they
    are old; ``lost``: to damage.
    """

    first_seq: int
    last_seq: int
    last_lamport: int
    hash: bytes
    why: Why


class Stored(Struct, frozen=True):
    """A batch as it lies there, unchecked. `hash` is what the log noted of it, if it did."""

    first_seq: int
    last_seq: int
    hash: bytes | None
    wire: bytes


class Unreadable(Struct, frozen=True):
    """Somewhere in these numbers are rows that cannot be read."""

    first_seq: int
    last_seq: int


class Mark(Struct, frozen=True):
    """The end of the last batch that may have left this node."""

    seq: int
    lamport: int
    hash: bytes


NOTHING: Final = Mark(0, 0, GENESIS)

type Piece = Absence | Stored | Unreadable


class LogSource(Protocol):
    """A log to be looked at."""

    public_key: bytes
    mark: Mark | None

    def pieces(self) -> Iterable[Piece]:
        """Batches and what stands for them, in the order of their numbers."""

    def tail(self) -> Iterable[tuple[int, bytes] | Unreadable]:
        """The numbers and bytes of events that are in no batch yet, in order."""

    def close(self) -> None:
        """Let go of it."""
