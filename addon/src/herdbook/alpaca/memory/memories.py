"""The facts of one node: who may propose which, when they are told again, and when they end.

A fact goes into the event log, and from there into the notebook and to the house. Owns the rules:

- *Told again*, the same fact is confirmed, once a day at most; half of what doubt is left goes each
  time, and a twentieth always stays: only a person is sure.
- *Another value* of the same aspect takes its place. A model takes nothing from what a person kept.
- *What was called wrong* no machine proposes again, nor in other words (wrongs.py).
- *It ends* when it was not confirmed for so long, unless a person kept it.

What people think of a fact is said at the Llama and comes home, or is said here.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import date, tzinfo
from functools import partial
from pathlib import Path
from typing import Final, Literal, Self

from msgspec import Struct

from herdbook.alpaca.memory.wrongs import said_wrong
from herdbook.alpaca.record import Record
from herdbook.clock import Clock
from herdbook.embedding.model import Model
from herdbook.errors import InputError, StorageError
from herdbook.eventlog.neighbours import Reviewed
from herdbook.house.asked import Asked
from herdbook.house.compared import compared
from herdbook.house.found import Recalled
from herdbook.house.memory import (
    MAX_MEMORIES,
    MEMORY,
    RETRACTION,
    REVIEW,
    MemoryPayload,
    RetractionPayload,
    ReviewPayload,
    Verdict,
)
from herdbook.house.notebook import FOLDED, Known, Notebook
from herdbook.house.thought import Thought

DAY_MS: Final = 86_400_000
_LASTS_DAYS: Final = {"arithmetic": 60, "model": 180}
MOST_SURE: Final = 0.95
_LOOK_EVERY_S: Final = 60.0
_PASSED: Final = 500

type Source = Literal["arithmetic", "model", "person"]
type Outcome = Literal["told", "confirmed", "known", "wrong", "kept_otherwise", "full"]
"""It is told; it was told and is surer now; it was told within a day; somebody called it, or the
like of it, wrong; a person kept another value; there is no room for more facts.
"""

_log = logging.getLogger(__name__)


class Proposal(Struct, frozen=True):
    """A fact that something on the node found out; bounds are those of `MemoryPayload`."""

    subject: str
    aspect: str
    value: str
    sentence: str
    confidence: float
    source: Source


class Memories:
    """What one node remembers. Use `open`, and `run` as a task; at the end `close`."""

    def __init__(
        self, record: Record, notebook: Notebook, clock: Clock, zone: tzinfo, model: Model
    ) -> None:
        self._record = record
        self._notebook = notebook
        self._clock = clock
        self._model = model
        self._recall = notebook.recall(model, zone)
        self._read: int | None = None
        self._folded = 0
        self._folding = asyncio.Lock()
        self._proposing = asyncio.Lock()

    @classmethod
    async def open(
        cls, folder: Path, name: str, record: Record, clock: Clock, zone: tzinfo, model: Model
    ) -> Self:
        """The memories of the node in a folder, days being those of `zone`.

        Raises `StorageError`.
        """
        notebook = await Notebook.open(folder, record.identity.node_id, name, clock)
        return cls(record, notebook, clock, zone, model)

    async def run(self) -> None:
        """Fold what is logged, make it ready to be found, and end what is over, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._load())
            group.create_task(self._follow())
            group.create_task(self._recall.run(lambda: True, every_s=_LOOK_EVERY_S))

    async def catch_up(self) -> None:
        """Fold all that the log has by now. Raises `StorageError`."""
        async with self._folding:
            if self._read is None:
                self._read = self._folded = await self._begin()
            log = self._record.log
            while events := await self._record.call(partial(log.events_after, self._read)):
                last = events[-1].seq
                # What is passed over is not written down each time: a card has so many writes.
                if any(one.kind in FOLDED for one in events) or last - self._folded >= _PASSED:
                    await self._notebook.fold(events, last)
                    self._folded = last
                    self._recall.written()
                self._read = last

    async def propose(self, fact: Proposal) -> Outcome:
        """Tell a fact, if it may be. Raises `InputError` when it is out of its bounds."""
        async with self._proposing:
            await self.catch_up()
            known = await self._notebook.fact(fact.subject, fact.aspect)
            again = known is not None and compared(known.value) == compared(fact.value)
            refused = await self._refusal(fact, known)
            if refused is not None:
                return refused
            now = self._clock.wall_ms()
            if known is None or not again:
                await self._tell(fact, now, instead_of=known.value if known else "")
                return "told"
            if fact.source != "person" and now - known.told_ms < DAY_MS:
                return "known"
            await self._tell(fact, now, known=known)
            return "confirmed"

    async def forget(self, subject: str, aspect: str) -> None:
        """Say no longer what is told of an aspect of a subject."""
        await self._record.append(RETRACTION, RetractionPayload(subject, aspect))
        await self.catch_up()

    async def review(self, subject: str, aspect: str, value: str, verdict: Verdict | None) -> None:
        """Note what somebody at the node thinks of a fact. None: nothing any more.

        Raises `InputError` when nobody tells it, or somebody judged it at the Llama.
        """
        await self.catch_up()
        known = await self._notebook.fact(subject, aspect)
        if known is None or compared(known.value) != compared(value):
            raise InputError("This node tells no such fact.", fix="Look at its memories again.")
        if await self._notebook.stands(subject, aspect, value):
            raise InputError("It was judged at the Llama already.", fix="Change it there.")
        await self._record.append(REVIEW, ReviewPayload(subject, aspect, value, verdict))
        await self.catch_up()

    async def reviewed(self) -> int:
        """The number of the last review that came home."""
        return await self._notebook.heard()

    async def come_home(self, reviews: Sequence[Reviewed]) -> None:
        """Take in what people said at the Llama of this node's facts."""
        for one in reviews:
            payload = ReviewPayload(one.subject, one.aspect, one.value, one.verdict, one.number)
            await self._record.append(REVIEW, payload)
        if reviews:
            await self.catch_up()

    async def recall(
        self, words: str, *, kind: str = "", since: date | None = None, limit: int = 20
    ) -> Recalled:
        """What the node knows of something, `limit` of each sort at most, the best first.

        `kind` is of observations, `since` a day; both are conditions of the search itself. What was
        called wrong is not found.
        """
        await self.catch_up()
        return await self._recall.ask(Asked(words, kind=kind, first=since), limit)

    async def in_plain_words(self, after: int, since_ms: int, limit: int) -> list[int]:
        """Which of the newest observations after a number no model put into words, in order."""
        await self.catch_up()
        return await self._notebook.in_plain_words(after, since_ms, limit)

    async def thoughts(self, limit: int) -> list[Thought]:
        """The last steps of the node's model, newest first."""
        await self.catch_up()
        return await self._notebook.thoughts(limit)

    async def facts(self) -> list[Known]:
        """All facts that the node tells, the last told first, with what people think of them."""
        await self.catch_up()
        return await self._notebook.facts()

    async def close(self) -> None:
        """Close the notebook and let go of the model."""
        await self._model.close()
        await self._notebook.close()

    async def _begin(self) -> int:
        """How far the notebook has the log; it is begun anew where it has more than there is."""
        seq = await self._notebook.seq()
        head = await self._record.call(self._record.log.head)
        if seq <= head.seq:
            return seq
        _log.warning("The notebook was of another log, and is made again from this one.")
        await self._notebook.begin_anew()
        return 0

    async def _refusal(self, fact: Proposal, known: Known | None) -> Outcome | None:
        if fact.source == "person":
            return None
        wrongs = await self._notebook.wrong()
        if said_wrong(fact, fact.sentence, wrongs) is not None:
            return "wrong"
        other = known is not None and compared(known.value) != compared(fact.value)
        if other and known is not None and known.verdict == "kept" and fact.source == "model":
            return "kept_otherwise"
        if known is None and len(await self._notebook.facts()) >= MAX_MEMORIES:
            return "full"
        return None

    async def _tell(
        self, fact: Proposal, now: int, *, known: Known | None = None, instead_of: str = ""
    ) -> None:
        source: str = fact.source
        confidence = 1.0 if source == "person" else fact.confidence
        if known is not None and source != "person":
            source, confidence = known.source, surer(known.confidence, fact.confidence)
        days = _LASTS_DAYS.get(source)
        # By a clock that nobody set it would end at once, or never.
        ends = days is not None and self._clock.quality() != "unset"
        payload = MemoryPayload(
            fact.subject,
            fact.aspect,
            fact.value,
            fact.sentence,
            confidence,
            source=source,
            confirmed=known.confirmed + 1 if known else 1,
            expires_ms=now + days * DAY_MS if ends and days is not None else None,
            instead_of=known.instead_of if known else instead_of,
        )
        await self._record.append(MEMORY, payload)
        await self.catch_up()

    async def _load(self) -> None:
        await self._model.load()
        self._recall.written()

    async def _follow(self) -> None:
        """Keep the notebook near the log: whoever asks for something waits for little then."""
        while True:
            try:
                await self.catch_up()
                await self._end_what_is_over()
            except StorageError as error:
                _log.warning("Remembering has to wait: %s", error)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _end_what_is_over(self) -> None:
        if self._clock.quality() == "unset":
            return
        for subject, aspect in await self._notebook.expired(self._clock.wall_ms()):
            await self.forget(subject, aspect)


def surer(known: float, found: float) -> float:
    """How sure a fact is that was found once more: with half of the doubt, of which some stays."""
    surest = max(known, found)
    return max(surest, min(MOST_SURE, 1 - (1 - surest) / 2))
