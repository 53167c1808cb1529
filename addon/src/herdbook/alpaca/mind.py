"""What a node's language model does: it puts what was noticed into words, and answers questions.

To be imported only where a model was chosen: prompts bring Jinja2, which takes memory.
"""

import asyncio
from pathlib import Path

from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.memory.memories import Memories
from herdbook.alpaca.outputs.outputs import Outputs
from herdbook.alpaca.phrasing import Phrasing
from herdbook.alpaca.record import Record
from herdbook.alpaca.tools.conversation import Answered
from herdbook.alpaca.tools.mind import open_conversations
from herdbook.alpaca.tools.reach import Known, Messages
from herdbook.clock import Clock
from herdbook.errors import NodeUnavailable
from herdbook.llm.language_model import LanguageModel
from herdbook.llm.prompts import Prompts


class Mind:
    """Use `run` as a task, and `ask`; then `stop`."""

    def __init__(
        self,
        config: AlpacaConfig,
        model: LanguageModel,
        record: Record,
        memories: Memories,
        known: Known,
        clock: Clock,
        *,
        outputs: Outputs,
        messages: Messages | None,
    ) -> None:
        """Without a broker there are no messages."""
        settings = config.model
        prompts = Prompts(None if settings.prompts is None else Path(settings.prompts))
        name = settings.model or settings.engine
        self._phrasing = Phrasing(model, name, prompts, memories, record, clock, config.language)
        self._asked: set[asyncio.Task[Answered]] = set()
        self._stopped = False
        self._conversations = open_conversations(
            settings,
            model,
            prompts,
            record,
            memories,
            known,
            clock,
            outputs=outputs,
            messages=messages,
        )

    async def run(self) -> None:
        """Phrase what is noticed, until cancelled."""
        await self._phrasing.run()

    async def ask(self, question: str) -> Answered:
        """See `Conversations.ask`; raises `NodeUnavailable` when the node stops over it."""
        if self._stopped:
            raise _stops()
        asking = asyncio.create_task(self._conversations.ask(question))
        self._asked.add(asking)
        try:
            await asyncio.wait({asking})
            if asking.cancelled():
                raise _stops()
            return asking.result()
        finally:
            asking.cancel()
            self._asked.discard(asking)

    def stop(self) -> None:
        """Take no further step: outputs are about to be left in safety."""
        self._stopped = True
        for asking in self._asked:
            asking.cancel()


def _stops() -> NodeUnavailable:
    return NodeUnavailable("The node stops.", fix="Ask again when it runs.")
