"""A node's own notebook: what it noticed and remembers, folded from its own log.

The tables are the house book's, with one node in them, so that a fact is judged, superseded and
found on the node as it is in the house. Readings stay in the log. Owns `notebook.db`, and how far
the log is folded into it.

Nothing is in it that the log does not say: it can be made again from the log, as far back as that
goes.
"""

import logging
import sqlite3
from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Final

from msgspec import Struct

from herdbook import __version__
from herdbook.clock import Clock
from herdbook.embedding.model import Model
from herdbook.eventlog.database import DatabaseDamaged, open_database, transaction
from herdbook.eventlog.event import (
    CLOCK,
    LOSS,
    MAX_WALL_MS,
    OBSERVATION,
    THOUGHT,
    WORDING,
    Event,
    decode_payload,
)
from herdbook.eventlog.messages import Hello
from herdbook.files import make_folder, writing
from herdbook.house import memory, node, observation, reviews, thought
from herdbook.house.compared import compared
from herdbook.house.file import HouseFile, OpenFile
from herdbook.house.fold import Fold
from herdbook.house.memory import MEMORY, RETRACTION, REVIEW, ReviewPayload, Topic
from herdbook.house.node import Greeting
from herdbook.house.observation import Observation
from herdbook.house.recall import Recall
from herdbook.house.thought import Thought

NAME: Final = "notebook.db"
FOLDED: Final = frozenset({OBSERVATION, MEMORY, RETRACTION, REVIEW, WORDING, THOUGHT, CLOCK, LOSS})
MOST_OBSERVATIONS: Final = 10_000
_OLD: Final = (
    "DELETE FROM observation WHERE node_id = ?1 AND seq IN"
    " (SELECT seq FROM observation WHERE node_id = ?1 ORDER BY seq DESC LIMIT -1 OFFSET ?2)"
)
_EXPIRED: Final = (
    "SELECT m.subject, m.aspect FROM memory m LEFT JOIN review r USING (topic, answer)"
    " WHERE m.expires_ms <= ? AND r.verdict IS NOT 'kept'"
)
_TOLD: Final = (
    "SELECT m.subject, m.aspect, m.value, m.sentence, m.confidence, m.source, m.confirmed,"
    " m.instead_of, m.told_ms, m.expires_ms, nullif(r.verdict, '')"
    " FROM memory m LEFT JOIN review r USING (topic, answer)"
)

_log = logging.getLogger(__name__)


class Known(Struct, frozen=True):
    """A fact as this node tells it now; `told_ms` is when it was last told."""

    subject: str
    aspect: str
    value: str
    sentence: str
    confidence: float
    source: str
    confirmed: int
    instead_of: str
    told_ms: int
    expires_ms: int | None
    verdict: memory.Verdict | None


class Wrong(Struct, frozen=True):
    """What somebody called wrong, as facts are compared."""

    subject: str
    aspect: str
    value: str


