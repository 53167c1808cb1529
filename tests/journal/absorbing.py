"""Absorb the drops of a vault and be killed at a named step: a program for test_absorbing.py."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

from herdbook.clock import SystemClock
from herdbook.crypto.keys import inbox_public_key
from herdbook.journal import entries
from herdbook.journal import journal as module
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.vault.database import Database
from herdbook.vault.inbox import Inbox
from herdbook.vault.vault import Vault

DEK = bytes(range(32))
INBOX_KEY = bytes(range(1, 33))
PUBLIC = inbox_public_key(INBOX_KEY)
VAULT_ID = "mine"


async def open_journal(folder: Path) -> tuple[Journal, Database]:
    path = folder / "journal.db"
    open_it = Database.open if path.exists() else Database.create
    database = await open_it(path, DEK, SCHEMA)
    inbox = Inbox(folder / "inbox.db", VAULT_ID)
    return Journal(Vault(VAULT_ID, database, inbox, (INBOX_KEY,)), SystemClock()), database


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: object, name: str) -> None:
    real: Callable[..., Any] = getattr(owner, name)

    def instead(*values: Any, **named: Any) -> Any:
        die()
        return real(*values, **named)

    setattr(owner, name, instead)


def after(owner: object, name: str) -> None:
    real: Callable[..., Any] = getattr(owner, name)

    def instead(*values: Any, **named: Any) -> Any:
        result = real(*values, **named)
        die()
        return result

    setattr(owner, name, instead)


def in_the_middle_of_entries() -> None:
    """The second entry's row is written, nothing is committed."""
    real = entries.add_once
    done: list[None] = []

    def instead(connection: apsw.Connection, entry: Any, composition: str | None) -> bool:
        is_new = real(connection, entry, composition)
        done.append(None)
        if len(done) == 2:
            die()
        return is_new

    entries.add_once = instead


STEPS: dict[str, Callable[[], None]] = {
    "before looking": lambda: before(Inbox, "look"),
    "opened": lambda: after(Inbox, "look"),
    "in the middle of the entries": in_the_middle_of_entries,
    "entries written, not committed": lambda: after(module, "_absorb"),
    "committed": lambda: before(Inbox, "remove"),
    "forgotten": lambda: after(Inbox, "remove"),
}


async def main(folder: Path, step: str) -> None:
    journal, _ = await open_journal(folder)
    STEPS[step]()
    await journal.absorb()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
