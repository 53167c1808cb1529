"""The house book: one database, one thread, everything the Llama knows of the house.

Owns `house.db` and what is asked of it. Must not import llama, alpaca, vault or journal.
"""

import sqlite3
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Final

from msgspec import Struct

from herdbook.clock import Clock, day_of
from herdbook.embedding.model import Model
from herdbook.errors import BatchRefused, HerdError
from herdbook.eventlog.batch import VerifiedBatch
from herdbook.eventlog.database import open_database
from herdbook.eventlog.event import MAX_WALL_MS
from herdbook.eventlog.messages import Have, Hello
from herdbook.files import make_folder
from herdbook.house import (
    days,
    glance,
    ingest,
    memory,
    neighbours,
    node,
    observation,
    quarantine,
    readings,
    reviews,
    rollup,
    series,
    thought,
)
from herdbook.house.file import HouseFile, OpenFile
from herdbook.house.glance import Glance
from herdbook.house.ingest import Stored, Taken
from herdbook.house.memory import Topic, Verdict
from herdbook.house.neighbours import Told
from herdbook.house.node import Greeted, Greeting, NodeRow
from herdbook.house.observation import Observation
from herdbook.house.quarantine import Quarantined
from herdbook.house.readings import Reading
from herdbook.house.recall import Recall
from herdbook.house.refold import refold
from herdbook.house.rollup import Rollup
from herdbook.house.series import Series
from herdbook.house.thought import Thought

MAX_OBSERVATIONS: Final = 1000
DAY_MS: Final = 86_400_000


class Today(Struct, frozen=True):
    """How much the house noticed and measured on its present day."""

    day: date
    observations: int
    readings: int


