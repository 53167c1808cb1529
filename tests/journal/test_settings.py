from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from herdbook.journal import settings
from herdbook.journal.journal import SCHEMA
from herdbook.journal.settings import Settings
from herdbook.vault.database import Database

CHOSEN = Settings(
    "dark", "larger", "12", "sunday", enter_sends=False, lock_after_min=240, language="nl"
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.create(tmp_path / "journal.db", bytes(32), SCHEMA)
    yield database
    await database.close()


async def test_settings_are_as_they_come_until_they_are_chosen(database: Database) -> None:
    assert await database.read(settings.read) == Settings()
    await database.write(lambda connection: settings.write(connection, CHOSEN))
    assert await database.read(settings.read) == CHOSEN
    await database.write(lambda connection: settings.write(connection, Settings()))
    assert await database.read(settings.read) == Settings()


@pytest.mark.parametrize("value", ['"sepia"', "7", "null", "not JSON", "", '"dark" '])
async def test_what_another_release_kept_does_no_harm(database: Database, value: str) -> None:
    """Each value is read by itself; those this release does not know stay in the vault."""

    def keep(connection: apsw.Connection) -> None:
        settings.write(connection, CHOSEN)
        connection.execute("UPDATE settings SET value = ? WHERE name = 'theme'", (value,))
        connection.execute("INSERT INTO settings VALUES('later', '[1]')")

    await database.write(keep)
    found = await database.read(settings.read)
    assert found.theme == ("dark" if value.strip() == '"dark"' else "system")
    assert found.text_size == "larger"
    await database.write(lambda connection: settings.write(connection, found))
    names = "SELECT value FROM settings WHERE name = 'later'"
    assert await database.read(lambda connection: connection.execute(names).get) == "[1]"
