"""What is done with vaults in the course of years, as a program: test_traces.py watches it.

    python tests/vault/upkeep.py PLACE

Prints one JSON object: the words and the keys (hexadecimal) that may be in no file.
"""

import asyncio
import json
import sys
from datetime import date, timedelta
from pathlib import Path

import msgspec

from herdbook.clock import SystemClock
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.ids import random_id
from herdbook.journal.draft import Saving
from herdbook.journal.dropped import DroppedEntry
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.llama.backup import export_person, import_vault, salvage_vault, verify_vault
from herdbook.llama.people import People, Person
from herdbook.vault.rewrap import change_password, draft_code, take_code
from herdbook.vault.rotation import draft_rotation, rotate
from herdbook.vault.vault import create_vault, draft_vault, inbox_of, open_vault

CANARY = "the canary sang at dawn"
PASSWORD = "three unrelated words"
NEW_PASSWORD = "three other words"
DAY = date(2026, 11, 20)
PAGE = 4096


async def write(folder: Path, password: str) -> None:
    """Everything that a person does to entries and drafts, then lock."""
    vault = await open_vault(folder, password, SCHEMA)
    journal = Journal(vault, SystemClock())
    for number in range(40):
        entry = await journal.add(DAY, f"{CANARY} {number} " * 40)
        assert entry is not None
        await journal.change(entry.id, DAY, f"{CANARY} again {number} " * 30)
        await journal.change(entry.id, DAY + timedelta(1), f"{CANARY} again {number} " * 30)
        await journal.delete(entry.id)
        if number % 2:
            await journal.restore(entry.id)
        await journal.save_draft(Saving(f"{number:032x}", "w", 0, DAY, CANARY * 50))
        if number % 3:
            await journal.drop_draft(f"{number:032x}")
        assert len(await journal.versions(entry.id)) == 1
    await journal.absorb()
    await journal.forget_deleted()
    await vault.database.close()


def drop(folder: Path) -> None:
    body = msgspec.msgpack.encode(DroppedEntry(DAY, 0, CANARY, "house", "the door"))
    inbox, public_key = inbox_of(folder)
    inbox.add(public_key, body)


def damage(folder: Path) -> None:
    data = bytearray((folder / "journal.db").read_bytes())
    data[4 * PAGE + 100] ^= 1
    (folder / "journal.db").write_bytes(data)


async def live(place: Path) -> None:
    here, clock = place / "here", SystemClock()
    draft = draft_vault(PASSWORD, KdfParameters(MEMORY_FLOOR_KIB, 2, 1))
    vault = await create_vault(here / "vaults", draft, SCHEMA)
    await vault.database.close()
    folder = here / "vaults" / vault.vault_id
    await People(here / "people.json").add(Person(random_id(), "Ada", None, vault.vault_id))
    drop(folder)
    await write(folder, PASSWORD)
    change_password(folder, PASSWORD, NEW_PASSWORD)
    code = draft_code(folder, NEW_PASSWORD)
    take_code(folder, code)
    drop(folder)
    rotation = draft_rotation(folder, NEW_PASSWORD)
    rotate(folder, rotation)
    await write(folder, NEW_PASSWORD)
    drop(folder)
    for name in ("export", "export.tar"):
        export_person(here, "Ada", place / name, clock)
        assert verify_vault(place / name, NEW_PASSWORD).whole
    assert verify_vault(folder, rotation.recovery_code).whole
    await import_vault(place / "there", place / "export.tar", None)
    damage(place / "export")
    assert salvage_vault(place / "export", NEW_PASSWORD, place / "salvaged").damaged_pages == [5]
    codes = [secret.recovery_code for secret in (draft, code, rotation)]
    keys = [draft.dek, draft.inbox_key, rotation.dek, rotation.inbox_key]
    words = [CANARY, PASSWORD, NEW_PASSWORD, *codes]
    json.dump({"words": words, "keys": [key.hex() for key in keys]}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1])))
