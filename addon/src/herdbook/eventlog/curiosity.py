"""When a node asks what its neighbours know, and which answer it takes. No clock, no socket.

The caller feeds it, and sends what it asks:

    curiosity.begin(now)             the node is in the herd
    ask = curiosity.ask(now)         at `due`: an `Ask` to be sent, or None
    curiosity.hear(wire)             for each answer
    curiosity.end()                  the node is not in the herd any more
"""

from collections.abc import Callable
from typing import Annotated, Final

from msgspec import Meta, Struct

from herdbook.errors import MessageRefused
from herdbook.eventlog.messages import NO_NONCE
from herdbook.eventlog.neighbours import (
    MAX_MEMORIES,
    MAX_OBSERVATIONS,
    Ask,
    Neighbours,
    open_neighbours,
)
from herdbook.eventlog.pin import Pin
from herdbook.eventlog.question import draw_nonce

EVERY_MS: Final = 600_000
FIRST_PATIENCE_MS: Final = 30_000


class Wants(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of its neighbours a node wants to know; the ``[neighbours]`` table."""

    observations: Annotated[int, Meta(ge=0, le=MAX_OBSERVATIONS)] = 20
    memories: Annotated[int, Meta(ge=0, le=MAX_MEMORIES)] = 100


class Curiosity:
    """One node's questions. Times are milliseconds of a clock that never goes back."""

    def __init__(
        self, node_id: str, pin: Pin, wants: Wants, draw: Callable[[], bytes] = draw_nonce
    ) -> None:
        self._node_id = node_id
        self._pin = pin
        self._wants = wants
        self._draw = draw
        self._nonce = NO_NONCE  # of no ask
        self._count = 0
        self._patience = FIRST_PATIENCE_MS
        self._asked = 0
        self.due: int | None = None
        """When to call `ask`; None: not before `begin`."""

    def begin(self, now: int) -> None:
        """The node is in the herd: it may ask from now on."""
        self._patience = FIRST_PATIENCE_MS
        self.due = now

    def end(self) -> None:
        """The node is not in the herd any more, or nobody knows."""
        self.due = None

    def ask(self, now: int, reviewed: int = 0) -> Ask | None:
        """The question, where one is due; no answer to an earlier one counts then.

        `reviewed` is the number of the last review that came home.
        """
        if self.due is None or now < self.due:
            return None
        self._nonce = self._draw()
        self._count = 0
        self._asked = now
        self.due = now + self._patience
        self._patience = min(2 * self._patience, EVERY_MS)
        return Ask(self._wants.observations, self._wants.memories, self._nonce, reviewed)

    def hear(self, wire: bytes) -> Neighbours:
        """Take in an answer.

        Raises `MessageRefused`: as `open_neighbours`; ``other_llama`` when it is not of the one
        that approved this node; ``stale`` when it does not answer the latest ask, or is older than
        an answer that was heard.
        """
        key, neighbours = open_neighbours(wire, self._node_id)
        if key != self._pin.key:
            raise MessageRefused(
                "other_llama", "What the neighbours know was not told by this node's own Llama."
            )
        asked = neighbours.nonce == self._nonce != NO_NONCE
        if not asked or neighbours.count <= self._count:
            raise MessageRefused("stale", "What the neighbours know was told to an earlier ask.")
        self._count = neighbours.count
        self._patience = FIRST_PATIENCE_MS
        if self.due is not None:
            self.due = self._asked + EVERY_MS
        return neighbours
