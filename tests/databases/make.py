"""Makes a fixture with this release, for a new format: ``python -m tests.databases.make v2``.

A fixture is never made again: it stands for the vaults that people have. It is copied while the
vault is open, so that part of it is in the log, as after a crash.
"""

import asyncio
import shutil
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from herdbook.clock import SystemClock
from herdbook.crypto.kdf import KdfParameters
from herdbook.journal.draft import Saving
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.vault.vault import create_vault, draft_vault
from tests.vectors.vaults import drop

FOLDER = Path(__file__).parent
PASSWORD = "the heron waits by the pond"
FIRST_DAY = date(2026, 11, 1)


async def make(name: str) -> None:
    draft = draft_vault(PASSWORD, KdfParameters())
    with tempfile.TemporaryDirectory() as work:
        vault = await create_vault(Path(work), draft, SCHEMA)
        journal = Journal(vault, SystemClock())
        for n in range(12):
            await journal.add(FIRST_DAY + timedelta(days=n), f"Day {n + 1}: " + "so it goes. " * n)
        await vault.database.read(
            lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        )
        await journal.add(FIRST_DAY, "Ünïcödé 🦙 and a long day. " * 300)
        await journal.save_draft(Saving("a" * 32, "w", 0, FIRST_DAY, "Half a thou"))
        for n in range(3):
            drop(vault.inbox, draft.header.header.inbox_public_key, f"Dropped {n}.")
        (FOLDER / name).mkdir()
        for file in (Path(work) / vault.vault_id).iterdir():
            if not file.name.endswith("-shm"):
                shutil.copyfile(file, FOLDER / name / file.name)
        await vault.database.close()
    (FOLDER / name / "README.md").write_text(
        f"A vault as Herdbook writes it in format {name}: 13 entries, a draft, 3 drops, a log.\n\n"
        f"- password: `{PASSWORD}`\n- recovery code: `{draft.recovery_code}`\n"
    )


if __name__ == "__main__":
    asyncio.run(make(sys.argv[1]))
