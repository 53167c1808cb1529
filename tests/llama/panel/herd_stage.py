"""A herd for the panel's tests: a room, a door, a node that never knew the time, and refusals."""

import math
import random

from herdbook.eventlog.event import encode_payload
from herdbook.eventlog.messages import Hello
from herdbook.house.book import DAY_MS
from tests.eventlog.samples import identity, numbered
from tests.fakes.clock import ManualClock
from tests.house.household import Teller, fact
from tests.llama.panel.stage import Stage

MINUTE_MS = 60_000


async def herd_of(set_up: Stage, days: int = 2) -> tuple[Teller, Teller]:
    """The hallway, which measures, and the attic, which booted in 1970; a third one waits."""
    clock: ManualClock = set_up.clock
    rng = random.Random(5)
    hallway, attic = Teller(set_up.book, identity(1)), Teller(set_up.book, identity(2))
    await hallway.join("Hallway")
    await attic.join("Attic")
    await set_up.book.hello(identity(3).node_id, Hello("Cellar", "0.1.0", 7))
    start = clock.wall_ms() - days * DAY_MS
    for first in range(0, days * 288, 288):
        times = [start + (first + step) * 5 * MINUTE_MS for step in range(288)]
        # Nobody measures at four in the morning: a gap.
        warmth = [
            (at, round(20.5 + 1.5 * math.sin(at / DAY_MS * 2 * math.pi) + rng.gauss(0, 0.15), 1))
            for at in times
            if not 4 <= at % DAY_MS // 3_600_000 < 8
        ]
        door = [(at, rng.random() < 0.1) for at in times]
        await hallway.tell(
            hallway.block(warmth, "room_temperature"),
            hallway.block(door, "front_door", None),
        )
    noticed = hallway.event(payload=encode_payload(numbered(1)), wall_ms=clock.wall_ms() - 5000)
    await hallway.tell(noticed)
    for teller, value in ((hallway, "20 minutes"), (attic, "20 Minutes"), (attic, "an hour")):
        subject = "window" if value == "an hour" else "bathroom"
        await teller.tell(fact(teller, value, subject))
    await hallway.tell(fact(hallway, "half an hour", "window"))
    unset = {"clock_quality": "unset", "boot_id": "b", "monotonic_ms": 9000, "wall_ms": 9000}
    await attic.tell(
        attic.block([(5000, 1.0), (6000, 2.0)], "attic_humidity", "%", **unset),
        attic.event(payload=encode_payload(numbered(2)), **unset),
    )
    await set_up.book.refuse(identity(3).node_id, "signature", b"forged")
    await set_up.book.refuse("x" * 26, "hello_malformed", b"?")
    await set_up.book.refuse(attic.node_id, "gap", b"?")
    return hallway, attic
