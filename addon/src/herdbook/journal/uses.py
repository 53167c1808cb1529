"""Where traces are used, how often and since when: SQL on an open vault, reading only.

What is counted is read from one index; no text of an entry is read for it.
"""

from datetime import date
from typing import Final, Literal

import apsw
import msgspec

from herdbook.journal.entry import Entry
from herdbook.journal.links import trace_unknown
from herdbook.journal.trace import Trace, fold

Sort = Literal["name", "used", "recent"]
"""By name; by the number of entries, most first; by the day last used, latest first."""

# Above every other character, in SQLite's order of bytes too.
_BEYOND: Final = "\U0010ffff"
_COUNT: Final = "(SELECT count(*) FROM entry_traces WHERE trace = traces.number)"
_FIRST: Final = "(SELECT min(day) FROM entry_traces WHERE trace = traces.number)"
_LAST: Final = "(SELECT max(day) FROM entry_traces WHERE trace = traces.number)"
# Those that only deleted entries have are nowhere seen.
_IN_USE: Final = f"{_FIRST} IS NOT NULL"
_ORDER: Final[dict[Sort, str]] = {
    "name": "folded",
    "used": f"{_COUNT} DESC, folded",
    "recent": f"{_LAST} DESC, folded",
}


class Use(msgspec.Struct, frozen=True):
    """A trace, how many entries have it, and the first and the last of their days."""

    trace: Trace
    entries: int
    first: date
    last: date


class Traced(msgspec.Struct, frozen=True):
    """An entry and all its traces, in the order in which they were given."""

    entry: Entry
    traces: list[Trace]


class Stretch(msgspec.Struct, frozen=True):
    """Some whole days of a trace's entries, newest first; older ones lie before `older`, if any."""

    entries: list[Traced]
    older: date | None


def listed(
    connection: apsw.Connection, sort: Sort, containing: str, limit: int, offset: int
) -> tuple[list[Use], int]:
    """So many traces whose name contains a text, whatever its case and accents; and of how many."""
    found = f"FROM traces WHERE instr(folded, ?) AND {_IN_USE}"
    name = fold(containing)
    total = connection.execute(f"SELECT count(*) {found}", (name,)).fetchone()
    # What is shown of each is read after all others were left out.
    rows = connection.execute(
        f"SELECT id, name, {_COUNT}, {_FIRST}, {_LAST} FROM ("  # noqa: S608
        f"SELECT number, id, name {found} ORDER BY {_ORDER[sort]} LIMIT ? OFFSET ?"
        ") AS traces",
        (name, limit, offset),
    )
    return [_use(*row) for row in rows], 0 if total is None else total[0]


def find(connection: apsw.Connection, trace_id: str) -> Use:
    """A trace and its use. Raises `TraceUnknown`, also where only deleted entries have it."""
    row = connection.execute(
        f"SELECT id, name, {_COUNT}, {_FIRST}, {_LAST} "  # noqa: S608
        f"FROM traces WHERE id = ? AND {_IN_USE}",
        (trace_id,),
    ).fetchone()
    if row is None:
        raise trace_unknown()
    return _use(*row)


def named(connection: apsw.Connection, name: str) -> Use:
    """The trace of that name, whatever its case and accents. Raises `TraceUnknown`."""
    row = connection.execute("SELECT id FROM traces WHERE folded = ?", (fold(name),)).fetchone()
    if row is None:
        raise trace_unknown()
    return find(connection, row[0])


def complete(
    connection: apsw.Connection, beginning: str, without: str | None, limit: int
) -> list[Trace]:
    """Traces whose name begins like that, whatever its case and accents, the most used first.

    Those that the entry of the id `without` has already are left out.
    """
    folded = fold(beginning)
    return [
        Trace(trace_id, name)
        for trace_id, name in connection.execute(
            f"SELECT id, name FROM traces WHERE folded BETWEEN ?1 AND ?2 AND {_IN_USE} "  # noqa: S608
            "AND number NOT IN (SELECT trace FROM entry_traces "
            "WHERE entry = (SELECT number FROM entries WHERE id = ?3)) "
            f"ORDER BY {_ORDER['used']} LIMIT ?4",
            (folded, folded + _BEYOND, without, limit),
        )
    ]


