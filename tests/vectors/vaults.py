"""The vaults that the vectors are made of: ``python -m tests.vectors.vaults`` makes them anew.

They are made once, by the real engine with its random nonces, and kept in `vaults.json`; the cases
are changes to them. Made again only when the format changes.

    first   two entries, a draft, two drops waiting; the database alone
    log     the same vault while it is open: most of it is in the log, with a long entry
    second  another vault with the same password
    older   a header of `first` from before its key was changed
    killed  `first` as a change of its key leaves it that is killed right after it put the new
            database in place; a third drop came in between. `first` with the two headers of this
            one is the state right before that
"""

import asyncio
import base64
import json
import shutil
import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from herdbook.clock import SystemClock
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, TIME_FLOOR, KdfParameters
from herdbook.crypto.keys import inbox_public_key, new_dek
from herdbook.ids import random_id
from herdbook.journal.draft import Saving
from herdbook.journal.dropped import DroppedEntry
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.vault.header import create_header, write_header
from herdbook.vault.inbox import Inbox
from herdbook.vault.rotation import draft_rotation, rotate
from herdbook.vault.vault import Draft, create_vault, draft_vault, inbox_of

PATH = Path(__file__).with_name("vaults.json")
PASSWORD = "café au lait, three times"
DAY = date(2026, 11, 20)
FILES = ("header.json", "header.json.previous", "journal.db", "journal.db-wal", "inbox.db")


def drop(inbox: Inbox, public_key: bytes, text: str) -> None:
    body = DroppedEntry(day=DAY, created_ms=1, text=text, author="house", source="porch")
    inbox.add(public_key, msgspec.msgpack.encode(body))


def _keep(folder: Path) -> dict[str, str]:
    return {
        name: base64.b64encode((folder / name).read_bytes()).decode()
        for name in FILES
        if (folder / name).exists()
    }


async def _vault(work: Path, draft: Draft) -> dict[str, Any]:
    vault = await create_vault(work, draft, SCHEMA)
    folder = work / vault.vault_id
    journal = Journal(vault, SystemClock())
    await vault.database.read(lambda connection: connection.pragma("wal_autocheckpoint", 0))
    await journal.add(DAY, "The first thing.")
    await journal.save_draft(Saving("a" * 32, "w", 0, DAY, "Half a thou"))
    await vault.database.close()
    for text in ("The porch is warm.", "The porch is cold."):
        drop(vault.inbox, draft.header.header.inbox_public_key, text)
    return {
        "password": PASSWORD,
        "recovery_code": draft.recovery_code,
        "files": _keep(folder),
    }


async def _with_log(work: Path, draft: Draft) -> dict[str, str]:
    """Opened again and copied before it is closed."""
    from herdbook.vault.vault import open_vault

    vault = await open_vault(work / draft.header.header.vault_id, PASSWORD, SCHEMA)
    try:
        journal = Journal(vault, SystemClock())
        await journal.add(DAY, "A long thing. " * 500)
        await journal.add(DAY, "The last thing.")
        return _keep(work / vault.vault_id)
    finally:
        await vault.database.close()


def _older(draft: Draft) -> str:
    header = draft.header.header
    older = create_header(
        vault_id=header.vault_id,
        key_id=random_id(),
        dek=new_dek(),
        secrets={"password": PASSWORD, "recovery": draft.recovery_code},
        inbox_public_key=inbox_public_key(draft.inbox_key),
        parameters=_parameters(),
    )
    with tempfile.TemporaryDirectory() as work:
        write_header(Path(work) / "header.json", older)
        return base64.b64encode((Path(work) / "header.json").read_bytes()).decode()


class Killed(Exception):
    """The process ends here, as far as the files can tell."""


def _killed(first: dict[str, Any], work: Path) -> dict[str, Any]:
    folder = work / "killed"
    folder.mkdir()
    for name, data in first["files"].items():
        (folder / name).write_bytes(base64.b64decode(data))
    new = draft_rotation(folder, PASSWORD)

    def step(name: str) -> None:
        if name == "the new database is durably in place":
            raise Killed

    with suppress(Killed):
        rotate(folder, new, step=step)
    inbox, public_key = inbox_of(folder)
    drop(inbox, public_key, "The porch is wet.")
    return {**first, "new_recovery_code": new.recovery_code, "files": _keep(folder)}


def _parameters() -> KdfParameters:
    return KdfParameters(MEMORY_FLOOR_KIB, TIME_FLOOR, 1)


async def make() -> dict[str, Any]:
    work = Path(tempfile.mkdtemp())
    try:
        drafts = [draft_vault(PASSWORD, _parameters()) for _ in range(2)]
        first, second = [await _vault(work, draft) for draft in drafts]
        log = {**first, "files": await _with_log(work, drafts[0])}
        older = {**first, "files": {**first["files"], "header.json": _older(drafts[0])}}
        killed = _killed(first, work)
        return {"first": first, "log": log, "second": second, "older": older, "killed": killed}
    finally:
        shutil.rmtree(work)


def load() -> dict[str, Any]:
    """The vaults, their files as bytes."""
    vaults: dict[str, Any] = json.loads(PATH.read_text())
    for vault in vaults.values():
        vault["files"] = {name: base64.b64decode(data) for name, data in vault["files"].items()}
    return vaults


if __name__ == "__main__":
    PATH.write_text(json.dumps(asyncio.run(make()), indent=1) + "\n")
