"""Many nodes that are no machines: each has its key, its log and the real protocol.

They share one connection to the broker, which to a Llama makes no difference, and keep their logs
in memory. One thread: call `step` again and again.
"""

import hashlib
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from bench.mqtt_wire import MqttWire
from herdbook import __version__
from herdbook.eventlog import topics
from herdbook.eventlog.batch import GENESIS, SealedBatch, last_seq_of, seal
from herdbook.eventlog.event import Event
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.messages import Hello, seal_hello
from herdbook.eventlog.protocol import NodeSync

_LOOK_EVERY_MS: Final = 500


class CrowdNode:
    """One node. `name` is its label; whoever has the same name has the same key, unless given."""

    def __init__(self, name: str, identity: Identity | None = None) -> None:
        self.name = name
        self.identity = identity or Identity(
            hashlib.blake2b(name.encode(), digest_size=32).digest()
        )
        self.node_id = self.identity.node_id
        self.sync = NodeSync(self, self)
        self.key: bytes | None = None
        self.sent: deque[tuple[int, float]] = deque()
        self._wires: list[bytes] = []
        self._ends = [0]
        self._hashes = [GENESIS]

    @property
    def last_seq(self) -> int:
        """The last event of the log."""
        return self._ends[-1]

    def tell(self, events: Sequence[Event]) -> None:
        """Add a batch to the log; the events' numbers follow the last one's."""
        self.load([seal(self.identity, self._hashes[-1], events)])

    def load(self, batches: Sequence[SealedBatch]) -> None:
        """Add batches of this node's own, which follow the last one."""
        self._wires += [batch.wire for batch in batches]
        self._ends += [batch.last_seq for batch in batches]
        self._hashes += [batch.hash for batch in batches]

    def hello(self) -> bytes:
        """What it says of itself, and asks."""
        hello = Hello(self.name, __version__, self.last_seq, self.sync.nonce)
        return seal_hello(self.identity, hello)

    def batches_after(self, seq: int, limit: int) -> list[bytes]:
        """See `herdbook.eventlog.protocol.BatchSource`."""
        first = bisect_right(self._ends, seq) - 1
        return self._wires[first : first + limit]

    def goes_on_from(self, seq: int, hash_: bytes) -> bool:
        """See `BatchSource`."""
        place = bisect_right(self._ends, seq) - 1
        return self._ends[place] == seq and self._hashes[place] == hash_

    def keep(self, key: bytes) -> None:
        """See `herdbook.eventlog.pin.Pin`."""
        self.key = key


class Crowd:
    """All of them, connected. `lags` are the seconds from a batch sent to the “have” of it."""

    def __init__(self, nodes: Sequence[CrowdNode], port: int) -> None:
        self.nodes = {node.node_id: node for node in nodes}
        self.lags: list[float] = []
        self._wire = MqttWire(port, "crowd")
        self._wire.subscribe([topics.have("+")])
        self._looked_ms = 0

    def join(self, nodes: Iterable[CrowdNode]) -> None:
        """These come online and say hello."""
        now = _now_ms()
        for node in nodes:
            self._wire.publish(topics.availability(node.node_id), topics.ONLINE, retain=True)
            node.sync.on_connected(now)
            self._say_hello(node)

    def step(self, seconds: float) -> None:
        """Hear and answer what came, or wait for it so long."""
        for topic, payload in self._wire.poll(seconds):
            node = self.nodes[topic.split("/")[3]]
            node.sync.on_have(payload, _now_ms())
            self._note(node)
            self.send(node)
        now = _now_ms()
        if now - self._looked_ms >= _LOOK_EVERY_MS:
            self._looked_ms = now
            for node in self.nodes.values():
                due = node.sync.due
                if due is not None and due <= now:
                    self.send(node)

    def send(self, node: CrowdNode) -> None:
        """Publish what the protocol has a node publish now."""
        now = _now_ms()
        if node.sync.asks(now):
            self._say_hello(node)
        for wire in node.sync.take(now):
            self._wire.publish(topics.log(node.node_id), wire)
            self._sent(node, wire)

    def is_done(self) -> bool:
        """Whether the Llama has everything of everybody."""
        return all(node.sync.acknowledged == node.last_seq for node in self.nodes.values())

    def close(self) -> None:
        """Leave, without a word."""
        self._wire.close()

    def _say_hello(self, node: CrowdNode) -> None:
        self._wire.publish(topics.hello(node.node_id), node.hello(), retain=True)

    def _sent(self, node: CrowdNode, wire: bytes) -> None:
        seq = last_seq_of(wire)
        # What is sent again has its lag from the first time.
        if not node.sent or node.sent[-1][0] < seq:
            node.sent.append((seq, time.perf_counter()))

    def _note(self, node: CrowdNode) -> None:
        now = time.perf_counter()
        while node.sent and node.sent[0][0] <= node.sync.acknowledged:
            self.lags.append(now - node.sent.popleft()[1])


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
