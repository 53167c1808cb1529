"""Puts a node's model, what it may do and what that reaches together."""

from herdbook.alpaca.memory.memories import Memories
from herdbook.alpaca.outputs.outputs import Outputs
from herdbook.alpaca.record import Record
from herdbook.alpaca.tools.conversation import Conversations
from herdbook.alpaca.tools.reach import Known, KnownSources, Messages, NodeOutputs
from herdbook.alpaca.tools.settings import NodeModel
from herdbook.alpaca.tools.toolbox import Toolbox
from herdbook.clock import Clock
from herdbook.eventlog.event import THOUGHT, ThoughtPayload
from herdbook.llm.language_model import LanguageModel
from herdbook.llm.prompts import Prompts


def open_conversations(
    allowed: NodeModel,
    model: LanguageModel,
    prompts: Prompts,
    record: Record,
    memories: Memories,
    known: Known,
    clock: Clock,
    *,
    outputs: Outputs | None = None,
    messages: Messages | None = None,
) -> Conversations:
    """What answers questions to this node; each step of it goes into the log as a thought."""

    def toolbox() -> Toolbox:
        return Toolbox(
            allowed,
            KnownSources(known),
            memories,
            clock,
            outputs=None if outputs is None else NodeOutputs(outputs),
            broker=messages,
        )

    async def think(thought: ThoughtPayload) -> None:
        await record.append(THOUGHT, thought)

    return Conversations(model, prompts, allowed, toolbox, think)
