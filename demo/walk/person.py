"""A person writes: creating a vault, writing, locking, unlocking, and what the disk gives away."""

import sqlite3
from contextlib import closing
from typing import Final

from demo.errors import DemoError
from demo.plaintext import find
from demo.walk.visit import Visit

_ENTRIES: Final = (
    "The first frost. The roses by the door are still out.",
    "Soup for supper; naïvely doubled the chilli. “Never again,” says everybody.",
)


async def creates_a_vault(visit: Visit) -> str:
    """Create a vault in the panel and type the recovery code back."""
    visit.recovery_code = await visit.panel.create_vault(visit.name, visit.password)
    digits = len(visit.recovery_code.replace(" ", "").replace("-", ""))
    return f"a vault was created; its recovery code ({digits} characters) was typed back"


async def writes(visit: Visit) -> str:
    """Write entries and see them on the day's page."""
    for text in _ENTRIES:
        await visit.panel.write(text)
        visit.written.append(text)
    await visit.enter()
    return f"{len(_ENTRIES)} entries were written and stand on the day's page"


async def locks_and_unlocks(visit: Visit) -> str:
    """Lock, then unlock with the password, and once more with the recovery code."""
    await visit.panel.lock()
    await visit.enter()
    await visit.panel.lock()
    await visit.enter(visit.recovery_code)
    return "locked, no entry on the page; unlocked by password and by recovery code, all are back"


async def finds_it_after_a_restart(visit: Visit) -> str:
    """Restart the Llama: locked at first, then everything is still there."""
    await visit.product.llama.stop()
    await visit.product.llama.start()
    await visit.enter()
    return "after a restart of the Llama every entry is still there"


async def keeps_it_unreadable(visit: Visit) -> str:
    """No entry stands in any file of the Llama, and its database opens for nobody without a key."""
    data = visit.product.llama.data
    for text in visit.written:
        if places := find(data, text):
            raise DemoError(
                f"An entry stands in plain in {', '.join(places)}.",
                fix="Keep journal text out of every file but the sealed database.",
            )
    databases = list(data.rglob("journal.db"))
    if not databases:
        raise DemoError(f"There is no journal.db under {data}.")
    for database in databases:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            try:
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            except sqlite3.DatabaseError as refusal:
                return f"its file is unreadable without the password ({refusal})"
    raise DemoError("The journal's database opens without a key.")
