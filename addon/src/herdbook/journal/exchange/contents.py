"""What of a journal goes out: SQL on an open vault, reading only.

Which entries there are is asked once, their texts a few at a time: no read is long, and no copy of
a whole journal is in memory.
"""

from datetime import date
from itertools import groupby

import apsw

from herdbook.journal import attached
from herdbook.journal.exchange.passed import Leaving, Passed
from herdbook.journal.history import Version


def days(connection: apsw.Connection) -> list[tuple[date, list[int]]]:
    """Every written day, the first one first, and the numbers of its entries in their order."""
    rows = connection.execute("SELECT day, number FROM entries ORDER BY day, created_ms, number")
    return [
        (date.fromisoformat(day), [number for _, number in group])
        for day, group in groupby(rows, key=lambda row: str(row[0]))
    ]


def of_day(connection: apsw.Connection, day: date, numbers: list[int]) -> list[Leaving]:
    """Those entries as they are now, on that day; those that are gone meanwhile are left out."""
    found: list[Leaving] = []
    for number in numbers:
        row = connection.execute(
            "SELECT id, created_ms, text, author, source, edited_ms FROM entries WHERE number = ?",
            (number,),
        ).fetchone()
        if row is not None:
            entry_id, created_ms, text, author, source, edited_ms = row
            traces, versions = _traces(connection, number), _versions(connection, entry_id)
            about = (author, source, edited_ms, traces, versions)
            entry = Passed(entry_id, day, created_ms, text, *about)
            files = attached.of_entries(connection, [entry_id]).get(entry_id, [])
            found.append(Leaving(entry, files))
    return found


def _traces(connection: apsw.Connection, number: int) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM entry_traces JOIN traces ON number = trace "
        "WHERE entry = ? ORDER BY entry_traces.rowid",
        (number,),
    )
    return [name for (name,) in rows]


def _versions(connection: apsw.Connection, entry_id: str) -> list[Version]:
    rows = connection.execute(
        "SELECT written_ms, text FROM versions WHERE entry_id = ? ORDER BY number", (entry_id,)
    )
    return [Version(*row) for row in rows]
