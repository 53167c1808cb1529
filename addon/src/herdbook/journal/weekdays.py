"""What a day can begin with: a text for each weekday, SQL within the caller's transaction.

Kept beside the settings, but read only when it is wanted: it is what somebody wrote.
"""

from typing import Final

import apsw

from herdbook.errors import TextTooLong
from herdbook.journal.entry import clean_text

TEXT_LIMIT: Final = 10_000
"""Characters of one text."""
_NAMES: Final = tuple(f"weekday_{number}" for number in range(7))


def read(connection: apsw.Connection) -> list[str]:
    """Seven texts, Monday's first; empty where there is none."""
    rows = connection.execute("SELECT name, value FROM settings WHERE name GLOB 'weekday_*'")
    kept = {str(name): str(text) for name, text in rows}
    return [kept.get(name, "") for name in _NAMES]


def clean(texts: list[str]) -> list[str]:
    """Seven texts as they are kept. Raises `InputError`, `TextTooLong`."""
    cleaned = [clean_text(text) if text.strip(" \t\r\n\0") else "" for text in texts]
    if max(map(len, cleaned)) > TEXT_LIMIT:
        raise TextTooLong(
            f"What a day begins with holds {TEXT_LIMIT:,} characters.", fix="Make it shorter."
        )
    return cleaned


def write(connection: apsw.Connection, texts: list[str]) -> None:
    """Keep seven cleaned texts in place of those before."""
    connection.execute("DELETE FROM settings WHERE name GLOB 'weekday_*'")
    connection.executemany(
        "INSERT INTO settings VALUES(?, ?)",
        [(name, text) for name, text in zip(_NAMES, texts, strict=True) if text],
    )
