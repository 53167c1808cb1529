"""Which days have something written: SQL on the index of days alone, no text is read."""

from datetime import date
from typing import Final

import apsw

from herdbook.journal.entry import read_day

# Each by itself: both at once would look at all days.
_SPAN: Final = "SELECT (SELECT min(day) FROM entries), (SELECT max(day) FROM entries)"
# Year by year, each on the index of days.
_SAME_DAYS: Final = """
WITH RECURSIVE years(year, last) AS (
    SELECT CAST(substr((SELECT min(day) FROM entries), 1, 4) AS INTEGER),
        CAST(substr((SELECT max(day) FROM entries), 1, 4) AS INTEGER)
    UNION ALL
    SELECT year + 1, last FROM years WHERE year < last
)
SELECT day, count(*) FROM years CROSS JOIN entries ON day = format('%04d-%s', year, :month_day)
WHERE day <> :day GROUP BY day ORDER BY day DESC
"""


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
    first, last = connection.execute(_SPAN).fetchall()[0]
    return None if first is None else (read_day(str(first)).year, read_day(str(last)).year)


def same_days(connection: apsw.Connection, day: date) -> list[tuple[date, int]]:
    """Other years' days of the same month and day, the latest first, and their entries' number."""
    return [
        (date.fromisoformat(other), count)
        for other, count in connection.execute(
            _SAME_DAYS, {"day": day.isoformat(), "month_day": day.isoformat()[5:]}
        )
    ]
