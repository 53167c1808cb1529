"""Puts what the node noticed into a model's words, afterwards and only if they say the same.

An observation is made, logged and sent at once in plain words. Later, when a model answers, a
`wording` event says how it puts it; docs/adr/0019 has the reasons. What waits is in the notebook,
so nothing is lost by a restart: the newest 20 observations of the last hour. Older ones keep the
plain words.
"""

import asyncio
import logging
from functools import partial
from typing import Annotated, Final

from msgspec import Meta, Struct

from herdbook.alpaca.memory.memories import Memories
from herdbook.alpaca.record import Record
from herdbook.alpaca.words.language import Code
from herdbook.alpaca.words.wording import may_replace
from herdbook.clock import Clock
from herdbook.errors import Busy, ConfigError, ModelDown, ModelRefused, StorageError
from herdbook.eventlog.event import (
    OBSERVATION,
    WORDING,
    ObservationPayload,
    WordingPayload,
    decode_payload,
)
from herdbook.llm.language_model import LanguageModel
from herdbook.llm.prompts import Prompts
from herdbook.log import PacedLog

MOST_WAITING: Final = 20
PATIENCE_MS: Final = 3_600_000
_LOOK_EVERY_S: Final = 15.0
_ANSWER_S: Final = 600.0

_log = logging.getLogger(__name__)


class Phrased(Struct, frozen=True):
    """What the model is asked for."""

    sentence: Annotated[str, Meta(min_length=1, max_length=400)]


class Phrasing:
    """Use `run` as a task; without a model it does nothing."""

    def __init__(
        self,
        model: LanguageModel,
        name: str,
        prompts: Prompts,
        memories: Memories,
        record: Record,
        clock: Clock,
        language: Code = "en",
    ) -> None:
        """`name` is what the model is called in the log."""
        self._model = model
        self._name = name
        self._prompts = prompts
        self._memories = memories
        self._record = record
        self._clock = clock
        self._language = language
        self._done = 0
        self._log = PacedLog(_log, clock)
        self._said = ""

    async def run(self) -> None:
        """Phrase what comes, until cancelled."""
        while self._model.is_on:
            try:
                await self.phrase_waiting()
            except (Busy, ModelDown, StorageError) as error:
                _log.debug("Observations keep their plain words for now: %s", error)
            except ConfigError as error:
                _log.error("%s Observations keep their plain words.", error)
                return
            await asyncio.sleep(_LOOK_EVERY_S)

    async def phrase_waiting(self) -> None:
        """Phrase what waits, one after the other.

        Raises `Busy`, `ModelDown`, `StorageError`, and `ConfigError` for a prompt that is none.
        """
        while True:
            since = self._clock.wall_ms() - PATIENCE_MS
            waiting = await self._memories.in_plain_words(self._done, since, MOST_WAITING)
            if not waiting:
                return
            await self._phrase(waiting[0])
            self._done = waiting[0]

    async def _phrase(self, seq: int) -> None:
        payload = await self._observation(seq)
        if payload is None:
            return
        turns = self._prompts.turns(
            "phrase",
            sentence=payload.sentence,
            sensor_name=payload.sensor_name,
            language=self._language,
        )
        try:
            said = await self._model.ask(Phrased, turns, patience_s=_ANSWER_S)
        except ModelRefused as error:
            self._say(str(error))
            return
        sentence = " ".join(said.sentence.split())
        if not may_replace(sentence, payload, self._language):
            self._say("the model said something else.")
            return
        self._said = ""
        await self._record.append(WORDING, WordingPayload(seq, sentence, self._name))

    def _say(self, why: str) -> None:
        words = f"Observations keep their plain words: {why}"
        # One that cannot phrase cannot phrase any.
        if why != self._said and self._log.info("plain", words):
            self._said = why

    async def _observation(self, seq: int) -> ObservationPayload | None:
        """The observation itself, with its evidence; None where the log has it no more."""
        events = await self._record.call(partial(self._record.log.events_after, seq - 1))
        if not events or (events[0].seq, events[0].kind) != (seq, OBSERVATION):
            return None
        return decode_payload(events[0], ObservationPayload)
