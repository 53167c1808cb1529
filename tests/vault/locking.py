"""Unlock a vault, use it, lock it, say so and wait: a program whose memory test_memory.py reads."""

import asyncio
import ctypes
import gc
import sys
from datetime import date
from pathlib import Path

import apsw

from herdbook.clock import SystemClock
from herdbook.journal.draft import Saving
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.vault.vault import Vault, open_vault

DAY = date(2026, 11, 20)
PR_SET_DUMPABLE = 4


async def use(folder: Path, *, lock: bool) -> Vault | None:
    vault = await open_vault(folder, sys.stdin.readline().rstrip("\n"), SCHEMA)
    journal = Journal(vault, SystemClock())
    for _ in range(10):
        assert len(await journal.on_day(DAY)) > 100
    await journal.save_draft(Saving("a" * 32, "w", 0, DAY, "."))
    if not lock:
        return vault
    await vault.database.close()
    return None


def main() -> None:
    kept = asyncio.run(use(Path(sys.argv[1]), lock=sys.argv[2] == "locked"))
    gc.collect()
    left = [item for item in gc.get_objects() if isinstance(item, apsw.Connection | Journal)]
    assert kept or left == []
    # The test may run as an ordinary user, to whom this process does not show its memory.
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)
    print(sys.argv[2], flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
