"""Whatever the order, however often, in whatever transactions: the same logs give the same book."""

import random
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from herdbook.errors import BatchRefused
from herdbook.eventlog.batch import GENESIS, VerifiedBatch, open_batch, seal
from herdbook.eventlog.event import Event, encode_payload
from herdbook.house.book import HouseBook
from tests.eventlog.samples import SYNCED_MS, identity, numbered
from tests.fakes.clock import ManualClock
from tests.house.household import Teller, answer

CLOCKS: list[dict[str, Any]] = [
    {},
    {"clock_quality": "unknown", "boot_id": "b", "monotonic_ms": 5000},
    {"clock_quality": "unset", "boot_id": "b", "monotonic_ms": 7000, "wall_ms": 7000},
]


def events_of(teller: Teller, rng: random.Random) -> list[Event]:
    """Measurements of three sensors and what was noticed, by clocks of every quality."""
    events = []
    for number in range(40):
        clock = rng.choice(CLOCKS)
        wall = clock.get("wall_ms", SYNCED_MS + 60_000 * number)
        changes = clock | {"wall_ms": wall}
        kind = rng.randrange(5)
        if kind == 0:
            events.append(teller.event(payload=encode_payload(numbered(number)), **changes))
        elif kind == 1:
            offset = SYNCED_MS + rng.randrange(3) * 3_600_000
            events.append(answer(teller, offset) if number > 30 else teller.event(kind="unheard"))
        elif kind == 2:
            yes = [(wall + step, rng.random() < 0.5) for step in range(3)]
            events.append(teller.block(yes, "door", None, name=f"Door {number}", **changes))
        else:
            warm = [(wall + 1000 * step, round(rng.gauss(20, 3), kind - 2)) for step in range(9)]
            events.append(teller.block(warm, "warmth", **changes))
    return events


def batches_of(seed: int) -> list[list[VerifiedBatch]]:
    """The logs of three nodes, cut into batches."""
    rng = random.Random(seed)
    logs = []
    for number in (1, 2, 3):
        teller = Teller(book=None, who=identity(number))  # type: ignore[arg-type] # tells nobody
        events, previous, log = events_of(teller, rng), GENESIS, []
        while events:
            count = rng.randint(1, 12)
            sealed = seal(teller.who, previous, events[:count])
            log.append(open_batch(sealed.wire, teller.node_id))
            events, previous = events[count:], sealed.hash
        logs.append(log)
    return logs


async def state(book: HouseBook) -> Any:
    """All that can be asked of a book."""
    told = []
    for number in (1, 2, 3):
        node_id = identity(number).node_id
        have = await book.have(node_id)
        told.append((have.seq, have.hash))
        for series in sorted(await book.series(node_id), key=lambda one: (one.sensor, one.unit)):
            hours = await book.by_hour(series.id, 0, 2 * SYNCED_MS)
            told.append(
                (
                    series.sensor,
                    sorted(await book.readings(series.id, 0, 2 * SYNCED_MS)),
                    [(h.start_ms, h.count, h.least, h.most, round(h.mean, 9)) for h in hours],
                    await book.timeless(series.id),
                )
            )
    connection = book._connection
    told.append(connection.execute("SELECT * FROM noticed ORDER BY node_id, seq").fetchall())
    told.append(sorted(connection.execute("SELECT node_id, last_seq FROM unfolded")))
    counts = "SELECT * FROM reading_count WHERE count <> 0 ORDER BY quarter_ms"
    told.append(connection.execute(counts).fetchall())
    return told


async def gather(folder: Path, logs: list[list[VerifiedBatch]], rng: random.Random) -> Any:
    """What a Llama has once everything has come: mixed up, repeated, some too early."""
    book = await HouseBook.open(folder, ManualClock(SYNCED_MS + 86_400_000), UTC)
    for number in (1, 2, 3):
        await Teller(book, identity(number)).join()
    missing = [list(log) for log in logs]
    while any(missing):
        arriving = []
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(3)
            if rng.random() < 0.3:
                arriving.append(rng.choice(logs[place]))
            elif missing[place]:
                arriving.append(missing[place][0])
                if rng.random() < 0.9:
                    missing[place].pop(0)
        taken = await book.store_many(arriving)
        refused = {one.reason for one in taken if isinstance(one, BatchRefused)}
        assert refused <= {"gap"}
        for place, log in enumerate(logs):
            held = (await book.have(log[0].node_id)).seq
            missing[place] = [batch for batch in log if batch.last_seq > held]
    found = await state(book)
    await book.close()
    return found


@pytest.mark.parametrize("seed", range(6))
async def test_two_llamas_end_with_the_same_book(tmp_path: Path, seed: int) -> None:
    logs = batches_of(seed)
    one, other = [
        await gather(tmp_path / name, logs, random.Random(f"{seed} {name}")) for name in ("a", "b")
    ]
    assert one == other
    readings = [part[1] for part in one if isinstance(part, tuple) and isinstance(part[0], str)]
    assert sum(map(len, readings)) > 100
