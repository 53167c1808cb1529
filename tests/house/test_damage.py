"""A house book on a card that gives back something else: it is said, and changes nothing."""

from datetime import UTC
from pathlib import Path

import pytest

from herdbook.embedding.model import Model
from herdbook.eventlog.database import DatabaseDamaged
from herdbook.house.asked import Asked
from herdbook.house.book import HouseBook
from tests.eventlog.samples import SYNCED_MS
from tests.fakes.clock import ManualClock
from tests.house.household import Teller, noticed


async def spoil(book: HouseBook, change: str, *values: object) -> None:
    await book._write(lambda c: c.execute(change, values))


async def test_a_block_that_rots_is_neither_shown_nor_added_to(
    book: HouseBook, hallway: Teller
) -> None:
    await hallway.measure((SYNCED_MS, 20.5), (SYNCED_MS + 1000, 20.7))
    series = await hallway.series()
    await spoil(book, "UPDATE block SET columns = ?", b"\1" + bytes(range(40)))
    with pytest.raises(DatabaseDamaged, match="damaged") as said:
        await book.readings(series.id, 0, 2 * SYNCED_MS)
    assert "backup" in said.value.fix
    have = await book.have(hallway.node_id)
    many = [(SYNCED_MS + 2000 + number, float(number)) for number in range(1100)]
    with pytest.raises(DatabaseDamaged):
        await hallway.measure(*many)
    assert await book.have(hallway.node_id) == have
    assert [hour.count for hour in await book.by_hour(series.id, 0, 2 * SYNCED_MS)] == [2]


async def test_an_index_that_leads_nowhere_is_said(book: HouseBook, hallway: Teller) -> None:
    await hallway.tell(noticed(hallway, "The air is thick."))
    recall = book.recall(Model(None))
    await recall.catch_up()
    await spoil(book, "UPDATE passage SET number = 99")
    with pytest.raises(DatabaseDamaged):
        await recall.ask(Asked("air"))


@pytest.mark.parametrize("column", ["kind", "sensor_name"])
async def test_a_column_that_has_another_name_is_said(
    book: HouseBook, hallway: Teller, column: str
) -> None:
    await spoil(book, f"ALTER TABLE observation RENAME COLUMN {column} TO other")
    with pytest.raises(DatabaseDamaged):
        await hallway.tell(noticed(hallway, "The air is thick."))


async def test_words_that_are_no_text_any_more_are_said(book: HouseBook, hallway: Teller) -> None:
    await spoil(book, "UPDATE node SET name = CAST(x'48ff' AS TEXT)")
    with pytest.raises(DatabaseDamaged):
        await book.nodes()


async def test_a_schema_that_rots_is_said_at_the_start(tmp_path: Path, clock: ManualClock) -> None:
    await (await HouseBook.open(tmp_path, clock, UTC)).close()
    path = tmp_path / "house.db"
    written = path.read_bytes()
    assert b"CREATE TABLE quarantine" in written
    path.write_bytes(written.replace(b"CREATE TABLE quarantine", b"CREATE TABLE \xf1uarantine"))
    with pytest.raises(DatabaseDamaged, match=r"house\.db is damaged"):
        await HouseBook.open(tmp_path, clock, UTC)