def appears_with(connection: apsw.Connection, trace_id: str, limit: int) -> list[tuple[Trace, int]]:
    """The traces that most entries of a trace have beside it, and how many have each."""
    return [
        (Trace(other, name), count)
        for other, name, count in connection.execute(
            "SELECT traces.id, traces.name, beside.count FROM ("
            "SELECT other.trace AS trace, count(*) AS count "
            "FROM entry_traces AS mine JOIN entry_traces AS other "
            "ON other.entry = mine.entry AND other.trace <> mine.trace "
            "WHERE mine.trace = (SELECT number FROM traces WHERE id = ?) GROUP BY other.trace"
            ") AS beside JOIN traces ON traces.number = beside.trace "
            "ORDER BY beside.count DESC, traces.folded LIMIT ?",
            (trace_id, limit),
        )
    ]


def per_day(connection: apsw.Connection, trace_id: str, first: date, last: date) -> dict[date, int]:
    """How many entries of a trace each day from `first` to `last` has; others are left out."""
    return {
        date.fromisoformat(day): count
        for day, count in connection.execute(
            "SELECT day, count(*) FROM entry_traces "
            "WHERE trace = (SELECT number FROM traces WHERE id = ?) AND day BETWEEN ? AND ? "
            "GROUP BY day",
            (trace_id, first.isoformat(), last.isoformat()),
        )
    }


def stretch(connection: apsw.Connection, trace_id: str, before: date | None, least: int) -> Stretch:
    """A trace's entries before a day, or the newest: whole days, until `least` are together."""
    until = _BEYOND if before is None else before.isoformat()
    days: list[str] = []
    count, older = 0, None
    for day, entries in connection.execute(
        "SELECT day, count(*) FROM entry_traces "
        "WHERE trace = (SELECT number FROM traces WHERE id = ?) AND day < ? "
        "GROUP BY day ORDER BY day DESC LIMIT ?",
        (trace_id, until, least + 1),
    ):
        if count < least:
            days.append(day)
            count += entries
        elif older is None:
            older = date.fromisoformat(days[-1])
    if not days:
        return Stretch([], None)
    found = [
        Traced(Entry(entry_id, date.fromisoformat(day), *rest), _of(connection, number))
        for number, entry_id, day, *rest in connection.execute(
            "SELECT number, entries.id, entries.day, created_ms, text, author, source, edited_ms "
            "FROM entry_traces JOIN entries ON number = entry "
            "WHERE trace = (SELECT number FROM traces WHERE id = ?) "
            "AND entry_traces.day BETWEEN ? AND ? "
            "ORDER BY entry_traces.day DESC, created_ms DESC, number DESC",
            (trace_id, days[-1], days[0]),
        )
    ]
    return Stretch(found, older)


def on_day(connection: apsw.Connection, day: date) -> dict[str, list[Trace]]:
    """The traces of a day's entries, by the entry's id; entries without any are left out."""
    found: dict[str, list[Trace]] = {}
    for entry_id, trace_id, name in connection.execute(
        "SELECT entries.id, traces.id, name FROM entries "
        "JOIN entry_traces ON entry = entries.number JOIN traces ON traces.number = trace "
        "WHERE entries.day = ? ORDER BY entry_traces.rowid",
        (day.isoformat(),),
    ):
        found.setdefault(entry_id, []).append(Trace(trace_id, name))
    return found


def _of(connection: apsw.Connection, entry: int) -> list[Trace]:
    return [
        Trace(*row)
        for row in connection.execute(
            "SELECT id, name FROM entry_traces JOIN traces ON number = trace "
            "WHERE entry = ? ORDER BY entry_traces.rowid",
            (entry,),
        )
    ]


def _use(trace_id: str, name: str, entries: int, first: str, last: str) -> Use:
    return Use(Trace(trace_id, name), entries, date.fromisoformat(first), date.fromisoformat(last))