class Notebook(HouseFile):
    """Use `open`."""

    called = "notebook"

    def __init__(self, file: OpenFile, node_id: str, clock: Clock) -> None:
        super().__init__(file)
        self._node_id = node_id
        self._clock = clock

    @classmethod
    async def open(cls, folder: Path, node_id: str, name: str, clock: Clock) -> "Notebook":
        """The notebook in a folder, of the node with this id and name.

        One that is damaged, or another node's, is moved aside and begun anew.
        """
        path = make_folder(folder) / NAME

        def connect() -> sqlite3.Connection:
            try:
                return _own(path, node_id, name, clock)
            except DatabaseDamaged as error:
                _log.warning("%s It is kept as %s.damaged and made again.", error.message, NAME)
                _move_aside(path)
                return _own(path, node_id, name, clock)

        return cls(await cls._opened(path, connect), node_id, clock)

    async def seq(self) -> int:
        """The number of the last event that was folded, or passed over."""
        return await self._read(lambda c: self._row(c).seq)

    async def begin_anew(self) -> None:
        """Forget everything: the log is not the one that this was folded from."""

        def work(connection: sqlite3.Connection) -> None:
            name = self._row(connection).name
            node.forget(connection, self._node_id)
            connection.execute("DELETE FROM review")
            _claim(connection, self._node_id, name, self._clock)

        await self._write(work)

    async def fold(self, events: Sequence[Event], until: int) -> None:
        """Fold events of the log, which now is folded up to the number `until`."""
        now = self._clock.wall_ms()
        latest = MAX_WALL_MS if self._clock.quality() == "unset" else now

        def work(connection: sqlite3.Connection) -> None:
            fold = Fold(connection, self._node_id, now, latest)
            fold.run(one for one in events if one.kind in FOLDED)
            fold.finish()
            for one in events:
                if one.kind == REVIEW:
                    payload = decode_payload(one, ReviewPayload)
                    reviews.hear_home(connection, self._node_id, payload)
            connection.execute(_OLD, (self._node_id, MOST_OBSERVATIONS))
            connection.execute("UPDATE node SET seq = ? WHERE node_id = ?", (until, self._node_id))

        await self._write(work)

    async def topics(self) -> list[Topic]:
        """All facts, as `memory.topics` has them."""
        return await self._read(memory.topics)

    async def facts(self) -> list[Known]:
        """All facts that this node tells, the last told first, whatever people think of them."""
        every = f"{_TOLD} ORDER BY m.told_ms DESC, m.seq DESC"
        return await self._read(lambda c: [Known(*row) for row in c.execute(every)])

    async def fact(self, subject: str, aspect: str) -> Known | None:
        """What this node tells of an aspect of a subject."""
        topic = f"{compared(subject)}\x1f{compared(aspect)}"

        def find(connection: sqlite3.Connection) -> Known | None:
            row = connection.execute(f"{_TOLD} WHERE m.topic = ?", (topic,)).fetchone()
            return Known(*row) if row else None

        return await self._read(find)

    async def wrong(self) -> list[Wrong]:
        """All that somebody called wrong, told still or not."""

        def find(connection: sqlite3.Connection) -> list[Wrong]:
            rows = connection.execute("SELECT topic, answer FROM review WHERE verdict = 'wrong'")
            found = []
            for topic, answer in rows:
                subject, aspect = topic.split("\x1f", 1)
                found.append(Wrong(subject, aspect, answer))
            return found

        return await self._read(find)

    async def heard(self) -> int:
        """The number of the last review of the Llama that came home."""

        def find(connection: sqlite3.Connection) -> int:
            row = connection.execute("SELECT heard FROM node").fetchone()
            return int(row[0]) if row else 0

        return await self._read(find)

    async def stands(self, subject: str, aspect: str, value: str) -> bool:
        """Whether the Llama said what is to be thought of this fact."""
        topic = f"{compared(subject)}\x1f{compared(aspect)}"
        return await self._read(lambda c: reviews.stands(c, topic, compared(value)))

    async def expired(self, now_ms: int) -> list[tuple[str, str]]:
        """Subject and aspect of the facts whose time is over; one that a person kept stays."""
        return await self._read(lambda c: c.execute(_EXPIRED, (now_ms,)).fetchall())

    async def observations(self, limit: int) -> list[Observation]:
        """The last that were made, newest first."""
        return await self._read(lambda c: observation.newest_of(c, self._node_id, limit))

    async def thoughts(self, limit: int) -> list[Thought]:
        """The last steps of the node's model, newest first."""
        return await self._read(lambda c: thought.newest(c, limit))

    async def in_plain_words(self, after: int, since_ms: int, limit: int) -> list[int]:
        """Which of the newest observations after a number no model put into words, in order."""
        return await self._read(
            lambda c: observation.in_plain_words(c, self._node_id, after, since_ms, limit)
        )

    def recall(self, model: Model, zone: tzinfo) -> Recall:
        """What the node knows of something, by words and with a model by meaning."""
        return Recall(self._read, self._write, zone, model)

    def _row(self, connection: sqlite3.Connection) -> node.NodeRow:
        row = node.find(connection, self._node_id)
        if row is None:
            raise DatabaseDamaged(f"{self._path} does not know its own node.")
        return row


def _own(path: Path, node_id: str, name: str, clock: Clock) -> sqlite3.Connection:
    connection = open_database(path, "herdbook.house")
    try:
        node.prepare(connection)
        with transaction(connection, path):
            others = [one for one in node.every(connection) if one.node_id != node_id]
            if others:
                raise DatabaseDamaged(f"{path} is another node's.")
            _claim(connection, node_id, name, clock)
    except BaseException:
        connection.close()
        raise
    return connection


def _claim(connection: sqlite3.Connection, node_id: str, name: str, clock: Clock) -> None:
    found = node.find(connection, node_id)
    seq = found.seq if found else 0
    greeting = Greeting(node_id, Hello(name, __version__, seq), live=True)
    node.greet(connection, greeting, clock.wall_ms())
    node.approve(connection, node_id)


def _move_aside(path: Path) -> None:
    with writing(path):
        for ending in ("", "-wal", "-shm"):
            one = path.with_name(path.name + ending)
            if one.exists():
                one.replace(path.with_name(f"{path.name}{ending}.damaged"))
