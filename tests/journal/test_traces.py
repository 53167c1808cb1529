"""The traces of entries on a real vault: given, taken off, merged, counted, never lost."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import apsw
import pytest

from herdbook.errors import EntryUnknown, InputError, TextTooLong, TraceUnknown
from herdbook.ids import random_id
from herdbook.journal import uses
from herdbook.journal.checks import problems
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.journal.trace import ENTRY_LIMIT, Trace
from herdbook.journal.traces import Traces
from herdbook.journal.uses import Sort
from herdbook.vault.database import Database
from herdbook.vault.inbox import Inbox
from herdbook.vault.vault import Vault
from tests.fakes.clock import ManualClock

DAY = date(2026, 11, 20)
DEK = bytes(range(32))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.create(tmp_path / "journal.db", DEK, SCHEMA)
    yield database
    # Whatever was done, the journal is one that Herdbook writes.
    assert await database.read(problems) == []
    keys = "PRAGMA foreign_key_check"
    assert await database.read(lambda connection: connection.execute(keys).fetchall()) == []
    await database.close()


@pytest.fixture
def journal(database: Database, tmp_path: Path) -> Journal:
    return Journal(Vault("v", database, Inbox(tmp_path / "inbox.db", "v"), ()), ManualClock())


@pytest.fixture
def traces(journal: Journal) -> Traces:
    return journal.traces


async def _write(journal: Journal, *names: str, day: date = DAY) -> str:
    """An entry with these traces; its id."""
    entry = await journal.add(day, "text")
    assert entry is not None
    for name in names:
        await journal.traces.add(entry.id, name)
    return entry.id


async def _names(traces: Traces, day: date = DAY) -> dict[str, list[str]]:
    found = await traces.on_day(day)
    return {entry: [trace.name for trace in given] for entry, given in found.items()}


async def _listed(traces: Traces, sort: Sort = "name", containing: str = "") -> dict[str, int]:
    listed, total = await traces.listed(sort, containing, limit=100)
    assert total == len(listed)
    return {use.trace.name: use.entries for use in listed}


async def _id(traces: Traces, name: str) -> str:
    return (await traces.named(name)).trace.id


async def test_a_trace_is_one_whatever_its_case_and_accents(
    journal: Journal, traces: Traces
) -> None:
    one, other = await _write(journal, "Café", "snow"), await _write(journal)
    given = await traces.add(other, "  CAFE ")
    assert given.name == "Café", "the form first written stays"
    assert await traces.add(one, "café") == given, "it has it already"
    assert await _names(traces) == {one: ["Café", "snow"], other: ["Café"]}
    assert await _listed(traces) == {"Café": 2, "snow": 1}
    assert (await traces.named("cafe")).trace == given


async def test_what_is_no_trace_is_refused_and_nothing_is_changed(
    journal: Journal, traces: Traces
) -> None:
    entry = await _write(journal)
    with pytest.raises(InputError):
        await traces.add(entry, "  ")
    with pytest.raises(TextTooLong):
        await traces.add(entry, "x" * 41)
    with pytest.raises(EntryUnknown):
        await traces.add(random_id(), "snow")
    with pytest.raises(EntryUnknown):
        await traces.remove(random_id(), random_id())
    for name in [str(number) for number in range(ENTRY_LIMIT)]:
        await traces.add(entry, name)
    with pytest.raises(InputError, match="at most 30 traces"):
        await traces.add(entry, "one too many")
    await traces.add(entry, "0")
    assert len(await _listed(traces)) == ENTRY_LIMIT


async def test_a_trace_that_no_entry_has_is_gone(journal: Journal, traces: Traces) -> None:
    one, other = await _write(journal, "snow"), await _write(journal, "Snow")
    snow = await _id(traces, "snow")
    await traces.remove(one, snow)
    await traces.remove(one, snow)
    assert await _names(traces) == {other: ["snow"]}
    await traces.remove(other, snow)
    assert await _listed(traces) == {}
    with pytest.raises(TraceUnknown):
        await traces.find(snow)
    # A name that is given again is a new trace, written as it is now.
    assert (await traces.add(one, "SNOW")).name == "SNOW"


async def test_an_entry_keeps_its_traces_while_it_is_deleted(
    journal: Journal, traces: Traces
) -> None:
    entry = await _write(journal, "walk", "a dog", "snow")
    other = await _write(journal, "snow")
    await journal.delete(entry)
    assert await _names(traces) == {other: ["snow"]}
    assert await _listed(traces) == {"snow": 1}
    assert await traces.complete("w", limit=9) == []
    await journal.restore(entry)
    assert (await _names(traces))[entry] == ["walk", "a dog", "snow"], "in their order"
    await journal.delete(entry)
    await journal.forget_deleted()
    assert await _listed(traces) == {"snow": 1}
    with pytest.raises(TraceUnknown):
        await traces.named("walk")


async def test_what_happens_to_a_trace_happens_to_deleted_entries_too(
    journal: Journal, traces: Traces
) -> None:
    entry = await _write(journal, "snw", "snow", "ice", "mud")
    await _write(journal, "snw", "snow", "ice", "mud")
    ids = {name: await _id(traces, name) for name in ("snw", "snow", "ice", "mud")}
    await journal.delete(entry)
    await traces.merge(ids["snw"], ids["snow"])
    await traces.delete(ids["ice"])
    await traces.rename(ids["mud"], "slush")
    await journal.restore(entry)
    assert (await _names(traces))[entry] == ["snow", "slush"]


async def test_an_entry_that_moves_takes_its_traces_along(journal: Journal, traces: Traces) -> None:
    entry = await _write(journal, "snow")
    await journal.change(entry, date(2025, 1, 1), "text")
    assert await _names(traces) == {}
    use = await traces.find(await _id(traces, "snow"))
    assert (use.first, use.last, use.entries) == (date(2025, 1, 1), date(2025, 1, 1), 1)
    await journal.delete(entry)
    await journal.restore(entry)
    assert await _names(traces, date(2025, 1, 1)) == {entry: ["snow"]}


async def test_renaming(journal: Journal, traces: Traces) -> None:
    entry = await _write(journal, "gadren", "shed")
    gadren, shed = await _id(traces, "gadren"), await _id(traces, "shed")
    assert await traces.rename(gadren, " garden ") == Trace(gadren, "garden")
    assert await traces.rename(gadren, "Gärden") == Trace(gadren, "Gärden"), "case alone"
    assert await traces.rename(gadren, "SHED") == Trace(shed, "shed"), "that is another"
    assert await _names(traces) == {entry: ["Gärden", "shed"]}
    with pytest.raises(InputError):
        await traces.rename(gadren, "")
    with pytest.raises(TraceUnknown):
        await traces.rename(random_id(), "x")
    # A name that only a deleted entry has is nobody else's.
    other = await _write(journal, "hidden")
    await journal.delete(other)
    assert await traces.rename(shed, "Hidden") == Trace(shed, "Hidden")
    await journal.restore(other)
    assert await _names(traces) == {entry: ["Gärden", "Hidden"], other: ["Hidden"]}


async def test_after_a_merge_every_entry_has_exactly_one(journal: Journal, traces: Traces) -> None:
    both = await _write(journal, "snw", "walk", "snow")
    old, new = await _write(journal, "snw"), await _write(journal, "snow")
    snw, snow = await _id(traces, "snw"), await _id(traces, "snow")
    await traces.merge(snw, snw)
    await traces.merge(snw, snow)
    assert await _names(traces) == {both: ["walk", "snow"], old: ["snow"], new: ["snow"]}
    assert await _listed(traces) == {"snow": 3, "walk": 1}
    for missing in ((snw, snow), (snow, snw)):
        with pytest.raises(TraceUnknown):
            await traces.merge(*missing)


async def test_deleting_a_trace_keeps_the_entries(journal: Journal, traces: Traces) -> None:
    entry = await _write(journal, "snow", "walk")
    await traces.delete(await _id(traces, "snow"))
    assert await _names(traces) == {entry: ["walk"]}
    assert len(await journal.on_day(DAY)) == 1
    with pytest.raises(TraceUnknown):
        await traces.delete(random_id())


async def test_the_list_in_its_orders(journal: Journal, traces: Traces) -> None:
    await _write(journal, "Élan", "zoo", day=date(2020, 1, 1))
    await _write(journal, "zoo", "apple", day=date(2024, 1, 1))
    await _write(journal, "zoo", day=date(2022, 1, 1))
    await _write(journal, "Élan", day=date(2023, 1, 1))
    assert list(await _listed(traces, "name")) == ["apple", "Élan", "zoo"]
    assert list((await _listed(traces, "used")).items()) == [("zoo", 3), ("Élan", 2), ("apple", 1)]
    assert list(await _listed(traces, "recent")) == ["apple", "zoo", "Élan"]
    assert await _listed(traces, "name", "LA") == {"Élan": 2}
    assert await _listed(traces, "name", "%") == {}
    zoo = await traces.find(await _id(traces, "zoo"))
    assert (zoo.first, zoo.last) == (date(2020, 1, 1), date(2024, 1, 1))
    page, total = await traces.listed("name", limit=1, offset=1)
    assert ([use.trace.name for use in page], total) == (["Élan"], 3)


async def test_completing_a_name(journal: Journal, traces: Traces) -> None:
    entry = await _write(journal, "Éclair", "echo")
    await _write(journal, "echo", "ECHO CHAMBER", "zebra")
    found = await traces.complete("EC", limit=9)
    assert [trace.name for trace in found] == ["echo", "ECHO CHAMBER", "Éclair"]
    found = await traces.complete("e", without=entry, limit=9)
    assert [trace.name for trace in found] == ["ECHO CHAMBER"]
    found = await traces.complete("", limit=2)
    assert [trace.name for trace in found] == ["echo", "ECHO CHAMBER"]
    assert await traces.complete("%", limit=9) == []
    assert await traces.complete("chamber", limit=9) == []


async def test_what_a_trace_appears_with(journal: Journal, traces: Traces) -> None:
    await _write(journal, "snow", "walk", "dog")
    await _write(journal, "snow", "walk", day=date(2001, 1, 1))
    await _write(journal, "dog", "cat")
    snow = await _id(traces, "snow")
    beside = await traces.appears_with(snow, limit=9)
    assert [(trace.name, count) for trace, count in beside] == [("walk", 2), ("dog", 1)]
    assert len(await traces.appears_with(snow, limit=1)) == 1
    assert await traces.appears_with(random_id(), limit=9) == []


async def test_counts_of_days(journal: Journal, traces: Traces) -> None:
    for day in (DAY, DAY, DAY - timedelta(days=30), DAY - timedelta(days=400)):
        await _write(journal, "snow", "walk", day=day)
    snow = await _id(traces, "snow")
    counts = await traces.per_day(snow, DAY - timedelta(days=365), DAY)
    assert counts == {DAY: 2, DAY - timedelta(days=30): 1}


async def test_a_traces_entries_come_in_whole_days(journal: Journal, traces: Traces) -> None:
    days = [DAY - timedelta(days=days) for days in (0, 0, 0, 1, 5, 400)]
    written = [await _write(journal, "snow", "walk", day=day) for day in reversed(days)]
    await _write(journal, "walk")
    snow = await _id(traces, "snow")
    newest = await traces.stretch(snow, least=2)
    assert [one.entry.id for one in newest.entries] == written[:2:-1]
    assert [trace.name for trace in newest.entries[0].traces] == ["snow", "walk"]
    assert newest.older == DAY
    older = await traces.stretch(snow, newest.older, least=3)
    assert [one.entry.day for one in older.entries] == days[3:]
    assert older.older is None
    assert (await traces.stretch(snow, date(1999, 1, 1), least=3)).entries == []


async def test_a_name_that_is_gone_is_not_in_the_file(tmp_path: Path) -> None:
    database = await Database.create(tmp_path / "other.db", DEK, SCHEMA)
    journal = Journal(Vault("v", database, Inbox(tmp_path / "inbox.db", "v"), ()), ManualClock())
    traces = journal.traces
    entry = await _write(journal, "canary one", "canary two", "canary three", "stays")
    await traces.remove(entry, await _id(traces, "canary one"))
    await traces.rename(await _id(traces, "canary two"), "sparrow")
    await traces.delete(await _id(traces, "canary three"))
    await database.close()
    path = tmp_path / "other.db"
    with closing(apsw.Connection(str(path))) as sealed:
        sealed.pragma("cipher", "chacha20")
        sealed.execute(f'PRAGMA key = "raw:{DEK.hex()}"')
        sealed.pragma("journal_mode", "delete")
        sealed.pragma("rekey", "")
    assert b"canary" not in path.read_bytes()
    assert b"stays" in path.read_bytes(), "this is how one would find it"


@pytest.mark.parametrize(
    "question",
    [
        lambda c: uses.listed(c, "used", "x", 100, 0),
        lambda c: uses.complete(c, "x", None, 8),
        lambda c: uses.appears_with(c, "0" * 32, 30),
        lambda c: uses.per_day(c, "0" * 32, DAY, DAY),
    ],
)
async def test_counting_reads_no_entry(
    database: Database, question: Callable[[apsw.Connection], object]
) -> None:
    """An entry has many pages, and each has to be unsealed."""
    asked: list[tuple[str, tuple[str, ...]]] = []

    def explain(connection: apsw.Connection) -> list[str]:
        connection.exec_trace = lambda _, sql, values: asked.append((sql, values)) or True
        try:
            question(connection)
        finally:
            connection.exec_trace = None
        return [
            str(step[3])
            for sql, values in asked
            for step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)
        ]

    steps = await database.read(explain)
    assert any("COVERING INDEX entry_traces_day (trace=?" in step for step in steps)
    reading = [step for step in steps if re.match("(SCAN|SEARCH) entries", step)]
    assert all("COVERING INDEX" in step for step in reading)
    assert not any(step.startswith("SCAN entry_traces") for step in steps)
