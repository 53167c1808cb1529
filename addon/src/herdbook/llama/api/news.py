"""What the house book knows, as the API's messages. Owns the translation and nothing else."""

from herdbook.house.book import HouseBook, Today
from herdbook.house.node import NodeRow
from herdbook.house.observation import Observation
from herdbook.llama.api import messages
from herdbook.llama.api.feed import Feed
from herdbook.llama.herd.herd import Herd


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
    )