class HouseBook(HouseFile):
    """Use `open`."""

    called = "house book"

    def __init__(self, file: OpenFile, clock: Clock, zone: tzinfo) -> None:
        super().__init__(file)
        self._clock = clock
        self._zone = zone

    @classmethod
    async def open(cls, folder: Path, clock: Clock, zone: tzinfo) -> "HouseBook":
        """The house book in a folder, made if there is none; days are those of `zone`."""
        path = make_folder(folder) / "house.db"

        def connect() -> sqlite3.Connection:
            connection = open_database(path, "herdbook.house")
            try:
                connection.execute("PRAGMA secure_delete=ON")
                node.prepare(connection)
                refold(connection, path, clock.wall_ms())
            except BaseException:
                connection.close()
                raise
            return connection

        return cls(await cls._opened(path, connect), clock, zone)

    async def hello(self, node_id: str, hello: Hello, *, live: bool = True) -> NodeRow:
        """Note what a node says of itself. Raises `HerdError` when too many wait for approval."""
        [greeted] = await self.hellos([Greeting(node_id, hello, live=live)])
        if isinstance(greeted, HerdError):
            raise greeted
        return greeted.node

    async def hellos(self, greetings: Sequence[Greeting]) -> list[Greeted | HerdError]:
        """The same of several, in one transaction; of each what came of it."""
        now = self._clock.wall_ms()
        return await self._write(lambda c: [node.greet(c, one, now) for one in greetings])

    async def hear(self, of: Collection[str], arrived: Collection[str]) -> dict[str, NodeRow]:
        """These nodes by id, as far as they are known.

        Of those that are approved and `arrived` it is noted that they were heard just now.
        """
        now = self._clock.wall_ms()

        def note(connection: sqlite3.Connection) -> dict[str, NodeRow]:
            for node_id in arrived:
                node.hear_approved(connection, node_id, now)
            rows = (node.find(connection, node_id) for node_id in of)
            return {row.node_id: row for row in rows if row is not None}

        return await (self._write if arrived else self._read)(note)

    async def approve(self, node_id: str) -> NodeRow:
        """Let a node in. Raises `NodeUnknown`."""
        return await self._write(lambda c: node.approve(c, node_id))

    async def rename(self, node_id: str, label: str | None) -> NodeRow:
        """Call a node something else; None: what it calls itself. Raises `NodeUnknown`."""
        return await self._write(lambda c: node.rename(c, node_id, label))

    async def retire(self, node_id: str) -> NodeRow:
        """Let a node go and keep what it told. Raises `NodeUnknown`."""
        return await self._write(lambda c: node.retire(c, node_id))

    async def forget(self, node_id: str) -> None:
        """Erase a node and all that it told, from the disk. Raises `NodeUnknown`."""
        await self._write(lambda c: node.forget(c, node_id))
        await self._read(lambda c: c.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())

    async def tidy(self, keep_days: int) -> list[str]:
        """Drop readings older than that, and what else is past its time.

        Returns the ids of the nodes that waited unheard for a week, which are forgotten.
        """
        now = self._clock.wall_ms()
        is_known = self._clock.quality() != "unset"

        def drop(connection: sqlite3.Connection) -> list[str]:
            if is_known:
                readings.expire(connection, now - keep_days * DAY_MS)
            ingest.forget_hashes(connection)
            return node.forget_waiting(connection, now)

        return await self._write(drop)

    async def series(self, node_id: str) -> list[Series]:
        """What the sensors of a node measure."""
        return await self._read(lambda c: series.of_node(c, node_id))

    async def glances(self, node_id: str) -> list[Glance]:
        """What the sensors of a node say now and said in the last day."""
        now = self._clock.wall_ms()
        return await self._read(lambda c: glance.of_node(c, node_id, now))

    async def one_series(self, number: int) -> Series | None:
        """A series by its id."""
        return await self._read(lambda c: series.find(c, number))

    async def readings(self, number: int, start_ms: int, end_ms: int) -> list[Reading]:
        """What a series holds from `start_ms` to before `end_ms`, in order of time."""
        return await self._read(lambda c: readings.listed(c, number, start_ms, end_ms))

    async def timeless(self, number: int) -> int:
        """How many readings of a series there are whose time nobody knows."""
        return await self._read(lambda c: readings.timeless(c, number))

    async def unchecked(self, number: int) -> int:
        """How many of its times nobody has checked yet: they are “about”."""
        return await self._read(lambda c: readings.unchecked(c, number))

    async def by_hour(self, number: int, start_ms: int, end_ms: int) -> list[Rollup]:
        """The hours of a series; rollup.py says which."""
        return await self._read(lambda c: rollup.by_hour(c, number, start_ms, end_ms))

    async def by_day(self, number: int, start_ms: int, end_ms: int) -> list[Rollup]:
        """The days of a series; days.py says which."""
        return await self._read(lambda c: days.by_day(c, number, start_ms, end_ms, self._zone))

    async def nodes(self) -> list[NodeRow]:
        """All nodes, by name."""
        return await self._read(node.every)

    async def node(self, node_id: str) -> NodeRow | None:
        """A node by its id."""
        return await self._read(lambda c: node.find(c, node_id))

    async def have(self, node_id: str) -> Have:
        """What to tell a node: how far its log is held, or that it waits."""
        return await self._read(lambda c: node.have(c, node_id))

    async def haves(self, node_ids: Sequence[str]) -> list[Have]:
        """The same of several; of those that never said hello there is none."""
        return await self._read(
            lambda c: [node.have(c, one) for one in node_ids if node.find(c, one) is not None]
        )

    async def store(self, batch: VerifiedBatch) -> Stored:
        """Store and fold a batch, once; durable when this returns. Raises `BatchRefused`."""
        [taken] = await self.store_many([batch])
        if isinstance(taken, BatchRefused):
            raise taken
        return taken

    async def store_many(self, batches: Sequence[VerifiedBatch]) -> list[Taken]:
        """The same with several, in one transaction; ingest.py says what of each."""
        now = self._clock.wall_ms()
        latest = MAX_WALL_MS if self._clock.quality() == "unset" else now
        return await self._write(lambda c: ingest.take_in(c, batches, now, latest))

    async def refuse(self, node_id: str, reason: str, content: bytes) -> None:
        """Count, and keep for somebody to look at, what was not taken."""
        now = self._clock.wall_ms()
        await self._write(lambda c: quarantine.add(c, node_id, reason, content, now))

    async def quarantined(self) -> list[Quarantined]:
        """The newest refused things, newest first."""
        return await self._read(quarantine.newest)

    async def refusals(self) -> dict[str, int]:
        """How often something was refused, for each reason."""
        return await self._read(quarantine.counts)

    async def today(self) -> Today:
        """The counts of the household's present day."""
        day = day_of(self._clock.wall_ms(), self._zone)
        start, end = self._bounds(day)

        def count(connection: sqlite3.Connection) -> Today:
            return Today(
                day,
                observation.count_between(connection, start, end),
                readings.count_between(connection, start, end),
            )

        return await self._read(count)

    async def observations(self, day: date) -> list[Observation]:
        """A day's newest thousand observations, in order of time."""
        start, end = self._bounds(day)
        return await self._read(lambda c: observation.between(c, start, end, MAX_OBSERVATIONS))

    async def last_words(self) -> dict[str, Observation]:
        """The last that each node said, by its id."""

        def every(connection: sqlite3.Connection) -> dict[str, Observation]:
            said = (
                observation.newest_of(connection, one.node_id, 1) for one in node.every(connection)
            )
            return {one.node_id: one for words in said for one in words}

        return await self._read(every)

    async def observations_of(self, node_id: str, limit: int) -> list[Observation]:
        """The last that a node said, newest first."""
        return await self._read(lambda c: observation.newest_of(c, node_id, limit))

    async def neighbours(
        self, node_id: str, observations: int, memories: int, reviewed: int = 0
    ) -> Told | None:
        """The newest so many things that others in the herd tell; None for who is not in it.

        And what people think of its own facts, after the review of that number.
        """
        return await self._read(
            lambda c: neighbours.told(c, node_id, observations, memories, reviewed)
        )

    async def thoughts(self, limit: int) -> list[Thought]:
        """What the models of nodes did last, newest first."""
        return await self._read(lambda c: thought.newest(c, limit))

    async def topics(self) -> list[Topic]:
        """What the house remembers; memory.py says in which order."""
        return await self._read(memory.topics)

    async def review(self, topic: str, answer: str, verdict: Verdict | None) -> None:
        """Note what a person thinks of a fact; None: nothing any more."""
        await self._write(lambda c: reviews.review(c, topic, answer, verdict))

    def recall(self, model: Model) -> Recall:
        """What the house book knows of something, by words and with a model by meaning."""
        return Recall(self._read, self._write, self._zone, model)

    async def last_observation(self) -> Observation | None:
        """The newest observation; observation.py says which one that is."""
        return await self._read(observation.last)

    def _bounds(self, day: date) -> tuple[int, int]:
        """The first millisecond of a day and of the next one."""
        start, end = (
            datetime.combine(date_, time.min, self._zone)
            for date_ in (day, day + timedelta(days=1))
        )
        return int(start.timestamp() * 1000), int(end.timestamp() * 1000)
