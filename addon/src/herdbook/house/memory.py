"""Facts that stay true until something else is told. SQL on the house book's memories.

A node tells a *fact*: which value an aspect of a subject has, and a sentence that says so. What it
tells of the same aspect later takes the place of it, a retraction takes it back. The same fact
told by two nodes is one; other values of the same aspect contradict it, and stay beside it for a
person to judge (reviews.py): nothing is taken away because somebody else says otherwise.

Facts are compared without regard to case, spacing and ways of writing the same character.
"""

import sqlite3
from collections.abc import Iterable
from itertools import groupby
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from herdbook.clock import Quality, iso
from herdbook.eventlog.event import Count, Event, Label, WallMs
from herdbook.house import names
from herdbook.house.compared import compared
from herdbook.house.place import Place
from herdbook.house.stretch import Stretch

MEMORY: Final = "memory"
RETRACTION: Final = "retraction"
REVIEW: Final = "review"
MAX_MEMORIES: Final = 1024
"""Of one node."""

type Value = Annotated[str, Meta(min_length=1, max_length=200)]
type Verdict = Literal["kept", "wrong", "later"]
"""Of a fact that nobody judged there is none: it is proposed."""
type _Row = tuple[
    str, str, str, str, str, str, float, int, Quality, str, Verdict, int, str, str, str | None
]

_TOLD: Final = (
    "SELECT m.topic, m.answer, m.subject, m.aspect, m.value, m.sentence, m.confidence,"
    " m.told_ms, m.clock, coalesce(n.label, n.name), nullif(r.verdict, ''), m.confirmed,"
    " m.source, m.instead_of, s.name"
    " FROM memory m JOIN node n USING (node_id) LEFT JOIN review r USING (topic, answer)"
    " LEFT JOIN sensor s ON s.node_id = m.node_id AND s.sensor = m.subject"
)
_IN_ORDER: Final = " ORDER BY m.topic, m.answer, m.told_ms DESC, m.node_id"
_EVERY: Final = _TOLD + _IN_ORDER
# Of those who are in the herd; what was called wrong is none of it.
_OF_TODAY: Final = (
    # What varies is bound.
    f"{_TOLD} WHERE m.topic = (SELECT topic FROM memory WHERE node_id = ? AND seq = ?)"  # noqa: S608
    " AND NOT n.retired AND coalesce(r.verdict, '') <> 'wrong'"
    f" AND (NOT ? OR r.verdict = 'kept'){_IN_ORDER}"
)


class MemoryPayload(Struct, frozen=True, omit_defaults=True):
    """What an event of kind ``memory`` carries.

    `source` says who or what found it out, `confirmed` how often it was found so. After
    `expires_ms`, unless it is told again, its node takes it back. `instead_of` is the value that
    its node told before.
    """

    subject: Label
    aspect: Label
    value: Value
    sentence: Annotated[str, Meta(min_length=1, max_length=1000)]
    confidence: Annotated[float, Meta(ge=0, le=1)]
    source: Annotated[str, Meta(max_length=32)] = ""
    confirmed: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    expires_ms: WallMs | None = None
    instead_of: Annotated[str, Meta(max_length=200)] = ""


class RetractionPayload(Struct, frozen=True):
    """What an event of kind ``retraction`` carries: its node says no longer what this is."""

    subject: Label
    aspect: Label


class ReviewPayload(Struct, frozen=True, omit_defaults=True):
    """What an event of kind ``review`` carries: what a person thinks of a fact of this node.

    With a `number` it is the Llama's own word, come home by the down-sync; without one somebody
    said it at the node. The verdict None: nothing any more.
    """

    subject: Label
    aspect: Label
    value: Value
    verdict: Verdict | None
    number: Count = 0


class Fact(Struct, frozen=True):
    """One fact, in the words of who told it last; `nodes` are the names of all who tell it.

    `confirmed` is how often all of them together found it so.
    """

    answer: str
    value: str
    sentence: str
    confidence: float
    told_at: str
    clock: Quality
    nodes: list[str]
    verdict: Verdict | None
    confirmed: int = 1
    source: str = ""
    instead_of: str = ""


class Topic(Struct, frozen=True):
    """What is told of one aspect of one subject.

    `name` is what people call the subject, where that is a sensor and all who tell of it call it
    so; otherwise "".
    """

    topic: str
    subject: str
    aspect: str
    facts: list[Fact]
    name: str = ""

    @property
    def contradictory(self) -> bool:
        """Whether more than one fact is told that nobody called wrong."""
        return sum(fact.verdict != "wrong" for fact in self.facts) > 1


