"""Search on a real vault: what is found, in which order, and what is never found again."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from herdbook.journal import indexing
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.journal.query import read_query
from herdbook.journal.search import PAGE, Order
from herdbook.journal.searches import KEPT
from herdbook.query import QUERY_LIMIT
from herdbook.vault.database import Database
from herdbook.vault.inbox import Inbox
from herdbook.vault.vault import Vault
from tests.fakes.clock import ManualClock
from tests.journal.earlier import journal_of

DAY = date(2026, 11, 20)
DEK = bytes(range(32))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.create(tmp_path / "journal.db", DEK, SCHEMA)
    yield database
    await database.close()


@pytest.fixture
def journal(database: Database, tmp_path: Path) -> Journal:
    return Journal(Vault("v", database, Inbox(tmp_path / "inbox.db", "v"), ()), ManualClock())


async def written(journal: Journal, *texts: str, day: date = DAY) -> list[str]:
    """Entries, a day apart, the last one newest; their ids."""
    ids = []
    for number, text in enumerate(texts):
        entry = await journal.add(day - timedelta(days=len(texts) - 1 - number), text)
        assert entry is not None
        ids.append(entry.id)
    return ids


async def found(journal: Journal, typed: str, order: Order = "newest") -> list[str]:
    """What is found, the words that were looked for in brackets."""
    page = await journal.search(read_query(typed), order)
    assert page.total == len(page.found)
    return [
        "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in one.pieces)
        for one in page.found
    ]


async def test_words_are_found_in_any_order_case_and_accent(journal: Journal) -> None:
    await written(journal, "Ein schöner Abend in ZÜRICH", "Schon wieder Regen")
    assert await found(journal, "zurich schoner ") == ["Ein [schöner] Abend in [ZÜRICH]"]
    assert await found(journal, "Schön ") == ["[Schon] wieder Regen"]
    assert await found(journal, "zurich regen ") == []


async def test_a_phrase_is_found_as_it_stands(journal: Journal) -> None:
    await written(journal, "the first snow", "snow, the first", "first of all: snow")
    assert await found(journal, '"first snow"') == ["the [first snow]"]
    assert await found(journal, '"FIRST, snow!"') == ["the [first snow]"]


async def test_the_last_word_may_go_on_and_the_whole_word_comes_first(journal: Journal) -> None:
    await written(journal, "snow", "a snowman", "the snowmen")
    best = await found(journal, "snow", "best")
    assert best == ["[snow]", "a [snowman]", "the [snowmen]"]
    assert await found(journal, "snowm* ") == ["the [snowmen]", "a [snowman]"]
    assert await found(journal, "snow ") == ["[snow]"]


async def test_what_is_not_wanted_is_left_out(journal: Journal) -> None:
    await written(journal, "sea and sand", "sea and sun", "a hill")
    assert await found(journal, "sea -sand") == ["[sea] and sun"]
    assert await found(journal, "-sea") == ["a hill"]
    assert await found(journal, '-"sea and" -hill') == []


async def test_time_narrows_a_search_and_is_one_by_itself(journal: Journal) -> None:
    await journal.add(date(2024, 2, 29), "a leap of snow")
    await journal.add(date(2025, 1, 1), "new snow")
    await journal.add(date(2026, 1, 1), "newest snow")
    assert await found(journal, "snow before:2025 ") == ["a leap of [snow]"]
    assert await found(journal, "after:2024 before:2026") == ["new snow"]
    assert await found(journal, "on:2024-02-29") == ["a leap of snow"]
    assert await found(journal, "after:2024 -newest") == ["new snow"]
    assert await found(journal, "on:2024-03") == []


async def test_traces_narrow_a_search_and_are_one_by_themselves(journal: Journal) -> None:
    sea, hill, town = await written(journal, "a day at sea", "a day on the hill", "a day in town")
    for entry_id, names in ((sea, ["Ada", "Holiday"]), (hill, ["ada", "Ben"]), (town, ["work"])):
        for name in names:
            await journal.traces.add(entry_id, name)
    assert await found(journal, "trace:ada") == ["a day on the hill", "a day at sea"]
    assert await found(journal, "day trace:ada trace:holiday ") == ["a [day] at sea"]
    assert await found(journal, "day -trace:ada ") == ["a [day] in town"]
    assert await found(journal, "trace:ada -trace:ben -hill") == ["a day at sea"]
    assert await found(journal, "trace:nobody") == []
    assert await found(journal, '"a day" trace:ADA', "best") != []


async def test_the_best_come_first_or_the_newest(journal: Journal) -> None:
    long = "snow once in a long entry about many other things of that day and the next"
    await written(journal, "snow snow snow", long)
    assert (await found(journal, "snow ", "best"))[0].startswith("[snow] [snow]")
    assert (await found(journal, "snow ", "newest"))[0].startswith("[snow] once")


@pytest.mark.parametrize("order", ["best", "newest"])
async def test_all_is_found_page_by_page(journal: Journal, order: Order) -> None:
    count = 2 * PAGE + 3
    await written(journal, *(f"snow {number}" for number in range(count)))
    query, seen, offset = read_query("snow "), [], 0
    while True:
        page = await journal.search(query, order, offset)
        seen += [one.id for one in page.found]
        assert page.total == count
        if page.next is None:
            break
        offset = page.next
    assert len(seen) == len(set(seen)) == count
    beyond = await journal.search(query, order, 1_000)
    assert (beyond.found, beyond.total, beyond.next) == ((), count, None)


async def test_a_long_entry_is_shown_around_what_was_looked_for(journal: Journal) -> None:
    await written(journal, f"{'before ' * 500}the needle{' after' * 500}")
    (shown,) = await found(journal, "needle ")
    assert "the [needle] after" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) < 400


async def test_no_text_is_taken_for_a_mark(journal: Journal) -> None:
    """Around what was looked for stand marks that nobody can know; a text may hold the rest."""
    text = "\x02\x03 <mark>snow</mark> \x02snow\x03 \ue000"
    await written(journal, text)
    (entry,) = (await journal.search(read_query("snow "))).found
    assert "".join(piece.text for piece in entry.pieces) == text
    assert [piece.text for piece in entry.pieces if piece.hit] == ["snow", "snow"]


async def test_search_follows_every_change(journal: Journal) -> None:
    (entry_id,) = await written(journal, "the old words")
    await journal.change(entry_id, DAY, "the new ones")
    assert await found(journal, "old ") == []
    assert await found(journal, "new ") == ["the [new] ones"]
    await journal.change(entry_id, date(2020, 1, 1), "the new ones")
    assert await found(journal, "new on:2020") == ["the [new] ones"]
    await journal.delete(entry_id)
    assert await found(journal, "new ") == []
    await journal.restore(entry_id)
    assert await found(journal, "new ") == ["the [new] ones"]


async def test_entries_from_before_there_was_search_are_found(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with journal_of(2, path, DEK) as before:
        before.execute(
            "INSERT INTO entries(id, day, created_ms, author, text) "
            "VALUES('a', '2020-01-01', 0, 'person', 'long ago')"
        )
    after = await Database.open(path, DEK, SCHEMA)
    journal = Journal(Vault("v", after, Inbox(tmp_path / "inbox.db", "v"), ()), ManualClock())
    assert await found(journal, '"long ago"') == ["[long ago]"]
    await after.close()


async def test_a_deleted_word_leaves_the_index_at_once(
    journal: Journal, database: Database
) -> None:
    (entry_id, _) = await written(journal, "xylophonecanary", "stays")
    await database.write(indexing.catch_up)

    def blocks(connection: apsw.Connection) -> bytes:
        return b"".join(block for (block,) in connection.execute("SELECT block FROM words_data"))

    assert b"xylophonecanary" in await database.read(blocks)
    await journal.delete(entry_id)
    assert b"xylophonecanary" not in await database.read(blocks)
    assert b"stays" in await database.read(blocks)


async def test_the_last_searches_are_kept_and_forgotten(journal: Journal) -> None:
    for number in range(KEPT + 3):
        await journal.remember_search(f"search {number}")
    await journal.remember_search("search 9")
    recent = await journal.recent_searches()
    assert recent[:3] == ["search 9", "search 12", "search 11"]
    assert len(recent) == len(set(recent)) == KEPT
    await journal.forget_searches()
    assert await journal.recent_searches() == []


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.text(alphabet=st.sampled_from(list("ab\"'*-:() \n\x00\ud800😀ñ,^+{}[]")), max_size=30))
async def test_whatever_is_typed_is_answered(journal: Journal, typed: str) -> None:
    for order in ("best", "newest"):
        page = await journal.search(read_query(typed), order)
        assert page.total >= len(page.found)
    assert len(typed) < QUERY_LIMIT
