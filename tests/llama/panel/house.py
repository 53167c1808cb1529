"""A house in which something is noticed."""

from pathlib import Path

from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import ObservationPayload
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.messages import Hello
from tests.fakes.clock import ManualClock
from tests.llama.panel.stage import Stage


async def notice(
    set_up: Stage, folder: Path, count: int, clock: ManualClock, sentence: str = "CO₂ is high."
) -> None:
    """Have a node of the herd notice so much, a minute apart."""
    log = EventLog.open(folder, clock)
    payload = ObservationPayload(
        "co2", "CO₂", "above_usual", sentence, 1840.0, "ppm", (420.0, 1100.0), 0.9
    )
    for _ in range(count):
        clock.advance(60_000)
        log.append("observation", payload)
    log.seal()
    await set_up.book.hello(log.node_id, Hello("Hallway", "0.1.0", count))
    await set_up.book.approve(log.node_id)
    for wire in log.batches_after(0, 10):
        await set_up.book.store(open_batch(wire, log.node_id))
    log.close()
