"""A fact told by a node, judged at the Llama, and the judgement back at the node: signed, once."""

from datetime import UTC
from pathlib import Path

import pytest

from herdbook.alpaca.memory.memories import Memories, Proposal
from herdbook.alpaca.neighbours import Neighbourhood as Asking
from herdbook.alpaca.record import Record
from herdbook.embedding.model import Model
from herdbook.errors import MessageRefused
from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.neighbours import Ask
from herdbook.eventlog.pin import FilePin
from herdbook.house.book import HouseBook
from herdbook.llama.herd.neighbourhood import Neighbourhood as Telling
from tests.eventlog.samples import identity
from tests.fakes.clock import ManualClock
from tests.house.household import Teller

LLAMA = identity(9)


async def test_what_is_called_wrong_at_the_llama_comes_home(tmp_path: Path) -> None:
    clock = ManualClock()
    record = await Record.open(tmp_path / "node", clock)
    node_id = record.identity.node_id
    memories = await Memories.open(tmp_path / "node", "Hallway", record, clock, UTC, Model())
    book = await HouseBook.open(tmp_path / "house", clock, UTC)
    await Teller(book, record.identity).join()
    pin = FilePin(tmp_path / "node" / "llama.key")
    pin.keep(LLAMA.public_key)
    asking = Asking(tmp_path / "node", record.identity, pin, None, clock, memories)

    async def unused(*_: object) -> None:
        raise AssertionError

    telling = Telling(book, LLAMA, clock, unused)

    async def ask_once() -> Ask:
        asking.in_herd(True)
        ask = asking._curiosity.ask(clock.monotonic_ms(), await memories.reviewed())
        assert ask is not None
        answer = await telling.answer(node_id, ask)
        assert answer is not None
        await asking.heard(answer)
        with pytest.raises(MessageRefused):
            await asking.heard(answer)  # the same once more
        return ask

    fact = Proposal("boiler", "hours", "6 to 8", "It runs from 6 to 8.", 0.7, "model")
    assert await memories.propose(fact) == "told"
    await record.call(record.log.seal)
    for wire in await record.call(lambda: record.log.batches_after(0, 9)):
        await book.store(open_batch(wire, node_id))
    [topic] = await book.topics()
    await book.review(topic.topic, topic.facts[0].answer, "wrong")
    assert (await ask_once()).reviewed == 0
    assert [one.verdict for one in await memories.facts()] == ["wrong"]
    assert await memories.propose(fact) == "wrong"
    assert (await ask_once()).reviewed == 1
    events = await record.call(lambda: record.log.events_after(1))
    assert [one.kind for one in events] == ["review"], "said once"
    # The Llama gets its own word back in the log, and is not impressed.
    await book.review(topic.topic, topic.facts[0].answer, "kept")
    held = (await book.have(node_id)).seq
    await record.call(record.log.seal)
    for wire in await record.call(lambda: record.log.batches_after(held, 9)):
        await book.store(open_batch(wire, node_id))
    assert [one.verdict for one in (await book.topics())[0].facts] == ["kept"]
    await ask_once()
    assert [one.verdict for one in await memories.facts()] == ["kept"]
    await memories.close()
    await book.close()
    await record.close()
