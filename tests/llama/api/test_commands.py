"""What the API's command recall gives from a real house book."""

from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from herdbook.embedding.model import Model
from herdbook.errors import DayInvalid, InputError
from herdbook.house.book import HouseBook
from herdbook.llama.api import messages
from herdbook.llama.api.commands import Commands
from herdbook.llama.vaults import Vaults
from tests.eventlog.samples import SYNCED_MS, identity
from tests.fakes.clock import ManualClock
from tests.house.household import Teller, fact, noticed


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[HouseBook]:
    opened = await HouseBook.open(tmp_path, ManualClock(SYNCED_MS + 86_400_000), UTC)
    yield opened
    await opened.close()


@pytest.fixture
def commands(book: HouseBook) -> Commands:
    async def nothing(*_: object) -> Any:
        raise AssertionError

    no_vaults = cast(Vaults, None)  # nothing that is asked here may look into one
    return Commands(no_vaults, snapshot=nothing, approve=nothing, recall=book.recall(Model()))


async def recalled(commands: Commands, **members: Any) -> messages.Recalled:
    command = messages.decode(msgspec.json.encode({"id": 1, "type": "recall", **members}))
    result = await commands.handle(command)
    assert isinstance(result, messages.Recalled)
    return result


async def test_it_gives_observations_memories_and_sensors(
    book: HouseBook, commands: Commands
) -> None:
    hallway, attic = Teller(book), Teller(book, identity(2))
    await hallway.join("Hallway")
    await attic.join("Attic")
    await hallway.tell(
        noticed(hallway, "The window is open.", wall_ms=SYNCED_MS),
        fact(hallway, "half an hour", "window"),
    )
    await attic.tell(fact(attic, "an hour", "window"))
    await attic.measure((SYNCED_MS, True), sensor="window", unit=None, name="Skylight")
    result = await recalled(commands, query="window")
    [observation] = result.observations
    assert observation.sentence == "The window is open."
    assert observation.node_name == "Hallway"
    assert not observation.by_meaning
    assert [one.value for one in result.memories] == ["an hour", "half an hour"]
    assert all(one.contradicted and not one.kept for one in result.memories)
    assert result.sensors == [messages.Sensor(attic.node_id, "Attic", "window", "Skylight", None)]
    assert not result.more
    assert not (await recalled(commands, query="window", node_id=attic.node_id)).observations
    narrowed = await recalled(commands, query="window", first="2026-11-02")
    assert not narrowed.observations
    by_kind = await recalled(commands, kind="above_usual")
    assert (len(by_kind.observations), by_kind.memories) == (1, [])


async def test_it_gives_no_more_than_is_asked(book: HouseBook, commands: Commands) -> None:
    teller = Teller(book)
    await teller.join()
    await teller.tell(*(noticed(teller, f"It hums {number}.") for number in range(5)))
    result = await recalled(commands, query="hums", limit=3)
    assert [one.sentence for one in result.observations] == [f"It hums {n}." for n in (4, 3, 2)]
    assert result.more
    largest = messages.encode(messages.Result(1, await recalled(commands, query="hums", limit=50)))
    assert len(largest) < messages.SIZE_LIMIT


async def test_what_asks_for_nothing_and_days_that_are_none_are_refused(
    commands: Commands,
) -> None:
    with pytest.raises(InputError):
        await recalled(commands, query=" ")
    with pytest.raises(DayInvalid):
        await recalled(commands, query="x", first="2026-02-30")
