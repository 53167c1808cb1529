"""The node's side of sync, sans-I/O: what to send when, given what was heard. No clock, no socket.

The caller connects, feeds `NodeSync`, and publishes what `take` gives:

    sync.on_connected(now)                    after each (re)connection, before the subscription;
                                              then publish a hello with `sync.nonce`
    sync.on_have(payload, now)                for each message on the node's “have” topic
    for batch in sync.take(now): publish      after each of these, after `log.seal()`, and at `due`
    if sync.asks(now): publish a hello        likewise
    sync.on_disconnected()                    when the connection is gone; not when a publish failed
                                              over one that stands, for then `due` comes

Nothing but the Llama's “have” counts as an acknowledgement: not the broker's, not a session's.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Literal, Protocol

from herdbook.errors import MessageRefused
from herdbook.eventlog.batch import last_seq_of
from herdbook.eventlog.messages import Have, open_have
from herdbook.eventlog.pin import Pin
from herdbook.eventlog.question import Question, draw_nonce
from herdbook.ids import fingerprint_of, node_id_of

WINDOW: Final = 8  # batches on their way at once: 2 MiB at most
RESEND_MS: Final = 1_000  # after a “have” that stands still, this long after the first sending
FIRST_TIMEOUT_MS: Final = 5_000
LAST_TIMEOUT_MS: Final = 60_000
PULSE_MS: Final = 30_000
"""So often a node over HTTP says hello."""

type State = Literal["offline", "asking", "unapproved", "sending", "diverged"]


class BatchSource(Protocol):
    """What sync needs of an event log; `herdbook.eventlog.log.EventLog` is one."""

    node_id: str

    def batches_after(self, seq: int, limit: int) -> list[bytes]:
        """Sealed batches from the one after the batch that ends at `seq`."""

    def goes_on_from(self, seq: int, hash_: bytes) -> bool:
        """Whether the log has a batch of this hash that ends at `seq`, or lost one there."""


class NodeSync:
    """Sends one log to one Llama. Times are milliseconds of a clock that never goes back.

    `state`: ``offline``; ``asking``: connected, nothing heard of the Llama yet; ``unapproved``: a
    person has to let the node in; ``sending``: in the herd; ``diverged``: the Llama holds another
    history under this node's name.
    """

    def __init__(
        self,
        source: BatchSource,
        pin: Pin,
        draw: Callable[[], bytes] = draw_nonce,
        *,
        pulse_ms: int | None = None,
    ) -> None:
        """With `pulse_ms`, `asks` is true that often also when all is well.

        So it is over HTTP, where a Llama cannot speak unasked, and does not see who is there.
        """
        self.state: State = "offline"
        self.acknowledged = 0
        self.llama_version = ""
        """What the node's own Llama says it runs; empty until it does."""
        self._source = source
        self._pin = pin
        self._sent = 0
        self._flight: deque[int] = deque()  # the last sequence number of each batch on its way
        self._started = 0
        self._timeout = FIRST_TIMEOUT_MS
        self._overdue = False
        self._question = Question(draw, pulse_ms)

    @property
    def nonce(self) -> bytes:
        """What the present hello asks with."""
        return self._question.nonce

    @property
    def has_room(self) -> bool:
        """Whether a batch sealed now could go at once."""
        return self.state == "sending" and len(self._flight) < WINDOW

    @property
    def due(self) -> int | None:
        """When `take` and `asks` should be called even if nothing happens; None for never."""
        moments = [moment for moment in (self._resend_due, self._ask_due) if moment is not None]
        return min(moments, default=None)

    @property
    def _resend_due(self) -> int | None:
        return self._started + self._timeout if self._flight else None

    @property
    def _ask_due(self) -> int | None:
        if self.state == "offline":
            return None
        return self._question.due(settled=self.state == "sending" and not self._overdue)

    def on_connected(self, now: int) -> None:
        """A connection stands. Whatever was on its way may be lost: wait for what the Llama has."""
        self.state = "asking"
        self._flight.clear()
        self._timeout = FIRST_TIMEOUT_MS
        self._question.settle()
        self._question.ask(now)

    def on_disconnected(self) -> None:
        """The connection is gone."""
        self.state = "offline"
        self._flight.clear()

    def on_have(self, wire: bytes, now: int) -> None:
        """Take in what the Llama says it has, if it answers what was asked last.

        Raises `MessageRefused`: as `open_have`; ``other_llama`` when it is not the one that
        approved this node; ``diverged`` when it holds another history. Raises `StorageError` when
        the log or the pin fails.
        """
        key, have = open_have(wire, self._source.node_id)
        if self._pin.key not in {None, key}:
            raise _other_llama(key)
        if not self._question.is_answered_by(have):
            return
        self._overdue = False
        if not have.approved:
            self.state = "unapproved"
            self._flight.clear()
            return
        if self._pin.key is None:
            self._pin.keep(key)
        self.llama_version = have.version
        if not self._source.goes_on_from(have.seq, have.hash):
            self.state = "diverged"
            self._flight.clear()
            raise _diverged(have)
        self._question.settle()
        if self.state != "sending":
            self.state = "sending"
            self._go_back(have.seq)
        else:
            self._advance(have.seq, now)

    def take(self, now: int) -> list[bytes]:
        """The batches to publish now, in order; empty when there is nothing to do.

        Raises `StorageError` when the log fails; nothing is counted as sent then.
        """
        if self.state != "sending":
            return []
        due = self._resend_due
        if due is not None and now >= due:
            self._overdue = True
            self._timeout = min(self._timeout * 2, LAST_TIMEOUT_MS)
            self._go_back(self.acknowledged)
        room = WINDOW - len(self._flight)
        batches = self._source.batches_after(self._sent, room) if room else []
        if batches and not self._flight:
            self._started = now
        for wire in batches:
            self._sent = last_seq_of(wire)
            self._flight.append(self._sent)
        return batches

    def asks(self, now: int) -> bool:
        """Whether to say hello again, with a new `nonce`: the answer is missing or in doubt."""
        due = self._ask_due
        if due is None or now < due:
            return False
        self._question.ask_again(now)
        return True

    def _advance(self, seq: int, now: int) -> None:
        if seq > self.acknowledged:
            self.acknowledged = seq
            self._sent = max(self._sent, seq)
            while self._flight and self._flight[0] <= seq:
                self._flight.popleft()
            self._started = now
            self._timeout = FIRST_TIMEOUT_MS
            return
        # Something is missing over there, or it went back to an older state: start over from what
        # it says, but soon rather than at once, once.
        self.acknowledged = seq
        if self._flight:
            self._timeout = RESEND_MS
        else:
            self._go_back(seq)

    def _go_back(self, seq: int) -> None:
        self.acknowledged = self._sent = seq
        self._flight.clear()


def _other_llama(key: bytes) -> MessageRefused:
    return MessageRefused(
        "other_llama",
        f"The Llama {fingerprint_of(node_id_of(key))} is not the one that approved this node.",
        fix="If the node is to move, remove “llama.key” from its data folder and restart it; "
        "otherwise find out who publishes under the Llama's name.",
    )


def _diverged(have: Have) -> MessageRefused:
    return MessageRefused(
        "diverged",
        f"The Llama holds another history of this node up to event {have.seq}.",
        fix="The data folder was put back from a backup, or runs twice. Restore the newest copy, "
        "or move the folder away: the node then starts anew and must be approved again.",
    )
