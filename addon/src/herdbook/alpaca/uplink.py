"""Brings the event log to the Llama: `herdbook.eventlog.protocol.NodeSync`, over either way.

Owns when sync is asked what to send. Everything of the log and of sync runs in the log's thread.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from herdbook import __version__
from herdbook.alpaca.record import Record
from herdbook.clock import Clock
from herdbook.errors import StorageError, Unavailable
from herdbook.eventlog.batch import MAX_EVENTS
from herdbook.eventlog.messages import Hello, seal_hello
from herdbook.eventlog.pin import Pin
from herdbook.eventlog.protocol import WINDOW, NodeSync, State
from herdbook.eventlog.retention import Retention
from herdbook.ids import fingerprint_of
from herdbook.log import PacedLog

_RETRY_S: Final = 5.0
_RETIRE_EVERY_MS: Final = 600_000
_SEALED_AT_ONCE: Final = 2 * WINDOW
"""Batches: enough to keep the window full, and soon done, for meanwhile no sensor is recorded."""

_log = logging.getLogger(__name__)


class Way(Protocol):
    """How hellos and batches get to the Llama. The “haves” that come back go to `Uplink.heard`."""

    @property
    def connected(self) -> bool:
        """Whether what is sent now has somewhere to go."""

    async def hello(self, wire: bytes) -> None:
        """Bring a hello there. Raises `Unavailable`."""

    async def batch(self, wire: bytes) -> None:
        """Bring a batch there. Raises `Unavailable`."""


class Uplink:
    """One log's way to its Llama. `on_waiting` hears how many events the Llama does not have.

    `on_herd` hears when the node comes into the herd, and when it is out of it; `on_version` hears
    what the Llama says it runs; `pulse_ms`: see `NodeSync`.
    """

    def __init__(
        self,
        record: Record,
        name: str,
        pin: Pin,
        clock: Clock,
        retention: Retention,
        on_waiting: Callable[[int], None],
        *,
        on_herd: Callable[[bool], None] = lambda _: None,
        on_version: Callable[[str], None] = lambda _: None,
        pulse_ms: int | None = None,
    ) -> None:
        self._record = record
        self._name = name
        self._clock = clock
        self._retention = retention
        self._retire_at = 0
        self._paced = PacedLog(_log, clock)
        self._on_waiting = on_waiting
        self._on_herd = on_herd
        self._on_version = on_version
        self._sync = NodeSync(record.log, pin, pulse_ms=pulse_ms)
        self._heard = False
        self._waiting: int | None = None
        self._said = ""
        self._wake = asyncio.Event()
        self._done = asyncio.Event()

    async def connected(self) -> None:
        """A connection stands. Raises `StorageError`."""
        await self._record.call(partial(self._sync.on_connected, self._clock.monotonic_ms()))
        self._wake.set()

    async def say_hello(self, way: Way) -> None:
        """Tell the Llama who this node is and how far its log goes; its “have” will follow.

        Raises `StorageError` and `Unavailable`.
        """
        head = await self._record.call(self._record.log.head)
        hello = Hello(self._name, __version__, head.sealed_seq, self._sync.nonce)
        await way.hello(seal_hello(self._record.identity, hello))

    async def heard(self, payload: bytes) -> None:
        """A “have”, or what came as one. Raises `MessageRefused` and `StorageError`."""
        now = self._clock.monotonic_ms()
        try:
            await self._record.call(partial(self._sync.on_have, payload, now))
        finally:
            self._say_state()
        self._on_version(self._sync.llama_version)
        self._wake.set()

    @property
    def state(self) -> State:
        """How the node stands with its Llama; see `NodeSync`."""
        return self._sync.state

    @property
    def waiting(self) -> int | None:
        """How many events the Llama does not have; None while that is not known."""
        return self._waiting

    def appended(self) -> None:
        """There is something new in the log."""
        self._wake.set()

    async def drain(self, patience_s: float) -> None:
        """Wait until the Llama has everything, if it is there, but not longer than `patience_s`."""
        if self._sync.state != "sending":
            return
        self._done.clear()
        self._wake.set()
        try:
            async with asyncio.timeout(patience_s):
                await self._done.wait()
        except TimeoutError:
            _log.info("The Llama will have the rest after the next start.")

    async def run(self, way: Way) -> None:
        """Send until cancelled."""
        while True:
            await self._until_due()
            self._wake.clear()
            try:
                batches, waiting = await self._record.call(self._next)
                self._tell(waiting)
                if self._sync.asks(self._clock.monotonic_ms()):
                    await self.say_hello(way)
                for batch in batches:
                    await way.batch(batch)
            except Unavailable:
                # Were the broker only slow, the timeout of sync would send this again.
                if not way.connected:
                    await self._record.call(self._sync.on_disconnected)
            except StorageError as error:
                self._paced.warning("sync", f"Sync: {error}")
                await asyncio.sleep(_RETRY_S)
                self._wake.set()

    async def _until_due(self) -> None:
        due = self._sync.due
        seconds = None if due is None else max(0.0, (due - self._clock.monotonic_ms()) / 1000)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    def _next(self) -> tuple[list[bytes], int]:
        """The batches to send now, and how many events the Llama does not have."""
        log = self._record.log
        if self._sync.state == "sending":
            self._or_warn(self._retire)
        self._or_warn(self._seal)
        batches = self._sync.take(self._clock.monotonic_ms())
        return batches, max(0, log.head().seq - self._sync.acknowledged)

    def _seal(self) -> None:
        """Seal what can go at once; what has to wait only when it fills batches."""
        log, most = self._record.log, _SEALED_AT_ONCE
        if not self._sync.has_room:
            head = log.head()
            most = min(most, (head.seq - head.sealed_seq) // MAX_EVENTS)
        log.seal(most)

    def _or_warn(self, work: Callable[[], None]) -> None:
        """Do something that a full disk may refuse, but that keeps nothing from being sent."""
        try:
            work()
        except StorageError as error:
            self._paced.warning("storage", f"The event log: {error}")

    def _retire(self) -> None:
        log, now = self._record.log, self._clock.monotonic_ms()
        log.acknowledge(self._sync.acknowledged)
        if now >= self._retire_at and not log.retire(self._sync.acknowledged, self._retention):
            self._retire_at = now + _RETIRE_EVERY_MS

    def _tell(self, waiting: int) -> None:
        if self._heard:  # before, what the Llama has is not known
            self._waiting = waiting
            self._on_waiting(waiting)
        if self._sync.state == "sending" and not waiting:
            self._done.set()

    def _say_state(self) -> None:
        state = self._sync.state
        self._heard = self._heard or state in {"unapproved", "sending"}
        if state == self._said:
            return
        self._said = state
        self._on_herd(state == "sending")
        if state == "unapproved":
            _log.info(
                "The Llama knows this node; a person has to approve it, by its fingerprint %s. "
                "Its log waits.",
                fingerprint_of(self._record.identity.node_id),
            )
        elif state == "sending":
            _log.info("In the Llama's herd.")
