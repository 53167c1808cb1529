"""What was recalled, as people read it. SQL on the house book's observations, facts and series."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from msgspec import Struct, json

from herdbook.eventlog.database import DatabaseDamaged
from herdbook.house import memory, observation, series
from herdbook.house.asked import Asked, Question
from herdbook.house.memory import Topic
from herdbook.house.observation import Observation
from herdbook.house.ranking import Meant, rank
from herdbook.house.series import Series

MOST: Final = 50
"""Of each at once."""

_THESE: Final = (
    "SELECT p.id, p.node_id, p.number FROM passage p WHERE p.id IN (SELECT value FROM json_each(?))"
)


class FoundSensor(Struct, frozen=True):
    """A sensor, and what its node is called."""

    series: Series
    node_name: str


class Recalled(Struct, frozen=True):
    """What the house knows of something, the best first.

    `more` says that there are further observations. `about` are the ids of those which have none of
    the words, but are about the same. `charts` has the series of an observation by its id, where
    its sensor is measured.
    """

    observations: list[Observation]
    topics: list[Topic]
    sensors: list[FoundSensor]
    more: bool
    about: frozenset[str]
    charts: dict[str, int]


def find(
    connection: sqlite3.Connection,
    question: Question,
    asked: Asked,
    meant: Meant | None,
    limit: int = MOST,
) -> Recalled:
    """The best for a question: `limit` of each kind, at most."""
    said = rank(connection, question, "observation", meant, limit + 1)
    observations, about = [], set()
    keys = _keys(connection, [one.id for one in said[:limit]])
    for one, (node_id, seq) in zip(said, keys, strict=False):
        found = observation.of_batch(connection, node_id, seq, seq)
        if not found:
            raise DatabaseDamaged(
                "The house book is damaged: what can be recalled is not what it holds.",
                fix="Put house.db back from a backup, or move it away.",
            )
        observations += found
        if one.by_meaning:
            about.add(found[0].id)
    topics: list[Topic] = []
    sensors: list[FoundSensor] = []
    if not (asked.sensor or asked.kind):
        facts = rank(connection, question, "memory", meant, limit)
        topics = _topics(connection, _keys(connection, [one.id for one in facts]), kept=asked.kept)
    if not asked.kind and question.typed.wanted:
        measured = rank(connection, question, "sensor", meant, limit)
        sensors = _sensors(connection, _keys(connection, [one.id for one in measured]))
    return Recalled(
        observations,
        topics,
        sensors,
        len(said) > limit,
        frozenset(about),
        _charts(connection, observations),
    )


def _keys(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[tuple[str, int]]:
    """The node of each passage, and its number there, in the same order."""
    these = connection.execute(_THESE, (json.encode(numbers).decode(),))
    keys = {number: (node_id, there) for number, node_id, there in these}
    return [keys[number] for number in numbers]


def _topics(
    connection: sqlite3.Connection, keys: Sequence[tuple[str, int]], *, kept: bool
) -> list[Topic]:
    """What these facts are of, each once, with all that is told of it and not called wrong."""
    found: dict[str, Topic] = {}
    for node_id, seq in keys:
        topic = memory.topic_of(connection, node_id, seq, kept=kept)
        found.setdefault(topic.topic, topic)
    return list(found.values())


def _sensors(connection: sqlite3.Connection, keys: Sequence[tuple[str, int]]) -> list[FoundSensor]:
    found = []
    for node_id, number in keys:
        one = series.find(connection, number)
        name = connection.execute(
            "SELECT coalesce(label, name) FROM node WHERE node_id = ?", (node_id,)
        ).fetchone()
        if one is not None and name is not None:
            found.append(FoundSensor(one, name[0]))
    return found


def _charts(connection: sqlite3.Connection, observations: Sequence[Observation]) -> dict[str, int]:
    charts = {}
    for one in observations:
        row = connection.execute(
            "SELECT id FROM series WHERE node_id = ? AND sensor = ?"
            " ORDER BY unit = coalesce(?, '') DESC, id DESC LIMIT 1",
            (one.node_id, one.sensor, one.unit),
        ).fetchone()
        if row is not None:
            charts[one.id] = row[0]
    return charts
