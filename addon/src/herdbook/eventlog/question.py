"""What a node asks of its Llama, and which “have” answers it. Pure: no clock, no socket.

Whatever was once signed can be published again by anybody at the broker. So each hello asks with a
number drawn anew (a nonce), and only an answer that repeats it, and comes after the ones before it,
is believed; anything else is a reason to ask again.
"""

import secrets
from collections.abc import Callable
from typing import Final

from herdbook.eventlog.messages import NO_NONCE, Have

AGAIN_MS: Final = 5_000
"""At least this long between two hellos."""
LAST_PATIENCE_MS: Final = 300_000


def draw_nonce() -> bytes:
    """128 random bits, which nobody can foresee."""
    return secrets.token_bytes(len(NO_NONCE))


class Question:
    """The node's present question. Times are milliseconds of a clock that never goes back."""

    def __init__(self, draw: Callable[[], bytes], pulse_ms: int | None = None) -> None:
        """`draw` gives a nonce, as `draw_nonce` does; `pulse_ms`: never ask more seldom."""
        self._draw = draw
        self._pulse_ms = pulse_ms
        self._patience = AGAIN_MS
        self.ask(0)

    def ask(self, now: int) -> None:
        """Ask anew; answers to earlier questions do not count any more."""
        self.nonce = self._draw()
        self._count = 0
        self._asked = now
        self._doubt = False

    def ask_again(self, now: int) -> None:
        """Ask anew because no answer came, each time after a longer wait."""
        if not self._doubt:
            self._patience = min(2 * self._patience, LAST_PATIENCE_MS)
        self.ask(now)

    def is_answered_by(self, have: Have) -> bool:
        """Whether a “have” answers, and is the latest answer."""
        if have.nonce != self.nonce or have.count <= self._count:
            # Old, or the Llama began to count anew: it will tell when asked.
            self._doubt = True
            return False
        self._count = have.count
        self._doubt = False
        return True

    def settle(self) -> None:
        """All is well: a later silence begins with little patience again."""
        self._patience = AGAIN_MS

    def due(self, *, settled: bool) -> int | None:
        """When to ask again; None when there is no reason to."""
        if self._doubt:
            return self._asked + AGAIN_MS
        waits = [] if settled else [self._patience]
        if self._pulse_ms is not None:
            waits.append(self._pulse_ms)
        return self._asked + min(waits) if waits else None
