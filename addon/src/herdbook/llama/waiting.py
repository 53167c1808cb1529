"""What waits for a person's yes, and the work that follows it, as far as it is. Only data."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from herdbook.errors import HerdbookError
from herdbook.journal.exchange.arrivals import Known
from herdbook.journal.exchange.incoming import Incoming
from herdbook.vault.spool import Spool


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that was read, and how much of it the journal has already."""

    incoming: Incoming = field(repr=False)
    known: Known
    spool: Spool = field(repr=False)
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file that came, and that only its own secret opens."""

    spool: Spool = field(repr=False)
    expires_ms: int


@dataclass(slots=True)
class Work:
    """A file looked into, entries and their files brought in, or entries taken back.

    `total` of them, or of the bytes of the file that is looked into, its `spool`. `changed` are the
    entries that came or went, with so many `files`; `left` are those that stay after an undo. Once
    `finished`, `error` says why it ended early, if it did.
    """

    kind: Literal["look", "in", "back"]
    total: int
    done: int = 0
    changed: int = 0
    files: int = 0
    left: int = 0
    finished: bool = False
    error: HerdbookError | None = None
    task: asyncio.Task[None] | None = None
    spool: Spool | None = field(default=None, repr=False)

    def percent(self) -> int:
        """How far it is. Some files are read twice: for those it is at its end early."""
        done = self.done if self.spool is None else self.spool.given
        return min(100, 100 * done // max(self.total, 1))
