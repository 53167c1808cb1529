"""What was searched for last: SQL within the caller's transaction. It is sealed like everything."""

from typing import Final

import apsw

KEPT: Final = 10


def remember(connection: apsw.Connection, text: str, now: int) -> None:
    """Keep a search as the newest, and no more than `KEPT`."""
    connection.execute("DELETE FROM searches WHERE text = ?", (text,))
    connection.execute("INSERT INTO searches(text, searched_ms) VALUES(?, ?)", (text, now))
    connection.execute(
        "DELETE FROM searches WHERE number NOT IN "
        "(SELECT number FROM searches ORDER BY number DESC LIMIT ?)",
        (KEPT,),
    )


def recent(connection: apsw.Connection) -> list[str]:
    """What was searched for, the last first."""
    return [
        text for (text,) in connection.execute("SELECT text FROM searches ORDER BY number DESC")
    ]


def forget(connection: apsw.Connection) -> None:
    """Forget all of them."""
    connection.execute("DELETE FROM searches")
