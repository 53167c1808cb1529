"""Which days have something written: SQL on the index of days alone, no text is read."""

from datetime import date

import apsw

from herdbook.journal.entry import read_day


def counts(connection: apsw.Connection, first: date, last: date) -> dict[date, int]:
    """How many entries each day from `first` to `last` has; days without any are left out."""
    return {
        date.fromisoformat(day): count
        for day, count in connection.execute(
            "SELECT day, count(*) FROM entries WHERE day BETWEEN ? AND ? GROUP BY day",
            (first.isoformat(), last.isoformat()),
        )
    }


def years(connection: apsw.Connection) -> tuple[int, int] | None:
    """The first and the last year with an entry; None in an empty journal."""
    first, last = connection.execute("SELECT min(day), max(day) FROM entries").fetchall()[0]
    return None if first is None else (read_day(str(first)).year, read_day(str(last)).year)


def same_days(connection: apsw.Connection, day: date) -> list[tuple[date, int]]:
    """Other years' days of the same month and day, the latest first, and their entries' number."""
    return [
        (date.fromisoformat(other), count)
        for other, count in connection.execute(
            "SELECT day, count(*) FROM entries "
            "WHERE substr(day, 6) = ? AND day <> ? GROUP BY day ORDER BY day DESC",
            (day.isoformat()[5:], day.isoformat()),
        )
    ]
