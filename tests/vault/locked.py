"""A locked vault to be copied: entries, a drop in the inbox, and keys drawn for it."""

import asyncio
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.errors import WrongSecret
from herdbook.journal.dropped import DroppedEntry
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.vault.rewrap import NewCode, draft_code
from herdbook.vault.rotation import Rotation, draft_rotation
from herdbook.vault.vault import Draft, create_vault, draft_vault, inbox_of, open_vault
from tests.fakes.clock import ManualClock

FAST = KdfParameters(MEMORY_FLOOR_KIB, 2, 1)
PASSWORD = "three unrelated words"
DAY = date(2026, 11, 20)
WRITTEN = [f"Entry {number}. {'snow' * 40}" for number in range(20)]
WAITING = "Waiting in the inbox."
FILES = {"header.json", "journal.db", "inbox.db"}
"""All there is of a vault at rest."""


@dataclass(frozen=True)
class Locked:
    """The vault in `folder`; `code` and `rotation` are drawn and not taken."""

    folder: Path
    draft: Draft
    code: NewCode
    rotation: Rotation


def make_locked(vaults: Path) -> Locked:
    """A vault that holds `WRITTEN`, with `WAITING` in its inbox."""
    draft = draft_vault(PASSWORD, FAST)
    folder = vaults / draft.header.header.vault_id

    async def fill() -> None:
        vault = await create_vault(vaults, draft, SCHEMA)
        journal = Journal(vault, ManualClock())
        for text in WRITTEN:
            await journal.add(DAY, text)
        await vault.database.close()

    asyncio.run(fill())
    drop(folder, WAITING)
    return Locked(folder, draft, draft_code(folder, PASSWORD), draft_rotation(folder, PASSWORD))


def drop(folder: Path, text: str) -> None:
    """Seal an entry into the vault's inbox."""
    body = DroppedEntry(day=DAY, created_ms=0, text=text, author="house", source="test")
    inbox, public_key = inbox_of(folder)
    inbox.add(public_key, msgspec.msgpack.encode(body))


async def absorb(folder: Path, secret: str = PASSWORD) -> list[str]:
    """All entries of the vault, its inbox absorbed, in order of their texts."""
    vault = await open_vault(folder, secret, SCHEMA)
    try:
        journal = Journal(vault, ManualClock())
        await journal.absorb()
        return sorted(entry.text for entry in await journal.on_day(DAY))
    finally:
        await vault.database.close()


async def opens(folder: Path, secret: str, *more: str) -> bool:
    """Whether the secret opens a copy of the vault.

    If so nothing that was written or waits is missing, and what a failure left is cleared away.
    """
    copy = Path(shutil.copytree(folder, folder.parent.parent / "copy"))
    try:
        texts = await absorb(copy, secret)
    except WrongSecret:
        return False
    else:
        assert texts == sorted((*WRITTEN, WAITING, *more))
        assert {path.name for path in copy.iterdir()} == FILES
        return True
    finally:
        shutil.rmtree(copy)
