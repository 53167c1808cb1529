"""The house book: every batch once, and what is folded from it."""

import random
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec import Raw

from herdbook.errors import BatchRefused, HerdError, NodeUnknown, StorageError
from herdbook.eventlog.batch import GENESIS, VerifiedBatch, open_batch, seal
from herdbook.eventlog.event import (
    READINGS,
    Event,
    ObservationPayload,
    encode_payload,
)
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.messages import Hello
from herdbook.eventlog.readings import pack
from herdbook.house.book import HouseBook
from herdbook.house.node import GONE_MS, MAX_WAITING, WAITING_MS, Greeted, Greeting
from herdbook.house.quarantine import KEPT, MAX_CONTENT
from tests.eventlog.samples import CO2, SYNCED_MS, chain, event, identity, numbered
from tests.fakes.clock import ManualClock

ZONE = ZoneInfo("Asia/Kathmandu")  # +05:45
NODE = identity()
HALLWAY = Hello("Hallway", "0.1.0", 0)
DAY_MS = 86_400_000
DAY = date(2026, 11, 1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SYNCED_MS)


@pytest.fixture
async def book(tmp_path: Path, clock: ManualClock) -> AsyncIterator[HouseBook]:
    opened = await HouseBook.open(tmp_path, clock, ZONE)
    yield opened
    await opened.close()


async def admit(book: HouseBook, who: Identity = NODE, name: str = "Hallway") -> None:
    await book.hello(who.node_id, Hello(name, "0.1.0", 0))
    await book.approve(who.node_id)


def batch_of(*events: Event, who: Identity = NODE, after: bytes = GENESIS) -> VerifiedBatch:
    return open_batch(seal(who, after, events).wire, who.node_id)


def observed(seq: int, wall_ms: int, quality: str = "synced", number: int = 0) -> Event:
    payload = encode_payload(numbered(number or seq))
    return event(seq, wall_ms=wall_ms, clock_quality=quality, payload=payload)


async def test_an_observation_has_every_member_of_the_api(book: HouseBook) -> None:
    await admit(book)
    stored = await book.store(batch_of(event(1, wall_ms=SYNCED_MS + 20, clock_quality="unknown")))
    [got] = stored.observations
    assert got == (await book.last_observation())
    assert got == (await book.observations(DAY))[0]
    assert (got.id, got.node_id, got.node_name) == (f"{NODE.node_id}:1", NODE.node_id, "Hallway")
    assert got.observed_at == "2026-11-01T12:00:00.020+00:00"
    assert got.clock == "unknown"
    # The readings that it rests on stay in the node's log.
    evidence = {"seconds", "values", "before", "known_days"}
    for member in set(ObservationPayload.__struct_fields__) - evidence:
        assert getattr(got, member) == getattr(CO2, member)


async def test_a_batch_is_stored_once_and_survives(tmp_path: Path, clock: ManualClock) -> None:
    book = await HouseBook.open(tmp_path, clock, ZONE)
    await admit(book)
    batches = [open_batch(sealed.wire, NODE.node_id) for sealed in chain([2, 3])]
    assert [(await book.store(batch)).verdict for batch in batches] == ["new", "new"]
    again = await book.store(batches[0])
    assert (again.verdict, again.observations) == ("duplicate", [])
    await book.close()
    book = await HouseBook.open(tmp_path, clock, ZONE)
    have = await book.have(NODE.node_id)
    assert (have.seq, have.hash, have.approved) == (5, batches[1].hash, True)
    assert (await book.store(batches[1])).verdict == "duplicate"
    assert [one.id.split(":")[1] for one in await book.observations(DAY)] == list("12345")
    [node] = await book.nodes()
    assert (node.seq, node.name, node.approved) == (5, "Hallway", True)
    await book.close()
    await book.close()
    with pytest.raises(StorageError, match="closed"):
        await book.nodes()


async def test_what_does_not_follow_changes_nothing(book: HouseBook) -> None:
    await admit(book)
    first, second, third = (open_batch(one.wire, NODE.node_id) for one in chain([1, 1, 1]))
    await book.store(first)
    fork = batch_of(event(1, kind="other"))
    for batch, reason in [(third, "gap"), (fork, "fork"), (batch_of(event(2)), "chain")]:
        with pytest.raises(BatchRefused) as caught:
            await book.store(batch)
        assert caught.value.reason == reason
        assert (await book.have(NODE.node_id)).hash == first.hash
    assert (await book.today()).observations == 1
    await book.store(second)
    await book.store(third)
    assert (await book.today()).observations == 3


