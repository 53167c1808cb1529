"""Which days have something written: SQL on the index of days alone, no text is read."""

from datetime import date
from typing import Final

import apsw

from herdbook.journal.entry import read_day

# From one to the next on the index of days: not all days are looked at.
_YEARS: Final = """
WITH RECURSIVE firsts(day) AS (
    SELECT min(day) FROM entries
    UNION ALL
    SELECT (SELECT min(day) FROM entries WHERE day >= format('%04d', substr(firsts.day, 1, 4) + 1))
    FROM firsts WHERE firsts.day < '9999'
)
SELECT day FROM firsts WHERE day IS NOT NULL
"""
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


def years(connection: apsw.Connection) -> list[int]:
    """The years with an entry, in order."""
    return [read_day(str(day)).year for (day,) in connection.execute(_YEARS)]


def same_days(connection: apsw.Connection, day: date) -> list[tuple[date, int]]:
    """Other years' days of the same month and day, the latest first, and their entries' number."""
    return [
        (date.fromisoformat(other), count)
        for other, count in connection.execute(
            _SAME_DAYS, {"day": day.isoformat(), "month_day": day.isoformat()[5:]}
        )
    ]