def add(
    connection: sqlite3.Connection,
    node_id: str,
    event: Event,
    payload: MemoryPayload,
    place: Place,
) -> bool:
    """Fold a fact; False when its node has told as many as it may."""
    topic = topic_key(payload)
    (others,) = connection.execute(
        "SELECT count(*) FROM memory WHERE node_id = ? AND topic <> ?", (node_id, topic)
    ).fetchone()
    if others >= MAX_MEMORIES:
        return False
    # Not “OR REPLACE”, which takes a row away without its triggers.
    connection.execute("DELETE FROM memory WHERE node_id = ? AND topic = ?", (node_id, topic))
    connection.execute(
        "INSERT INTO memory (node_id, topic, answer, seq, subject, aspect, value,"
        " sentence, confidence, told_ms, clock, stretch, monotonic_ms,"
        " source, confirmed, expires_ms, instead_of)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            node_id,
            topic,
            compared(payload.value),
            event.seq,
            payload.subject,
            payload.aspect,
            payload.value,
            payload.sentence,
            payload.confidence,
            place.at_ms,
            place.quality,
            place.stretch,
            place.monotonic_ms,
            payload.source,
            payload.confirmed,
            payload.expires_ms,
            payload.instead_of,
        ),
    )
    return True


def refold(connection: sqlite3.Connection, told_by: Stretch, first_ms: int, last_ms: int) -> None:
    """Put right when facts were told, from one monotonic time of a stretch to another."""
    rows = connection.execute(
        "SELECT told_ms, monotonic_ms, node_id, topic FROM memory"
        " WHERE stretch = ? AND monotonic_ms BETWEEN ? AND ?",
        (told_by.id, first_ms, last_ms),
    ).fetchall()
    connection.executemany(
        "UPDATE memory SET clock = 'synced', told_ms = ? WHERE node_id = ? AND topic = ?",
        [
            (told_by.moment(monotonic_ms, wall_ms), node_id, topic)
            for wall_ms, monotonic_ms, node_id, topic in rows
        ],
    )


def settle(connection: sqlite3.Connection, stretch: int) -> None:
    """No longer expect the times of a stretch to be put right."""
    connection.execute("UPDATE memory SET stretch = 0 WHERE stretch = ?", (stretch,))


def take_back(connection: sqlite3.Connection, node_id: str, payload: RetractionPayload) -> None:
    """Fold a retraction; there need not be anything to retract."""
    connection.execute(
        "DELETE FROM memory WHERE node_id = ? AND topic = ?", (node_id, topic_key(payload))
    )


def topics(connection: sqlite3.Connection) -> list[Topic]:
    """All that is told: first what contradicts itself, then by subject and aspect."""
    return sorted(_topics(connection.execute(_EVERY)), key=lambda one: not one.contradictory)


def topic_of(connection: sqlite3.Connection, node_id: str, seq: int, *, kept: bool) -> Topic:
    """The topic of what a node told then, with all facts of today; with `kept`, the kept ones."""
    [topic] = _topics(connection.execute(_OF_TODAY, (node_id, seq, kept)))
    return topic


def _topics(rows: Iterable[_Row]) -> list[Topic]:
    found = []
    for topic, its in groupby(rows, lambda row: row[0]):
        told = list(its)
        facts = [_fact(list(same)) for _, same in groupby(told, lambda row: row[1])]
        called = {names.shown(row[14]) for row in told}
        name = called.pop() if len(called) == 1 else ""
        found.append(Topic(topic, told[0][2], told[0][3], facts, name))
    return found


def _fact(rows: list[_Row]) -> Fact:
    """A fact from all who tell it, the latest first."""
    _, answer, _, _, value, sentence, _, told_ms, clock, _, verdict, _, source, instead, _ = rows[0]
    return Fact(
        answer=answer,
        value=value,
        sentence=sentence,
        confidence=max(row[6] for row in rows),
        told_at=iso(told_ms),
        clock=clock,
        nodes=sorted({row[9] for row in rows}),
        verdict=verdict,
        confirmed=sum(row[11] for row in rows),
        source=source,
        instead_of=instead,
    )


def topic_key(payload: MemoryPayload | RetractionPayload | ReviewPayload) -> str:
    """What makes two payloads be of the same aspect of the same subject."""
    return f"{compared(payload.subject)}\x1f{compared(payload.aspect)}"
