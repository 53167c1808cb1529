"""A node's data folder in which something is remembered, before the node runs."""

from datetime import UTC
from pathlib import Path

from herdbook.alpaca.memory.memories import Memories, Proposal
from herdbook.alpaca.record import Record
from herdbook.clock import SystemClock
from herdbook.embedding.model import Model

AIRED = "The bathroom is aired for about 20 minutes."
WRONG = "The landlord lives upstairs."


async def remember(folder: Path) -> None:
    """Two facts; the second is newer, and somebody called it wrong."""
    clock = SystemClock()
    record = await Record.open(folder, clock)
    memories = await Memories.open(folder, "Hallway", record, clock, UTC, Model())
    for subject, sentence in (("bathroom", AIRED), ("landlord", WRONG)):
        fact = Proposal(subject, "aspect", "value", sentence, 0.8, "arithmetic")
        assert await memories.propose(fact) == "told"
    await memories.review("landlord", "aspect", "value", "wrong")
    await memories.close()
    await record.close()
