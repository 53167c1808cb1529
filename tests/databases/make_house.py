"""Makes a house book with this release: ``python -m tests.databases.make_house 2`` for schema 2.

A fixture is never made again: it stands for the house books that people have.
"""

import asyncio
import shutil
import sys
import tempfile
from datetime import UTC
from pathlib import Path

from herdbook.eventlog.batch import GENESIS, open_batch, seal
from herdbook.eventlog.event import READINGS, Event, ObservationPayload, encode_payload
from herdbook.eventlog.messages import Hello
from herdbook.eventlog.readings import Sample, pack
from herdbook.house.book import HouseBook
from herdbook.house.memory import MEMORY, MemoryPayload, Verdict
from tests.eventlog.samples import SYNCED_MS, event, identity, numbered
from tests.fakes.clock import ManualClock

FOLDER = Path(__file__).parent / "house"
HALLWAY, ATTIC, WAITING, CELLAR, GARDEN = (identity(seed) for seed in (1, 2, 3, 4, 5))
FACTS_SINCE = 4
EVIDENCE_SINCE = 8
NAMES_SINCE = 10
HALF_MINUTE_MS = 30_000
IN_THE_GARDEN_MS = SYNCED_MS - 86_400_000


def warmth(minute: int) -> list[Sample]:
    """Two samples of a room, as an Alpaca has them in a block."""
    start = SYNCED_MS + 2 * minute * HALF_MINUTE_MS
    return [(start + step * HALF_MINUTE_MS, 20 + (minute % 30 + step) / 10) for step in (0, 1)]


def measured(seq: int, samples: list[Sample], **changes: object) -> Event:
    yes_no = isinstance(samples[0][1], bool)
    payload = pack("door" if yes_no else "warmth", None if yes_no else "°C", samples)
    return event(seq, kind=READINGS, payload=encode_payload(payload), **changes)


def of_hallway() -> list[Event]:
    """Two hours of a room, a door, what was noticed, and what no version of then could read."""
    events = [measured(seq, warmth(seq)) for seq in range(1, 121)]
    events += [
        measured(121, [(SYNCED_MS + 1, True), (SYNCED_MS + 5000, False)]),
        event(122, wall_ms=SYNCED_MS + 60_000, payload=encode_payload(numbered(122))),
        event(123, kind="retraction"),
        event(124, kind=READINGS),
    ]
    return events


def of_attic() -> list[Event]:
    """A machine that believes to be in 1970."""
    clock = {"clock_quality": "unset", "boot_id": "first"}
    return [
        measured(1, [(1000, 1.5), (31_000, 2.5)], wall_ms=40_000, monotonic_ms=40_000, **clock),
        event(2, payload=encode_payload(numbered(2)), wall_ms=50_000, monotonic_ms=50_000, **clock),
    ]


def of_cellar() -> list[Event]:
    """Facts: one that was superseded, one that a person keeps, one that they call wrong."""
    facts = [
        ("cellar", "damp", "Damp from April on."),
        ("cellar", "damp", "Damp from May on."),
        ("boiler", "start", "The boiler starts at five."),
        ("freezer", "door", "The freezer is never closed."),
    ]
    return [
        event(
            seq,
            kind=MEMORY,
            payload=encode_payload(MemoryPayload(subject, aspect, sentence, sentence, 0.9)),
        )
        for seq, (subject, aspect, sentence) in enumerate(facts, start=1)
    ]


def with_evidence() -> ObservationPayload:
    """A change, with all that it rests on."""
    return ObservationPayload(
        *("warmth", "Warmth", "sudden_change", "Warmth went from 20 to 14 °C within 30 minutes."),
        *(14.0, "°C", None, 0.8),
        seconds=1800,
        values=(20.0, 17.5, 14.0),
        before=20.0,
        known_days=12.5,
    )


def with_a_name() -> Event:
    """A reading of a sensor, and what people call it."""
    at_ms = IN_THE_GARDEN_MS + 1000
    payload = pack("rain", "mm", [(at_ms, 1.5)], name="Rain gauge")
    return event(2, kind=READINGS, payload=encode_payload(payload), wall_ms=at_ms)


async def _judge(book: HouseBook) -> None:
    for topic in await book.topics():
        if topic.subject != "cellar":
            verdict: Verdict = "kept" if topic.subject == "boiler" else "wrong"
            await book.review(topic.topic, topic.facts[0].answer, verdict)


async def make(version: str) -> None:
    clock = ManualClock(SYNCED_MS + 3 * 3_600_000)
    with tempfile.TemporaryDirectory() as work:
        book = await HouseBook.open(Path(work), clock, UTC)
        for who, name in ((HALLWAY, "Hallway"), (ATTIC, "Attic"), (WAITING, "Waiting")):
            await book.hello(who.node_id, Hello(name, "0.1.0", 0))
        logs = [(HALLWAY, of_hallway()), (ATTIC, of_attic())]
        if int(version) >= FACTS_SINCE:
            await book.hello(CELLAR.node_id, Hello("Cellar", "0.1.0", 0))
            logs.append((CELLAR, of_cellar()))
        if int(version) >= EVIDENCE_SINCE:
            await book.hello(GARDEN.node_id, Hello("Garden", "0.1.0", 0))
            told = [event(1, wall_ms=IN_THE_GARDEN_MS, payload=encode_payload(with_evidence()))]
            if int(version) >= NAMES_SINCE:
                told.append(with_a_name())
            logs.append((GARDEN, told))
        for who, events in logs:
            await book.approve(who.node_id)
            previous = GENESIS
            for first in range(0, len(events), 50):
                sealed = seal(who, previous, events[first : first + 50])
                previous = sealed.hash
                await book.store(open_batch(sealed.wire, who.node_id))
        await _judge(book)
        await book.refuse(WAITING.node_id, "signature", b"forged")
        await book.close()
        FOLDER.mkdir(exist_ok=True)
        shutil.copyfile(Path(work) / "house.db", FOLDER / f"v{version}.db")


if __name__ == "__main__":
    asyncio.run(make(sys.argv[1]))
