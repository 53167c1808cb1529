"""Every house book that was ever released is brought to the present schema, with all of it."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, date
from pathlib import Path

import pytest

from herdbook.clock import iso
from herdbook.embedding.model import Model
from herdbook.eventlog.batch import GENESIS, VerifiedBatch, open_batch, seal
from herdbook.eventlog.event import encode_payload
from herdbook.eventlog.messages import Hello
from herdbook.house.asked import Asked
from herdbook.house.book import HouseBook
from tests.databases.make_house import (
    ATTIC,
    CELLAR,
    FOLDER,
    GARDEN,
    HALLWAY,
    IN_THE_GARDEN_MS,
    WAITING,
    of_attic,
    of_hallway,
    warmth,
    with_evidence,
)
from tests.eventlog.samples import SYNCED_MS, event
from tests.fakes.clock import ManualClock
from tests.house.household import Teller, answer

HOUR_MS = 3_600_000


class KilledError(Exception):
    """The process ends here."""


@pytest.fixture(params=sorted(FOLDER.glob("*.db")), ids=lambda path: path.stem)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    shutil.copyfile(request.param, tmp_path / "house.db")
    return tmp_path


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SYNCED_MS + 4 * HOUR_MS)


async def check(book: HouseBook) -> None:
    """All that `make_house` put in is there, and more can come."""
    room, door = sorted(await book.series(HALLWAY.node_id), key=lambda one: one.yes_no)
    told = [sample for minute in range(1, 121) for sample in warmth(minute)]
    assert await book.readings(room.id, 0, 2 * SYNCED_MS) == told
    assert [one.value for one in await book.readings(door.id, 0, 2 * SYNCED_MS)] == [1, 0]
    hours = await book.by_hour(room.id, 0, 2 * SYNCED_MS)
    assert sum(hour.count for hour in hours) == len(told)
    [attic] = await book.series(ATTIC.node_id)
    assert await book.timeless(attic.id) == 2
    today = await book.today()
    assert (today.observations, today.readings) == (1, len(told) + 2)
    [said] = await book.observations(date(2026, 11, 1))
    assert (said.value, said.observed_at) == (122, iso(SYNCED_MS + 60_000))
    [about] = await book.observations(date(1970, 1, 1))
    assert (about.node_name, about.clock) == ("Attic", "unset")
    last = await book.last_observation()
    assert last == said
    nodes = {node.node_id: node for node in await book.nodes()}
    assert (nodes[HALLWAY.node_id].seq, nodes[HALLWAY.node_id].clock) == (124, "synced")
    assert nodes[ATTIC.node_id].clock == "unset"
    assert not nodes[WAITING.node_id].approved
    # From then on a retraction is known, and one that is none is refused.
    payloads = 2 if CELLAR.node_id in nodes else 1
    assert await book.refusals() == {"payload": payloads, "signature": 1}
    reasons = [one.reason for one in await book.quarantined()]
    assert reasons == ["signature", *["payload"] * payloads]


async def test_everything_is_kept(folder: Path, clock: ManualClock) -> None:
    for _ in range(2):
        book = await HouseBook.open(folder, clock, UTC)
        await check(book)
        have = await book.have(HALLWAY.node_id)
        assert (have.seq, have.approved) == (124, True)
        await book.close()


@pytest.mark.parametrize("folder", [FOLDER / "v2.db"], indirect=True)
async def test_a_damaged_batch_costs_only_what_is_in_it(
    folder: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(folder / "house.db")) as connection, connection:
        connection.execute("UPDATE batch SET wire = x'00' WHERE last_seq = 50")
    book = await HouseBook.open(folder, clock, UTC)
    assert "ends at 50 is lost" in caplog.text
    [room] = [one for one in await book.series(HALLWAY.node_id) if one.sensor == "warmth"]
    assert len(await book.readings(room.id, 0, 2 * SYNCED_MS)) == 2 * 70
    assert (await book.have(HALLWAY.node_id)).seq == 124
    await book.close()


async def test_what_could_not_be_folded_stays_as_it_came(folder: Path, clock: ManualClock) -> None:
    book = await HouseBook.open(folder, clock, UTC)
    [(wire,)] = book._connection.execute("SELECT wire FROM unfolded").fetchall()
    assert open_batch(wire, HALLWAY.node_id).events == of_hallway()[100:]
    await book.close()


async def test_the_attic_is_put_right_when_its_clock_is_known(
    folder: Path, clock: ManualClock
) -> None:
    book = await HouseBook.open(folder, clock, UTC)
    teller = Teller(book, ATTIC)
    teller.seq = len(of_attic())
    teller.last_hash = (await book.have(ATTIC.node_id)).hash
    await teller.tell(answer(teller, SYNCED_MS, boot_id="first"))
    [attic] = await book.series(ATTIC.node_id)
    assert await book.readings(attic.id, SYNCED_MS, SYNCED_MS + HOUR_MS) == [
        (SYNCED_MS + 1000, 1.5),
        (SYNCED_MS + 31_000, 2.5),
    ]
    await book.close()


@pytest.mark.parametrize("folder", [FOLDER / "v2.db"], indirect=True)
async def test_a_kill_while_it_is_folded_again_loses_nothing(
    folder: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herdbook.house.refold._AT_ONCE", 1)
    opened = 0

    def killed(wire: bytes, node_id: str) -> VerifiedBatch:
        nonlocal opened
        opened += 1
        if opened == 3:
            raise KilledError
        return open_batch(wire, node_id)

    with monkeypatch.context() as patched:
        patched.setattr("herdbook.house.refold.open_batch", killed)
        with pytest.raises(KilledError):
            await HouseBook.open(folder, clock, UTC)
    with closing(sqlite3.connect(folder / "house.db")) as connection:
        assert connection.execute("SELECT count(*) FROM refold").fetchone() == (2,)
    book = await HouseBook.open(folder, clock, UTC)
    await check(book)
    await book.close()


async def test_what_was_told_before_can_be_recalled(folder: Path, clock: ManualClock) -> None:
    book = await HouseBook.open(folder, clock, UTC)
    recall = book.recall(Model())
    await recall.catch_up()
    [said] = (await recall.ask(Asked("number", first=date(2026, 1, 1)))).observations
    assert said.sentence == "Number 122."
    assert [one.series.sensor for one in (await recall.ask(Asked("door"))).sensors] == ["door"]
    await book.close()


@pytest.mark.parametrize("folder", [FOLDER / "v4.db"], indirect=True)
async def test_only_facts_of_today_can_be_recalled(folder: Path, clock: ManualClock) -> None:
    book = await HouseBook.open(folder, clock, UTC)
    recall = book.recall(Model())
    [topic] = (await recall.ask(Asked("damp april may"))).topics
    assert [one.sentence for one in topic.facts] == ["Damp from May on."]
    assert not (await recall.ask(Asked("freezer"))).topics
    [topic] = (await recall.ask(Asked(kept=True))).topics
    assert topic.subject == "boiler"
    await book.close()


async def test_observations_keep_what_they_rest_on(folder: Path, clock: ManualClock) -> None:
    book = await HouseBook.open(folder, clock, UTC)
    [before] = await book.observations(date(2026, 11, 1))
    assert (before.seconds, before.values, before.before, before.known_days) == (0, (), None, 0)
    nodes = {node.node_id for node in await book.nodes()}
    if GARDEN.node_id not in nodes:
        await book.hello(GARDEN.node_id, Hello("Garden", "0.1.0", 0))
        await book.approve(GARDEN.node_id)
        told = event(1, wall_ms=IN_THE_GARDEN_MS, payload=encode_payload(with_evidence()))
        await book.store(open_batch(seal(GARDEN, GENESIS, [told]).wire, GARDEN.node_id))
    [change] = await book.observations(date(2026, 10, 31))
    assert (change.seconds, change.values) == (1800, (20, 17.5, 14))
    assert (change.before, change.known_days) == (20, 12.5)
    await book.close()


@pytest.mark.parametrize("folder", [FOLDER / "v8.db", FOLDER / "v10.db"], indirect=True)
async def test_sensors_are_called_what_their_nodes_told(folder: Path, clock: ManualClock) -> None:
    """Before a block could tell it, an observation did."""
    named = (folder / "house.db").read_bytes().count(b"Rain gauge") > 0
    book = await HouseBook.open(folder, clock, UTC)
    if not named:
        teller = Teller(book, GARDEN)
        teller.seq, teller.last_hash = 1, (await book.have(GARDEN.node_id)).hash
        await teller.measure((IN_THE_GARDEN_MS, 14.0), sensor="warmth")
    [one] = await book.series(GARDEN.node_id)
    assert (one.sensor, one.name) == (("rain", "Rain gauge") if named else ("warmth", "Warmth"))
    recall = book.recall(Model())
    [found] = (await recall.ask(Asked(one.name, node_id=GARDEN.node_id))).sensors
    assert found.series == one
    await book.close()
