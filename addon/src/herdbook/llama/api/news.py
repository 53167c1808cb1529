"""What the house book knows, as the API's messages. Owns the translation and nothing else."""

from typing import Final

from msgspec import structs

from herdbook.house.book import HouseBook, Today
from herdbook.house.found import Recalled
from herdbook.house.memory import Fact, Topic
from herdbook.house.node import NodeRow
from herdbook.house.observation import Observation
from herdbook.llama.api import messages
from herdbook.llama.api.feed import Feed
from herdbook.llama.herd.herd import Herd

_MEMORIES: Final = 100
"""In one message: contradictory ones may be more than were asked for."""


async def snapshot(book: HouseBook, herd: Herd) -> messages.Snapshot:
    """What a client needs to know at its start. Raises `StorageError`."""
    last = await book.last_observation()
    return messages.Snapshot(
        _today(await book.today()),
        [_node(node) for node in await herd.nodes() if not node.retired],
        None if last is None else _observation(last),
    )


class News:
    """Tells every client of the API what happened; the herd's listener."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def on_observation(self, observation: Observation) -> None:
        """A new observation is durable."""
        self._publish("observation", _observation(observation))

    def on_today(self, today: Today) -> None:
        """The counts, or the day, have changed."""
        self._publish("today", _today(today))

    def on_node(self, node: NodeRow) -> None:
        """A node is new, or has changed."""
        self._publish("node", _node(node))

    def on_node_gone(self, node_id: str) -> None:
        """A node was taken out of the herd."""
        self._publish("node_gone", messages.NodeGone(node_id))

    def _publish(self, event: str, data: object) -> None:
        self._feed.publish(messages.encode(messages.Event(event, data)))


def _today(today: Today) -> messages.Today:
    return messages.Today(today.day, today.observations, today.readings)


def _node(node: NodeRow) -> messages.Node:
    return messages.Node(
        node_id=node.node_id,
        name=node.name,
        version=node.version,
        fingerprint=node.fingerprint,
        approved=node.approved,
        online=node.online,
        seq=node.seq,
        backlog=node.backlog,
        clock=node.clock,
        last_seen=node.last_seen,
        namesake=node.namesake,
    )


def recalled(found: Recalled) -> messages.Recalled:
    """What was recalled; of contradictory facts each is one."""
    return messages.Recalled(
        observations=[
            messages.RecalledObservation(
                **structs.asdict(_observation(one)), by_meaning=one.id in found.about
            )
            for one in found.observations
        ],
        more=found.more,
        memories=[_memory(topic, fact) for topic in found.topics for fact in topic.facts][
            :_MEMORIES
        ],
        sensors=[
            messages.Sensor(
                node_id=one.series.node_id,
                node_name=one.node_name,
                sensor=one.series.sensor,
                sensor_name=one.series.name or None,
                unit=one.series.unit or None,
            )
            for one in found.sensors
        ],
    )


def _memory(topic: Topic, fact: Fact) -> messages.Memory:
    return messages.Memory(
        subject=topic.subject,
        aspect=topic.aspect,
        value=fact.value,
        sentence=fact.sentence,
        confidence=fact.confidence,
        told_at=fact.told_at,
        clock=fact.clock,
        nodes=fact.nodes,
        kept=fact.verdict == "kept",
        contradicted=topic.contradictory,
    )


def _observation(observation: Observation) -> messages.Observation:
    return messages.Observation(
        id=observation.id,
        node_id=observation.node_id,
        node_name=observation.node_name,
        sensor=observation.sensor,
        sensor_name=observation.sensor_name,
        kind=observation.kind,
        sentence=observation.sentence,
        value=observation.value,
        unit=observation.unit,
        usual=observation.usual,
        observed_at=observation.observed_at,
        clock=observation.clock,
        confidence=observation.confidence,
        seconds=observation.seconds,
        values=observation.values,
        before=observation.before,
        known_days=observation.known_days,
    )
