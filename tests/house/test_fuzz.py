"""A node of the herd that sends anything, for a bounded time: the book takes or counts it.

`HERDBOOK_FUZZ_S` is how many seconds it may take (1 by default).
"""

import sqlite3

import msgspec
from msgspec import Raw

from herdbook.eventlog.event import CLOCK, LOSS, OBSERVATION, READINGS, Event
from herdbook.eventlog.messages import Hello
from herdbook.house.book import HouseBook
from herdbook.house.memory import MEMORY, RETRACTION
from tests.eventlog.samples import CO2, SYNCED_MS
from tests.eventlog.test_fuzz import _value as anything
from tests.eventlog.test_fuzz import rounds
from tests.house.household import Teller

GOOD = {
    OBSERVATION: msgspec.to_builtins(CO2),
    READINGS: {
        "sensor": "s", "unit": "°C", "start_ms": SYNCED_MS, "times": [1000, 0], "decimals": 1,
        "values": [200, 1, -1], "offset_ms": 5,
    },
    CLOCK: {"offset_ms": SYNCED_MS},
    MEMORY: {"subject": "a", "aspect": "b", "value": "c", "sentence": "d", "confidence": 1},
    RETRACTION: {"subject": "a", "aspect": "b"},
    LOSS: {"first_seq": 1, "last_seq": 2, "again": [[1, 2]]},
}  # fmt: skip
TIMES = [0, 1, 5_000, SYNCED_MS, 253_370_764_800_000]


async def test_payloads_of_anything(book: HouseBook) -> None:
    teller = Teller(book)
    await teller.join()
    told = 0
    for rng in rounds(8):
        events: list[Event] = []
        for _ in range(rng.randint(1, 8)):
            kind = rng.choice([*GOOD, "new"])
            payload: object = dict(GOOD.get(kind, {}))
            if isinstance(payload, dict) and payload and rng.randrange(3):
                payload[rng.choice(list(payload))] = anything(rng)
            if rng.randrange(12) == 0:
                payload = anything(rng)
            events.append(
                teller.event(
                    kind=kind,
                    payload=Raw(msgspec.msgpack.encode(payload)),
                    boot_id=rng.choice("ab"),
                    wall_ms=rng.choice(TIMES),
                    monotonic_ms=rng.choice([*TIMES, 2**53 - 1]),
                    clock_quality=rng.choice(["synced", "unknown", "unset"]),
                )
            )
        told += len(events)
        assert (await teller.tell(*events)).verdict == "new"
    assert (await book.have(teller.node_id)).seq == told
    for series in await book.series(teller.node_id):
        await book.readings(series.id, 0, 2 * TIMES[-1])
        await book.by_day(series.id, 0, 2 * TIMES[-1])
    await book.topics()
    await book.hello(teller.node_id, Hello("Hallway", "0.1.0", told))
    assert _check(book._connection) == "ok"
    await book.forget(teller.node_id)
    assert await book.series(teller.node_id) == []


def _check(connection: sqlite3.Connection) -> str:
    [(found,)] = connection.execute("PRAGMA integrity_check").fetchall()
    return str(found)
