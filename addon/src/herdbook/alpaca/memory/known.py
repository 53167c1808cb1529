"""What a node remembers and what its model did, in the shapes of `herdbook.alpaca.knowledge`."""

from collections.abc import Sequence

from herdbook.alpaca.knowledge import Noticed, Recollection, Remembered, Thought
from herdbook.alpaca.memory.memories import Memories
from herdbook.clock import iso
from herdbook.house.observation import Observation


class KnownMemories:
    """See `herdbook.alpaca.knowledge.Memories` and `Thoughts`."""

    def __init__(self, memories: Memories) -> None:
        self._memories = memories

    async def memories(self, limit: int) -> Sequence[Remembered]:
        """See `Memories`."""
        facts = (await self._memories.facts())[:limit]
        return [
            Remembered(iso(one.told_ms), one.sentence, one.verdict or "proposed", one.confidence)
            for one in facts
        ]

    async def recall(self, words: str) -> Recollection:
        """See `Memories`. What contradicts what was found comes with it."""
        found = await self._memories.recall(words)
        facts = [
            Remembered(one.told_at, one.sentence, one.verdict or "proposed", one.confidence)
            for topic in found.topics
            for one in topic.facts
        ]
        return Recollection(facts, [_noticed(one) for one in found.observations])

    async def thoughts(self, limit: int) -> Sequence[Thought]:
        """See `Thoughts`."""
        return [
            Thought(one.at, one.conversation, one.tool, one.said, one.came, one.tainted)
            for one in await self._memories.thoughts(limit)
        ]


def _noticed(one: Observation) -> Noticed:
    return Noticed(
        at=one.observed_at,
        known=one.clock == "synced",
        kind=one.kind,
        sensor=one.sensor,
        sensor_name=one.sensor_name,
        sentence=one.sentence,
        value=one.value,
        unit=one.unit,
        usual=one.usual,
        confidence=one.confidence,
    )
