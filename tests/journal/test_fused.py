"""Search by words and by meaning as one, on a real vault with the real model."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import apsw
import pytest

from herdbook.embedding.embedder import Embedder
from herdbook.embedding.model import Model
from herdbook.journal import fused
from herdbook.journal.fused import by_words, fuse
from herdbook.journal.journal import SCHEMA, Journal
from herdbook.journal.query import read_query
from herdbook.journal.search import Found
from herdbook.vault.database import Database
from herdbook.vault.inbox import Inbox
from herdbook.vault.vault import Vault
from tests.fakes.clock import ManualClock
from tests.model import embedder as embedder
from tests.model import model as model

DAY = date(2026, 11, 20)
DEK = bytes(range(32))
CAT = "Took Minka to the vet, she has not eaten for two days."
BOILER = "Eleven degrees in the living room, the boiler shows F28."
PORTUGAL = "Grilled sardines in Tavira with our feet in the sand."
TEXTS = (CAT, BOILER, PORTUGAL, "Cancelled three subscriptions and the gym nobody goes to.")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.create(tmp_path / "journal.db", DEK, SCHEMA)
    yield database
    await database.close()


@pytest.fixture
def journal(database: Database, tmp_path: Path, model: Model) -> Journal:
    vault = Vault("v", database, Inbox(tmp_path / "inbox.db", "v"), ())
    return Journal(vault, ManualClock(), model)


async def written(journal: Journal, embedder: Embedder, *texts: str) -> list[str]:
    """Entries with their vectors, a day apart, the last one newest; their ids."""
    ids = []
    for number, text in enumerate(texts):
        entry = await journal.add(DAY - timedelta(days=len(texts) - 1 - number), text)
        assert entry is not None
        ids.append(entry.id)
    await journal.meaning.catch_up(embedder)
    return ids


async def found(journal: Journal, typed: str) -> tuple[Found, ...]:
    page = await journal.search(read_query(typed))
    assert page.total == len(page.found)
    return page.found


def text_of(one: Found) -> str:
    return "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in one.pieces)


async def test_an_entry_is_found_by_a_paraphrase(journal: Journal, embedder: Embedder) -> None:
    await written(journal, embedder, *TEXTS)
    best = (await found(journal, "our pet was ill "))[0]
    assert (text_of(best), best.by_meaning) == (CAT, True)
    best = (await found(journal, "heating out of order "))[0]
    assert (text_of(best), best.by_meaning) == (BOILER, True)


async def test_what_has_the_words_is_shown_with_them(journal: Journal, embedder: Embedder) -> None:
    await written(journal, embedder, *TEXTS)
    best = (await found(journal, "boiler "))[0]
    assert (text_of(best), best.by_meaning) == (BOILER.replace("boiler", "[boiler]"), False)
    # Some of the words are enough where the rest of a question tells nothing, or nobody wrote it.
    best = (await found(journal, "when was the boiler repaired "))[0]
    assert "[boiler]" in text_of(best)
    assert not best.by_meaning


async def test_without_vectors_yet_there_are_words(journal: Journal, embedder: Embedder) -> None:
    await journal.add(DAY, CAT)
    (one,) = await found(journal, "Minka at the doctor ")
    assert "[Minka]" in text_of(one)
    assert await found(journal, "our pet was ill ") == ()
    await journal.meaning.catch_up(embedder)
    assert len(await found(journal, "our pet was ill ")) == 1


async def test_phrases_and_unwanted_words_hold_for_meaning(
    journal: Journal, embedder: Embedder
) -> None:
    await written(journal, embedder, *TEXTS)
    assert CAT in [text_of(one) for one in await found(journal, "our pet was ill ")]
    assert CAT not in [text_of(one) for one in await found(journal, "our pet was ill -vet ")]
    assert await found(journal, 'our pet was ill "living room boat" ') == ()
    (one,) = await found(journal, 'cold at home "living room" ')
    assert "[living room]" in text_of(one)
    assert not one.by_meaning
    assert await found(journal, '"our pet was ill"') == (), "in quotes only these very words count"


async def test_times_hold_for_meaning(journal: Journal, embedder: Embedder) -> None:
    await written(journal, embedder, *TEXTS)
    day = DAY - timedelta(days=3)
    assert [one.day for one in await found(journal, f"our pet was ill on:{day} ")] == [day]
    assert CAT not in [text_of(one) for one in await found(journal, f"pet was ill after:{day} ")]


async def test_traces_hold_for_meaning(journal: Journal, embedder: Embedder) -> None:
    cat, boiler, *_ = await written(journal, embedder, *TEXTS)
    await journal.traces.add(cat, "animals")
    await journal.traces.add(boiler, "house")
    (one,) = await found(journal, "ill pet trace:animals ")
    assert one.id == cat
    assert cat not in [one.id for one in await found(journal, "ill pet -trace:animals ")]
    assert [one.id for one in await found(journal, "cold room trace:house ")] == [boiler]


async def test_what_is_about_something_else_is_not_found(
    journal: Journal, embedder: Embedder
) -> None:
    await written(journal, embedder, *TEXTS)
    assert PORTUGAL not in [text_of(one) for one in await found(journal, "mortgage rate ")]


async def test_the_piece_that_is_nearest_is_shown(journal: Journal, embedder: Embedder) -> None:
    filler = "We sorted old photographs and could not agree about the years. " * 30
    await written(journal, embedder, f"{filler}\n\n{BOILER} {'It was cold all evening. ' * 20}")
    best = (await found(journal, "heating out of order "))[0]
    assert best.by_meaning
    assert BOILER in text_of(best)
    assert (text_of(best)[0], text_of(best)[-1]) == ("…", "…")
    assert len(text_of(best)) < 260


async def test_nothing_with_all_of_the_words_is_kept_back(
    journal: Journal, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fused, "DEPTH", 30)
    ids = await written(journal, embedder, *(f"Snow, day {number}" for number in range(70)))
    seen: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = await journal.search(read_query("snow "), offset=offset)
        assert page.total == len(ids)
        seen += [one.id for one in page.found]
        offset = page.next
    assert len(seen) == len(set(seen))
    assert set(seen) == set(ids)


async def test_newest_first_is_by_words_alone(journal: Journal, embedder: Embedder) -> None:
    await written(journal, embedder, *TEXTS)
    assert (await journal.search(read_query("our pet was ill "), "newest")).total == 0


async def test_a_word_that_every_other_entry_has_tells_nothing(
    journal: Journal, database: Database, embedder: Embedder
) -> None:
    await written(journal, embedder, CAT, *(f"Tea at {number} o'clock." for number in range(30)))

    def ask(connection: apsw.Connection, typed: str) -> fused.ByWords:
        return by_words(connection, read_query(typed))

    lexical = await database.read(partial(ask, typed="tea with Minka and Sophie "))
    assert [term.text for term in lexical.telling] == ["Minka", "Sophie"]
    assert lexical.has_all == 0
    (share,) = lexical.shares.values()
    assert 0.4 < share < 0.5, "nobody has Sophie, so that Minka is the lesser half of it"
    everywhere = await database.read(partial(ask, typed="tea "))
    assert set(everywhere.shares.values()) == {1.0}


def test_what_is_high_in_both_comes_first() -> None:
    assert fuse({1: 1, 2: 1, 3: 1}, {3: 1, 4: 1})[0] == 3
    # The first of either counts alike, but by its weight.
    assert fuse({1: 0.5, 2: 0.5}, {3: 1, 4: 1}) == [3, 4, 1, 2]
    assert fuse({}, {7: 1}) == [7]
