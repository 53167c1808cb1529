from pathlib import Path

import pytest

from herdbook.errors import InputError, TextTooLong
from herdbook.journal import settings, weekdays
from herdbook.journal.journal import SCHEMA
from herdbook.journal.settings import Settings
from herdbook.vault.database import Database


async def test_each_weekday_has_its_text(tmp_path: Path) -> None:
    database = await Database.create(tmp_path / "journal.db", bytes(32), SCHEMA)
    try:
        assert await database.read(weekdays.read) == [""] * 7
        texts = weekdays.clean(["# Monday\r\n- ", "", " \r\n\0", "x", "", "", "ü"])
        assert texts == ["# Monday\n-", "", "", "x", "", "", "ü"]
        await database.write(lambda connection: weekdays.write(connection, texts))
        await database.write(lambda connection: settings.write(connection, Settings("dark")))
        assert await database.read(weekdays.read) == texts
        assert await database.read(settings.read) == Settings("dark")
        await database.write(lambda connection: weekdays.write(connection, [""] * 7))
        assert await database.read(weekdays.read) == [""] * 7
    finally:
        await database.close()


def test_what_cannot_be_kept_is_refused() -> None:
    with pytest.raises(TextTooLong):
        weekdays.clean(["x" * (weekdays.TEXT_LIMIT + 1), *[""] * 6])
    with pytest.raises(InputError):
        weekdays.clean(["\ud800", *[""] * 6])
