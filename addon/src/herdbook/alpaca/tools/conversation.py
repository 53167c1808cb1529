"""A question to the node's model, and the steps it takes to an answer: bounded in every way.

The model says one step at a time, by a schema, so that no engine's own idea of tools is relied on.
Each step and what came of it is a thought, logged before the next.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from herdbook.alpaca.tools.settings import NodeModel
from herdbook.alpaca.tools.steps import ALL, LAST, LOOKING, Answer, Step, name_of
from herdbook.alpaca.tools.toolbox import Result, Toolbox
from herdbook.errors import AnswerUnusable, Busy, ModelDown, ModelRefused
from herdbook.eventlog.event import ThoughtPayload
from herdbook.llm.engine import Turn
from herdbook.llm.language_model import LanguageModel
from herdbook.llm.prompts import Prompts

MOST_ASKED: Final = 500
_SAID: Final = 500
_CAME: Final = 1000
_DOWN_S: Final = 10.0
"""Somebody waits: that a model is down is said soon. A server that loads it is given some time."""

type Think = Callable[[ThoughtPayload], Awaitable[None]]


class Answered(Struct, frozen=True):
    """The end of a conversation. `read_others` says that it read what others may have written."""

    text: str
    steps: int
    read_others: bool


class Conversations:
    """Asks the model, each time with a toolbox of its own."""

    def __init__(
        self,
        model: LanguageModel,
        prompts: Prompts,
        allowed: NodeModel,
        toolbox: Callable[[], Toolbox],
        think: Think,
    ) -> None:
        self._model = model
        self._prompts = prompts
        self._allowed = allowed
        self._toolbox = toolbox
        self._think = think

    async def ask(self, question: str) -> Answered:
        """What the model answers to who owns the node.

        Raises `ModelDown` when it does not come to an answer within its time, `Busy` and
        `ModelRefused` as `LanguageModel.ask`, and `ConfigError` for a prompt that is none.
        """
        question = question[:MOST_ASKED]
        toolbox = self._toolbox()
        thoughts = _Thoughts(self._think)
        await thoughts.add("ask", question, "", toolbox)
        try:
            return await self._in_time(question, toolbox, thoughts)
        except (ModelDown, ModelRefused, Busy) as error:
            await thoughts.add("no_answer", "", error.message, toolbox)
            raise

    async def _in_time(self, question: str, toolbox: Toolbox, thoughts: "_Thoughts") -> Answered:
        try:
            async with asyncio.timeout(self._allowed.seconds):
                return await self._steps(question, toolbox, thoughts)
        except TimeoutError as error:
            why = self._model.state.reason if self._model.state.state == "down" else ""
            words = f"No answer within {self._allowed.seconds:g} seconds"
            raise ModelDown(f"{words}: {why.rstrip('.')}." if why else f"{words}.") from error

    async def _steps(self, question: str, toolbox: Toolbox, thoughts: "_Thoughts") -> Answered:
        turns = self._prompts.turns(
            "ask", question=question, steps=self._allowed.steps, act=toolbox.may_act
        )
        for left in reversed(range(self._allowed.steps)):
            step = await self._step(turns, toolbox, left)
            if isinstance(step, Answer):
                await thoughts.add("answer", step.text, "", toolbox)
                return Answered(step.text, self._allowed.steps - left, toolbox.tainted)
            if step is None:
                said, result = "", Result(refused="That was no step.")
            else:
                said, result = _json(step), await toolbox.run(step)
            came = _json(result)
            await thoughts.add(name_of(step) if step else "nothing", said, came, toolbox)
            turns = [
                *turns,
                Turn("assistant", said or "{}"),
                Turn("user", self._prompts.turns("result", result=result, left=left)[0].content),
            ]
        raise ModelDown(f"The model did not come to an answer in {self._allowed.steps} steps.")

    async def _step(self, turns: list[Turn], toolbox: Toolbox, left: int) -> Step | None:
        kind: Any = LAST if not left else ALL if toolbox.may_act else LOOKING
        try:
            step: Step = await self._model.ask(
                kind, turns, patience_s=self._allowed.seconds, down_s=_DOWN_S
            )
        except AnswerUnusable:
            return None
        return step


class _Thoughts:
    """One conversation's, in order."""

    def __init__(self, think: Think) -> None:
        self._think = think
        self._conversation = secrets.token_hex(4)
        self._count = 0

    async def add(self, tool: str, said: str, came: str, toolbox: Toolbox) -> None:
        self._count += 1
        await self._think(
            ThoughtPayload(
                self._conversation,
                self._count,
                tool,
                _printable(said)[:_SAID],
                _printable(came)[:_CAME],
                toolbox.tainted,
            )
        )


def _json(value: Struct) -> str:
    return msgspec.json.encode(value).decode()


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
