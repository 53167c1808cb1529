"""What this node asks its Llama: what the neighbours know, and what people think of its own facts.

Owns the file with the newest answer, as the Llama signed it, and when it is asked for. What is
thought of its facts goes on to its memories.
"""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from herdbook.clock import Clock
from herdbook.errors import MessageRefused, StorageError, Unavailable
from herdbook.eventlog.curiosity import Curiosity, Wants
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.neighbours import (
    MAX_NEIGHBOURS,
    Neighbours,
    Reviewed,
    open_neighbours,
    seal_ask,
)
from herdbook.eventlog.pin import FilePin, Pin
from herdbook.files import replace_file

_NAME: Final = "neighbours.hbn"

_log = logging.getLogger(__name__)


class AskWay(Protocol):
    """How an ask gets to the Llama. What comes back goes to `Neighbourhood.heard`."""

    async def ask(self, wire: bytes) -> None:
        """Bring an ask there. Raises `Unavailable`."""


class Home(Protocol):
    """Where what people think of this node's facts belongs."""

    async def reviewed(self) -> int:
        """The number of the last review that came. Raises `StorageError`."""

    async def come_home(self, reviews: Sequence[Reviewed]) -> None:
        """Take some in. Raises `StorageError`."""


class Neighbourhood:
    """Asks what it `wants`, again and again, while the node is in the herd."""

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        pin: Pin,
        wants: Wants | None,
        clock: Clock,
        home: Home,
    ) -> None:
        """`folder` is the node's own. Without `wants` it asks nothing of its neighbours."""
        self._path = folder / _NAME
        self._identity = identity
        self._home = home
        self._curiosity = Curiosity(identity.node_id, pin, wants or Wants(0, 0))
        self._clock = clock
        self._wake = asyncio.Event()

    def in_herd(self, is_in: bool) -> None:
        """The node has come into the herd, or is not in it any more."""
        if is_in:
            self._curiosity.begin(self._clock.monotonic_ms())
        else:
            self._curiosity.end()
        self._wake.set()

    async def heard(self, wire: bytes) -> None:
        """An answer, or what came as one. Raises `MessageRefused` and `StorageError`."""
        neighbours = self._curiosity.hear(wire)
        self._wake.set()
        await asyncio.to_thread(replace_file, self._path, wire)
        await self._home.come_home(neighbours.reviews)

    async def run(self, way: AskWay) -> None:
        """Ask until cancelled."""
        while True:
            await self._until_due()
            self._wake.clear()
            try:
                reviewed = await self._home.reviewed()
                ask = self._curiosity.ask(self._clock.monotonic_ms(), reviewed)
                if ask is None:
                    continue
                await way.ask(seal_ask(self._identity, ask))
            except (StorageError, Unavailable) as error:
                _log.debug("Neighbours are asked for later: %s", error)  # the line says it, too

    async def _until_due(self) -> None:
        due = self._curiosity.due
        seconds = None if due is None else max(0.0, (due - self._clock.monotonic_ms()) / 1000)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return


def kept(folder: Path) -> Neighbours | None:
    """What the node in this folder last heard of its neighbours, checked anew; None for nothing.

    Raises `MessageRefused` when the file is not what this node's Llama signed for it, and
    `StorageError` when something cannot be read.
    """
    path = folder / _NAME
    identity = Identity.load(folder / "identity.key")
    try:
        with path.open("rb") as file:
            wire = file.read(MAX_NEIGHBOURS + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"Cannot read {path}: {error.strerror}.") from error
    if identity is None:
        raise StorageError(
            f"{folder} holds no identity of a node.", fix="Put “identity.key” back from a backup."
        )
    try:
        key, neighbours = open_neighbours(wire, identity.node_id)
    except MessageRefused as error:
        raise _refused(path, error.reason, error.message) from error
    if key != FilePin(folder / "llama.key").key:
        raise _refused(path, "other_llama", "This node's own Llama did not sign it.")
    return neighbours


def _refused(path: Path, reason: str, message: str) -> MessageRefused:
    return MessageRefused(
        reason,
        f"{path} is not what the Llama told this node: {message}",
        fix="Remove it; the node asks again.",
    )
