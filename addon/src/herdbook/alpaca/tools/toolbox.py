"""Carries out a model's steps, or refuses them. Owns what may be done, and when no more.

A conversation is *tainted* for good once the model has read what others may have written: a
message, or anything remembered that no person kept (an earlier conversation may have put it
there). From then on nothing is set and nothing is published. What a sensor says is a
number, so a reading does not taint; names are of the owner's own file.

Whether a step may be taken is looked up here, at the moment it is taken. No prompt decides it.
"""

from typing import Any, Final

from msgspec import Struct, structs

from herdbook.alpaca.memory.memories import Memories, Outcome, Proposal
from herdbook.alpaca.tools.ports import Broker, Outputs, Source, Sources
from herdbook.alpaca.tools.settings import NodeModel
from herdbook.alpaca.tools.steps import (
    Answer,
    GetReadingHistory,
    GetRecentMessages,
    ListOutputs,
    ListSources,
    Observe,
    Publish,
    ReadSource,
    Recall,
    Remember,
    Step,
    WriteOutput,
)
from herdbook.clock import Clock
from herdbook.errors import InputError, StorageError, Unavailable
from herdbook.house.found import Recalled

MOST_REMEMBERED: Final = 3
MOST_OBSERVED: Final = 1
MOST_ACTS: Final = 3
_FOUND: Final = 10
_MESSAGES: Final = 10
_CONFIDENCE: Final = 0.5
_HOUR_MS: Final = 3_600_000
_WHY: Final[dict[Outcome, str]] = {
    "known": "It is remembered already.",
    "wrong": "A person called this, or the like of it, wrong.",
    "kept_otherwise": "A person kept another value of this.",
    "full": "There is no room for more facts.",
}


class Result(Struct, frozen=True):
    """What came of a step; the model is shown either as data."""

    done: Any = None
    refused: str | None = None


class Toolbox:
    """The tools of one conversation. Without outputs or a broker there are fewer."""

    def __init__(
        self,
        allowed: NodeModel,
        sources: Sources,
        memories: Memories,
        clock: Clock,
        *,
        outputs: Outputs | None = None,
        broker: Broker | None = None,
    ) -> None:
        self._allowed = allowed
        self._sources = sources
        self._memories = memories
        self._clock = clock
        self._outputs = outputs
        self._broker = broker
        self._counts: dict[type, int] = {}
        self.tainted = False

    @property
    def may_act(self) -> bool:
        """Whether anything may be set or published still."""
        return self._allowed.may_act and not self.tainted

    async def run(self, step: Step) -> Result:
        """Take a step. What fails, or may not be, is refused in words."""
        try:
            return Result(done=await self._run(step))
        except (InputError, StorageError, Unavailable) as error:
            return Result(refused=str(error)[:300])

    async def _run(self, step: Step) -> Any:
        match step:
            case ListSources():
                return [structs.asdict(one) for one in self._sources.sources()]
            case ReadSource():
                return structs.asdict(self._source(step.source))
            case GetReadingHistory():
                source = self._source(step.source)
                now = self._clock.wall_ms()
                points = await self._sources.history(source.id, now - step.hours * _HOUR_MS, now)
                return [structs.asdict(one) for one in points]
            case Recall():
                return await self._recall(step)
            case Remember():
                return await self._remember(step)
            case Observe():
                self._count(Observe, MOST_OBSERVED)
                return list(await self._sources.observe())
            case ListOutputs():
                return self._settable()
            case GetRecentMessages():
                return self._messages()
            case WriteOutput():
                return await self._write(step)
            case Publish():
                return await self._publish(step)
            case Answer():
                return step.text

    def _source(self, source_id: str) -> Source:
        for one in self._sources.sources():
            if one.id == source_id:
                return one
        raise InputError("There is no such source.", fix="list_sources names them.")

    async def _recall(self, step: Recall) -> Any:
        found = await self._memories.recall(step.words, limit=_FOUND)
        self.tainted |= not _is_kept_by_people(found)
        return {
            "facts": [
                {"subject": topic.subject, "aspect": topic.aspect, "sentence": fact.sentence}
                for topic in found.topics
                for fact in topic.facts
                if fact.verdict != "wrong"
            ],
            "noticed": [
                {"at": one.observed_at, "sentence": one.sentence} for one in found.observations
            ],
        }

    async def _remember(self, step: Remember) -> str:
        self._count(Remember, MOST_REMEMBERED)
        if not (step.subject + step.aspect + step.value + step.sentence).isprintable():
            raise InputError("A fact is plain text in one line.")
        proposal = Proposal(
            step.subject, step.aspect, step.value, step.sentence, _CONFIDENCE, "model"
        )
        outcome = await self._memories.propose(proposal)
        if outcome in _WHY:
            raise InputError(_WHY[outcome])
        return "It is proposed; people judge it."

    def _settable(self) -> Any:
        return [
            structs.asdict(one) | {"allowed": self.may_act and self._allowed.may_set(one.id)}
            for one in (self._outputs.settable() if self._outputs else ())
        ]

    def _messages(self) -> Any:
        if self._broker is None:
            raise Unavailable("There is no broker.")
        # Before anything is read: what is refused after that is refused for this reason.
        self.tainted = True
        return [structs.asdict(one) for one in self._broker.recent(_MESSAGES)]

    async def _write(self, step: WriteOutput) -> Any:
        self._require_clean()
        known = {one.id for one in self._outputs.settable()} if self._outputs else set()
        if self._outputs is None or step.output not in known:
            raise InputError("There is no such output.", fix="list_outputs names them.")
        if not self._allowed.may_set(step.output):
            raise InputError("The file does not allow a model to set this output.")
        self._count(WriteOutput, MOST_ACTS)
        return {"value": await self._outputs.write(step.output, step.value)}

    async def _publish(self, step: Publish) -> str:
        self._require_clean()
        if self._broker is None or step.topic not in self._allowed.topics:
            raise InputError("The file does not allow a model to publish on this topic.")
        self._count(Publish, MOST_ACTS)
        await self._broker.publish(step.topic, step.text)
        return "It is published."

    def _require_clean(self) -> None:
        if self.tainted:
            raise InputError("Text of others was read in this conversation: nothing is set now.")
        if not self._allowed.may_act:
            raise InputError("The file does not allow a model to set anything.")

    def _count(self, kind: type, most: int) -> None:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] > most:
            raise InputError("This was done often enough in one conversation.")


def _is_kept_by_people(found: Recalled) -> bool:
    facts = [fact for topic in found.topics for fact in topic.facts]
    return not found.observations and all(fact.verdict == "kept" for fact in facts)
