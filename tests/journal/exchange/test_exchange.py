"""Bringing entries into a real vault and taking them back, exactly."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from herdbook.journal.checks import problems
from herdbook.journal.exchange.arrivals import Known
from herdbook.journal.exchange.exchange import STEP
from herdbook.journal.exchange.passed import Passed
from herdbook.journal.history import Version
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.journal.query import read_query
from herdbook.vault.database import Database
from herdbook.vault.inbox import Inbox
from herdbook.vault.vault import Vault
from tests.fakes.clock import ManualClock

DAY = date(2026, 11, 20)
WHOLE = Passed(
    f"{1:032x}",
    DAY,
    5,
    "The first snow.",
    "house",
    "Front door",
    7,
    ["snow"],
    [Version(5, "Rain.")],
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.create(tmp_path / "journal.db", bytes(32), SCHEMA)
    yield database
    assert await database.read(problems) == []
    keys = "PRAGMA foreign_key_check"
    assert await database.read(lambda connection: connection.execute(keys).fetchall()) == []
    await database.close()


@pytest.fixture
def journal(database: Database, tmp_path: Path) -> Journal:
    return Journal(Vault("v", database, Inbox(tmp_path / "inbox.db", "v"), ()), ManualClock())


def plain(number: int, text: str = "text") -> Passed:
    return Passed(f"{number:032x}", DAY, number, text, "person")


async def bring_in(journal: Journal, *entries: Passed) -> str:
    import_id = await journal.exchange.begin("json")
    await journal.exchange.take_in(import_id, list(entries))
    return import_id


async def take_back(journal: Journal, import_id: str) -> int:
    while await journal.exchange.take_back(import_id):
        pass
    return await journal.exchange.forget_import(import_id)


async def everything(journal: Journal) -> list[Passed]:
    days = await journal.exchange.days()
    return [one.entry for day in days for one in await journal.exchange.of_day(*day)]


async def test_what_comes_in_is_whole(journal: Journal) -> None:
    await bring_in(journal, WHOLE, plain(2))
    assert await everything(journal) == [plain(2), WHOLE]
    found = await journal.search(read_query("snow"))
    assert [one.id for one in found.found] == [WHOLE.id]


async def test_the_same_file_again_adds_nothing(journal: Journal) -> None:
    await bring_in(journal, WHOLE, plain(2))
    changed = plain(2, "another text")
    assert await journal.exchange.known([WHOLE, changed, plain(3)]) == Known(
        frozenset({WHOLE.id, changed.id}), 1
    )
    again = await journal.exchange.begin("json")
    assert await journal.exchange.take_in(again, [WHOLE, changed]) == 0
    assert await everything(journal) == [plain(2), WHOLE]
    assert [one.entries for one in await journal.exchange.imports()] == [2]


async def test_undo_takes_exactly_its_entries(journal: Journal) -> None:
    own = await journal.add(DAY, "my own")
    assert own
    await journal.traces.add(own.id, "Snow")
    other = await bring_in(journal, plain(2))
    import_id = await bring_in(journal, WHOLE, *(plain(number) for number in range(2, STEP + 9)))
    imports = await journal.exchange.imports()
    assert [(one.id, one.entries) for one in imports] == [(import_id, STEP + 7), (other, 1)]
    assert await take_back(journal, import_id) == 0
    texts = [(entry.id, entry.traces) for entry in await everything(journal)]
    assert texts == [(plain(2).id, []), (own.id, ["Snow"])]
    assert await journal.versions(WHOLE.id) == []
    assert [one.id for one in await journal.exchange.imports()] == [other]


async def test_undo_keeps_what_was_changed_since(journal: Journal) -> None:
    import_id = await bring_in(journal, WHOLE, plain(2))
    await journal.change(WHOLE.id, DAY, "The second snow.")
    assert await take_back(journal, import_id) == 1
    assert [entry.text for entry in await everything(journal)] == ["The second snow."]
    assert await journal.exchange.imports() == []


async def test_a_trace_goes_with_its_last_entry(journal: Journal) -> None:
    await take_back(journal, await bring_in(journal, WHOLE))
    assert await journal.traces.listed("name", limit=9) == ([], 0)


async def test_a_deleted_entry_does_not_come_in_beside_itself(journal: Journal) -> None:
    import_id = await bring_in(journal, WHOLE, plain(2))
    await journal.delete(WHOLE.id)
    assert await journal.exchange.known([WHOLE]) == Known(frozenset({WHOLE.id}), 0)
    assert await journal.exchange.take_in(import_id, [WHOLE]) == 0
    await journal.restore(WHOLE.id)
    await journal.delete(WHOLE.id)
    await journal.forget_deleted()
    assert [one.entries for one in await journal.exchange.imports()] == [1]
    again = await journal.exchange.begin("json")
    assert await journal.exchange.take_in(again, [WHOLE]) == 1


async def test_an_unknown_import_has_nothing_to_take_back(journal: Journal) -> None:
    await bring_in(journal, WHOLE)
    assert await journal.exchange.take_back("0" * 32) == 0
    assert await journal.exchange.forget_import("0" * 32) == 0
    assert await everything(journal) == [WHOLE]


async def test_what_is_gone_amid_an_export_is_left_out(journal: Journal) -> None:
    await bring_in(journal, WHOLE, plain(2))
    ((day, numbers),) = await journal.exchange.days()
    await journal.delete(WHOLE.id)
    assert [one.entry for one in await journal.exchange.of_day(day, numbers)] == [plain(2)]
