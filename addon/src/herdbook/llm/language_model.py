"""The language model that was chosen: one question at a time, in order, within limits of time.

Owns the queue, the tries and what is to be said of the model's state. Whoever asks has something to
say without it: no answer is an ordinary case.
"""

import asyncio
import importlib
import logging
import math
import random
import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from herdbook.errors import AnswerUnusable, Busy, ConfigError, ModelDown, ModelRefused
from herdbook.llm.engine import Engine, Turn
from herdbook.llm.quoting import quoted
from herdbook.llm.schema import most_tokens, schema_of
from herdbook.llm.settings import ModelSettings
from herdbook.log import PacedLog

MOST_WAITING: Final = 16
_TRIES: Final = 2
"""Of an answer that is not what was asked for."""
_FIRST_RETRY_S: Final = 1.0
_LAST_RETRY_S: Final = 60.0
_NUMBERS: Final = re.compile(r"\d+")
_ANSWERING: Final = "it is answering a question"
_MORE_MEMORY: Final = "Let less run on this machine, or lower “memory” under [model]."
_FIX: Final = "Check that its server runs, and the table [model]."

# By name and late: what they need is installed, and takes memory, only where they are wanted.
_ENGINES: Final = {
    "ollama": ("herdbook.llm.ollama_engine", "OllamaEngine"),
    "openai": ("herdbook.llm.openai_engine", "OpenAIEngine"),
}

_log = logging.getLogger(__name__)

type Guard = Callable[[bool], str | None]
"""Why a model should not be asked just now, which is loaded or not; None where it may be."""


class ModelState(Struct, frozen=True):
    """How a model is: ``off`` was chosen, or there is a `reason` for the others but ``ready``.

    ``ready`` has answered, or was not asked yet; ``busy`` is answering, or this machine has no
    memory for it just now; ``down`` did not answer when it was last asked.
    """

    state: Literal["off", "ready", "busy", "down"]
    reason: str = ""


class LanguageModel:
    """Ask it; `state` says how it is. Use `close` at the end."""

    def __init__(
        self,
        engine: Engine | None,
        *,
        timeout_s: float = 120.0,
        guard: Guard | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Without an engine there is none. `guard` says why it should not be asked just now."""
        self._engine = engine
        self._timeout_s = timeout_s
        self._guard = guard
        self._rng = rng or random.Random()
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._log = PacedLog(_log)
        self._said = ""
        self._fix = ""
        self.state = ModelState("off" if engine is None else "ready")

    @property
    def is_on(self) -> bool:
        """Whether one was chosen."""
        return self._engine is not None

    async def ask[A](
        self, kind: type[A], turns: list[Turn], *, patience_s: float, down_s: float = math.inf
    ) -> A:
        """What the model answers, as a `kind`; in vain not longer than `patience_s` seconds.

        While it does not answer it is asked again, for `down_s` at most. Raises `Busy` when enough
        wait already, `ModelDown` when it does not answer in that time, `ModelRefused` when it will
        not, and `AnswerUnusable` when what it answers is not of that kind.
        """
        engine = self._engine
        if engine is None:
            raise ModelRefused("No model was chosen.", fix="Name one under [model].")
        if self._waiting >= MOST_WAITING:
            raise Busy(f"{self._waiting} questions wait for the model already.")
        self._waiting += 1
        try:
            async with asyncio.timeout(patience_s):
                return await self._answer(engine, kind, turns, down_s)
        except TimeoutError as error:
            if self.state.state == "ready":
                self._now("down", f"no answer within {patience_s:g} s")
            raise self._no_answer() from error
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Let go of the engine."""
        if self._engine is not None:
            await self._engine.close()

    async def _answer[A](
        self, engine: Engine, kind: type[A], turns: list[Turn], down_s: float
    ) -> A:
        schema = schema_of(kind)
        tokens = most_tokens(schema)
        refused = 0
        retry_s = _FIRST_RETRY_S
        down_since: float | None = None
        while True:
            try:
                # Each try is a turn of its own: who waits for a model that is down keeps nobody.
                async with self._turn:
                    return await self._try(engine, kind, turns, schema, tokens)
            except ModelDown as error:
                now = asyncio.get_running_loop().time()
                down_since = now if down_since is None else down_since
                if now - down_since >= down_s:
                    raise ModelDown(
                        f"{error.message.removesuffix('.')}.", fix=error.fix or _FIX
                    ) from error
            except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
                refused += 1
                if refused == _TRIES:
                    raise AnswerUnusable(
                        "The model answered something else than it was asked for:"
                        f" {quoted(str(error))}."
                    ) from error
                continue
            pause_s = retry_s * self._rng.uniform(0.5, 1.0)
            await asyncio.sleep(min(pause_s, down_since + down_s - now))
            retry_s = min(2 * retry_s, _LAST_RETRY_S)

    async def _try[A](
        self, engine: Engine, kind: type[A], turns: list[Turn], schema: dict[str, Any], tokens: int
    ) -> A:
        """Ask once. Raises `ModelDown`, `ModelRefused`, and what decoding raises."""
        if (lack := await self._lack(engine)) is not None:
            self._now("busy", lack, _MORE_MEMORY)
            raise ModelDown(f"The model is not asked: {lack}.", fix=_MORE_MEMORY)
        try:
            text = await self._complete(engine, turns, schema, tokens)
        except (ModelDown, ModelRefused) as error:
            self._now("down", error.message, error.fix or _FIX)
            raise
        self._now("ready")
        return msgspec.json.decode(text, type=kind)

    async def _lack(self, engine: Engine) -> str | None:
        """Why it should not be asked just now."""
        return self._guard(await engine.is_loaded()) if self._guard else None

    async def _complete(
        self, engine: Engine, turns: list[Turn], schema: dict[str, Any], tokens: int
    ) -> str:
        before = self.state
        self.state = ModelState("busy", _ANSWERING)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await engine.complete(turns, schema, tokens)
        except TimeoutError as error:
            raise ModelDown(f"no answer within {self._timeout_s:g} s") from error
        except asyncio.CancelledError:
            self.state = before  # nobody waits for it any more; that says nothing of it
            raise

    def _no_answer(self) -> ModelDown:
        fix = "" if self.state.reason == _ANSWERING else self._fix
        return ModelDown(f"The model does not answer: {self.state.reason.rstrip('.')}.", fix=fix)

    def _now(
        self, state: Literal["ready", "busy", "down"], reason: str = "", fix: str = ""
    ) -> None:
        # A number that changes, or what its server says to it, is no news.
        sort = _NUMBERS.sub("", reason).partition(":")[0]
        if sort != self._said and (not reason or self._log.info("model", f"The model: {reason}")):
            self._said = sort
        self._fix = fix
        self.state = ModelState(state, reason)


def open_model(settings: ModelSettings) -> LanguageModel:
    """The model that was chosen. Raises `ConfigError` when what it needs is not installed."""
    if settings.engine == "none":
        return LanguageModel(None)
    module, name = _ENGINES[settings.engine]
    try:
        engine = getattr(importlib.import_module(module), name)(settings)
        guard = partial(
            importlib.import_module("herdbook.llm.memory_guard").too_little, settings.memory
        )
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"The model needs {error.name}, which is not installed.",
            fix="Install “herdbook[alpaca,model]”.",
        ) from error
    return LanguageModel(
        engine, timeout_s=settings.timeout, guard=guard if settings.is_local else None
    )
