"""A vault's whole life, as a program of its own: test_traces.py watches which files it touches."""

import asyncio
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path

import apsw
import msgspec

from herdbook.clock import SystemClock
from herdbook.crypto.kdf import MEMORY_FLOOR_KIB, KdfParameters
from herdbook.journal import indexing
from herdbook.journal.draft import Saving
from herdbook.journal.dropped import DroppedEntry
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.vault.database import Database
from herdbook.vault.vault import create_vault, draft_vault, inbox_of, open_vault

CANARY = "the canary sang at dawn"
PASSWORD = "three unrelated words"
DAY = date(2026, 11, 20)
# More than any cache holds: what needs room to sort would spill to disk here.
MANY = 20_000


def fill(connection: apsw.Connection) -> None:
    connection.execute("CREATE VIRTUAL TABLE others USING fts5(text)")
    connection.execute("INSERT INTO others(others, rank) VALUES('secure-delete', 1)")
    for number in range(MANY):
        text = f"{CANARY} {number * 7919 % MANY} " * 5
        connection.execute(
            "INSERT INTO entries(id, day, created_ms, author, text) "
            "VALUES(?, '2026-11-20', 0, 'person', ?)",
            (f"id{number}", text),
        )
        connection.execute("INSERT INTO others VALUES(?)", (text,))
    indexing.catch_up(connection)


def fail_midway(connection: apsw.Connection) -> None:
    connection.execute("DELETE FROM entries")
    raise KeyError


async def count(database: Database, sql: str) -> int:
    return int(await database.read(lambda connection: connection.execute(sql).get))


async def change(database: Database, sql: str, *, forgets: bool = False) -> None:
    await database.write(lambda connection: connection.execute(sql), forgets=forgets)


async def live(vaults: Path) -> None:
    draft = draft_vault(PASSWORD, KdfParameters(MEMORY_FLOOR_KIB, 2, 1))
    vault = await create_vault(vaults, draft, SCHEMA)
    folder, database = vaults / vault.vault_id, vault.database
    journal = Journal(vault, SystemClock())
    await journal.add(DAY, CANARY)
    await journal.save_draft(Saving("a" * 32, "w", 0, DAY, CANARY))
    inbox, key = inbox_of(folder)
    inbox.add(key, msgspec.msgpack.encode(DroppedEntry(DAY, 0, CANARY, "house", "the door")))
    assert await journal.absorb() == 1
    await database.write(fill)
    sorting = "SELECT DISTINCT text, id FROM entries ORDER BY text DESC"
    assert await count(database, f"SELECT count(*) FROM ({sorting})") == MANY + 2
    matching = "SELECT count(*) FROM others WHERE others MATCH 'canary'"
    assert await count(database, matching) == MANY
    assert len(await journal.on_day(DAY)) == MANY + 2
    await change(database, "CREATE INDEX by_text ON entries(text)")
    await change(database, "UPDATE entries SET text = text || ' again'", forgets=True)
    with suppress(KeyError):
        await database.write(fail_midway)
    await change(database, "DELETE FROM entries WHERE number % 2", forgets=True)
    await database.checkpoint()
    await database.close()
    again = await open_vault(folder, PASSWORD, SCHEMA)
    await change(again.database, "DROP TABLE others")
    await again.database.alone(lambda connection: connection.execute("VACUUM"))
    await again.database.close()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1])))
