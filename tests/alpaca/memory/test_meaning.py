"""With a model, a node finds what it remembers by what it is about. The model is real."""

import asyncio
from datetime import UTC
from pathlib import Path

from herdbook.alpaca.memory.memories import Memories, Proposal
from herdbook.alpaca.record import Record
from herdbook.embedding.model import Model
from tests.fakes.clock import ManualClock
from tests.model import embedder, model  # noqa: F401 # fixtures


async def test_a_fact_is_found_by_other_words(tmp_path: Path, model: Model) -> None:  # noqa: F811
    clock = ManualClock()
    record = await Record.open(tmp_path, clock)
    memories = await Memories.open(tmp_path, "Hallway", record, clock, UTC, model)
    told = {
        "bathroom": "It takes 20 minutes until the bathroom is dry after a shower.",
        "mailbox": "The letters come at noon.",
        "cat": "The cat sleeps on the boiler.",
    }
    for subject, sentence in told.items():
        fact = Proposal(subject, "habit", f"of {subject}", sentence, 0.9, "person")
        assert await memories.propose(fact) == "told"
    task = asyncio.create_task(memories.run())
    found = await memories.recall("humidity after washing")
    async with asyncio.timeout(20):
        while not found.topics:
            await asyncio.sleep(0.05)
            found = await memories.recall("humidity after washing")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert found.topics[0].subject == "bathroom"
    await memories._notebook.close()  # the model is the module's
    await record.close()