async def test_only_an_approved_node_is_stored(book: HouseBook) -> None:
    with pytest.raises(NodeUnknown, match=r"has said hello.*same broker"):
        await book.approve(NODE.node_id)
    for _ in range(2):
        with pytest.raises(BatchRefused) as caught:
            await book.store(batch_of(event(1)))
        assert caught.value.reason == "unapproved"
        await book.hello(NODE.node_id, HALLWAY)
    have = await book.have(NODE.node_id)
    assert (have.seq, have.hash, have.approved) == (0, GENESIS, False)
    assert (await book.approve(NODE.node_id)).approved
    assert (await book.store(batch_of(event(1)))).verdict == "new"


async def test_strange_payloads_and_kinds_stay_in_their_batch(book: HouseBook) -> None:
    await admit(book)
    events = [
        event(1, kind="unheard of"),
        event(2, kind=READINGS),
        event(3, payload=encode_payload(pack("s", None, [(1, 1.0)]))),
        event(4),
    ]
    batch = batch_of(*events)
    assert len((await book.store(batch)).observations) == 1
    assert await book.refusals() == {"payload": 2}
    [kept] = [row[0] for row in book._connection.execute("SELECT wire FROM unfolded")]
    assert open_batch(kept, NODE.node_id).events == events


async def test_what_lies_far_back_is_held_already(
    book: HouseBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herdbook.house.ingest.HASHES_KEPT", 3)
    await admit(book)
    batches = [open_batch(sealed.wire, NODE.node_id) for sealed in chain([2] * 5)]
    for batch in batches:
        await book.store(batch)
    await book.tidy(365)
    for batch in batches:
        assert (await book.store(batch)).verdict == "duplicate"
    fork = batch_of(event(9, kind="other"), event(10), after=batches[3].hash)
    with pytest.raises(BatchRefused) as caught:
        await book.store(fork)
    assert caught.value.reason == "fork"
    assert (await book.today()).observations == 10


async def test_today_counts_by_the_day_of_the_household(
    book: HouseBook, clock: ManualClock
) -> None:
    await admit(book)
    midnight = int(datetime(2026, 11, 2, tzinfo=ZONE).timestamp() * 1000)
    clock.wall = midnight + 3_600_000
    samples = [(midnight + step * 1000, float(step)) for step in range(-5, 5)]
    block = encode_payload(pack("s", "°C", samples))
    await book.store(
        batch_of(
            observed(1, midnight - 1),
            observed(2, midnight),
            event(3, kind=READINGS, payload=block),
        )
    )
    today = await book.today()
    assert (today.day, today.observations, today.readings) == (date(2026, 11, 2), 1, 5)
    assert len(await book.observations(date(2026, 11, 1))) == 1
    clock.wall = midnight - 1
    yesterday = await book.today()
    assert (yesterday.day, yesterday.observations, yesterday.readings) == (date(2026, 11, 1), 1, 5)
    [series] = await book.series(NODE.node_id)
    assert len(await book.readings(series.id, midnight - 5000, midnight + 4001)) == 10


async def test_the_day_of_a_change_of_clocks_has_25_hours(
    tmp_path: Path, clock: ManualClock
) -> None:
    book = await HouseBook.open(tmp_path, clock, ZoneInfo("Europe/Berlin"))
    await admit(book)
    start = int(datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp() * 1000)
    end = start + 25 * 3_600_000
    await book.store(batch_of(observed(1, start), observed(2, end - 1), observed(3, end)))
    assert len(await book.observations(date(2026, 10, 25))) == 2
    await book.close()


async def test_the_last_observation_does_not_depend_on_the_order_of_arrival(
    tmp_path: Path, clock: ManualClock
) -> None:
    attic = identity(2)
    clock.wall = SYNCED_MS + 10 * DAY_MS
    batches = [
        batch_of(observed(1, SYNCED_MS), observed(2, SYNCED_MS + 50)),
        batch_of(observed(1, SYNCED_MS + 60), observed(2, 5, "unset"), who=attic),
    ]
    for number, order in enumerate([batches, batches[::-1]]):
        book = await HouseBook.open(tmp_path / str(number), clock, ZONE)
        assert await book.last_observation() is None
        await admit(book)
        await admit(book, attic, "Attic")
        for batch in order:
            await book.store(batch)
        last = await book.last_observation()
        assert last is not None
        assert last.id == f"{attic.node_id}:1"
        await book.close()


async def test_a_clock_in_the_future_has_not_the_last_word(
    book: HouseBook, clock: ManualClock
) -> None:
    attic = identity(2)
    await admit(book)
    await admit(book, attic, "Attic")
    await book.store(batch_of(observed(1, SYNCED_MS + 9000 * DAY_MS, "unknown"), who=attic))
    clock.advance(1000)
    await book.store(batch_of(observed(1, SYNCED_MS + 500)))
    await book.store(
        batch_of(observed(2, SYNCED_MS + 900), after=batch_of(observed(1, SYNCED_MS + 500)).hash)
    )
    last = await book.last_observation()
    assert last is not None
    assert last.node_id == NODE.node_id


async def test_the_gate_holds_64_and_who_came_first_stays(
    book: HouseBook, clock: ManualClock
) -> None:
    await admit(book)
    for number in range(MAX_WAITING):
        await book.hello(f"{number:026}", HALLWAY)
    with pytest.raises(HerdError, match="64 nodes wait"):
        await book.hello("x" * 26, HALLWAY)
    await book.hello(f"{3:026}", Hello("Cellar", "0.1.0", 0))
    assert len(await book.nodes()) == MAX_WAITING + 1
    # Those that went on asking keep their places, one that did not loses it.
    clock.advance(GONE_MS)
    for number in range(1, MAX_WAITING):
        await book.hello(f"{number:026}", HALLWAY)
    await book.hello("y" * 26, HALLWAY)
    waiting = {node.node_id for node in await book.nodes()}
    assert f"{0:026}" not in waiting
    assert len(waiting) == MAX_WAITING + 1
    with pytest.raises(HerdError, match="64 nodes wait"):
        await book.hello("x" * 26, HALLWAY)
    clock.advance(WAITING_MS + 1)
    assert (await book.hello("x" * 26, HALLWAY)).approved is False
    assert {node.node_id for node in await book.nodes()} == {NODE.node_id, "x" * 26}
    clock.advance(WAITING_MS + 1)
    assert await book.tidy(365) == ["x" * 26]


async def test_an_old_hello_changes_nothing(book: HouseBook, clock: ManualClock) -> None:
    await book.hello(NODE.node_id, Hello("New name", "0.2.0", 10))
    seen = clock.wall_ms()
    clock.advance(5000)
    got = await book.hello(NODE.node_id, Hello("Old name", "0.1.0", 9), live=False)
    assert (got.name, got.version) == ("New name", "0.2.0")
    assert got.last_seen == datetime.fromtimestamp(seen / 1000, UTC).isoformat(
        timespec="milliseconds"
    )


@pytest.mark.parametrize(
    ("name", "same"),
    [("KÜCHE", True), ("Ku\u0308che", True), (" Ｋüche ", True), ("Kuche", False)],
    ids=["capitals", "decomposed", "wide", "another"],
)
async def test_a_name_that_reads_alike_is_known_whatever_its_characters(
    book: HouseBook, name: str, same: bool
) -> None:
    await book.hello(NODE.node_id, Hello("Küche", "0.1.0", 0))
    await book.approve(NODE.node_id)
    assert (await book.hello(identity(2).node_id, Hello(name, "0.1.0", 0))).namesake is same


async def test_that_something_arrived_is_noted_of_who_is_in_the_herd(
    book: HouseBook, clock: ManualClock
) -> None:
    came = await book.hello(NODE.node_id, HALLWAY)
    clock.advance(5000)
    both = {NODE.node_id, "x" * 26}
    assert await book.hear(both, both) == {NODE.node_id: came}, "it waits at the gate"
    node = await book.approve(NODE.node_id)
    assert await book.hear(both, set()) == {NODE.node_id: node}
    [heard] = (await book.hear(both, both)).values()
    assert heard.last_seen > came.last_seen


async def test_a_herd_that_says_hello_at_once_is_greeted_in_one_go(book: HouseBook) -> None:
    names = [f"{number:026}" for number in range(MAX_WAITING + 2)]
    greetings = [Greeting(name, HALLWAY, live=True) for name in (names[0], *names)]
    greeted = await book.hellos(greetings)
    assert [one.is_news for one in greeted if isinstance(one, Greeted)] == [
        True,
        False,
        *[True] * (MAX_WAITING - 1),
    ]
    assert [str(one)[:13] for one in greeted[MAX_WAITING + 1 :]] == ["64 nodes wait"] * 2
    assert [node.node_id for node in await book.nodes()] == names[:MAX_WAITING]


async def test_the_quarantine_keeps_the_newest_hundred_and_counts_all(book: HouseBook) -> None:
    for number in range(KEPT + 20):
        await book.refuse(NODE.node_id, "signature", b"%d" % number)
    await book.refuse("y" * 26, "oversized", bytes(MAX_CONTENT + 1))
    await book.refuse("y" * 26, "gap", b"ordinary")
    kept = await book.quarantined()
    assert len(kept) == KEPT
    assert (kept[0].reason, kept[0].size, kept[0].content) == ("oversized", MAX_CONTENT + 1, None)
    assert (kept[1].content, kept[-1].content) == (b"119", b"21")
    assert await book.refusals() == {"signature": KEPT + 20, "oversized": 1, "gap": 1}


async def test_a_full_disk_stores_nothing_by_halves_and_goes_on_later(book: HouseBook) -> None:
    await admit(book)
    (pages,) = book._connection.execute("PRAGMA page_count").fetchone()
    rng = random.Random(1)
    words = [
        encode_payload(
            ObservationPayload("s", "S", "k", rng.randbytes(400).hex(), 1, None, None, 1)
        )
        for _ in range(300)
    ]
    batch = batch_of(*(event(seq, payload=payload) for seq, payload in enumerate(words, 1)))
    book._connection.execute(f"PRAGMA max_page_count={pages + 5}")
    with pytest.raises(StorageError, match=r"house\.db.*full"):
        await book.store(batch)
    assert (await book.have(NODE.node_id)).seq == 0
    assert (await book.today()).observations == 0
    book._connection.execute("PRAGMA max_page_count=1000000")
    assert len((await book.store(batch)).observations) == 300


async def test_a_fault_of_ours_is_not_called_a_full_disk(book: HouseBook) -> None:
    await admit(book)
    with pytest.raises(sqlite3.IntegrityError):
        await book._write(lambda c: c.execute("INSERT INTO refusal VALUES (NULL, NULL)"))
    assert not book._connection.in_transaction


async def test_what_cannot_be_folded_is_kept_within_bounds(
    book: HouseBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest of a node makes room, in all that of the node that has most; it is counted."""
    monkeypatch.setattr("herdbook.house.unfolded.MOST_OF_NODE", 30_000)
    monkeypatch.setattr("herdbook.house.unfolded.MOST", 50_000)
    rng = random.Random(5)
    nodes = [identity(seed) for seed in (1, 2, 3)]
    logs: dict[str, list[VerifiedBatch]] = {}
    for who in nodes:
        await admit(book, who)
        after, log = GENESIS, []
        for number in range(1, 16):
            payload = Raw(msgspec.msgpack.encode(rng.randbytes(3_000)))
            log.append(batch_of(event(number, kind="new", payload=payload), who=who, after=after))
            after = log[-1].hash
        logs[who.node_id] = log

    def kept() -> dict[str, list[int]]:
        rows = book._connection.execute("SELECT node_id, last_seq FROM unfolded ORDER BY id")
        found: dict[str, list[int]] = {who.node_id: [] for who in nodes}
        for node_id, last_seq in rows:
            found[node_id].append(last_seq)
        return found

    [one, other, third] = logs
    for node_id in (one, other):
        await book.store_many(logs[node_id])
        assert kept()[node_id] == list(range(7, 16)), "9 of over 3,000 bytes"
        assert (await book.have(node_id)).seq == 15
    counted = (await book.refusals())["unfolded"]
    held = kept()
    assert counted == 30 - sum(map(len, held.values()))
    assert sum(len(wire) for (wire,) in book._connection.execute("SELECT wire FROM unfolded")) < 5e4
    await book.store(logs[third][0])
    assert kept()[third] == [1], "who sends little is not pushed out by who sends much"
    assert (await book.refusals())["unfolded"] > counted
    for batch in (logs[one][0], logs[other][3]):
        assert (await book.store(batch)).verdict == "duplicate"
