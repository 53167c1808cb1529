"""A stand-in for the Llama: the receiving side of sync, from the event log's own rules."""

from collections.abc import Callable

from herdbook.broker import Broker, BrokerSettings
from herdbook.errors import BatchRefused
from herdbook.eventlog import topics
from herdbook.eventlog.batch import GENESIS, open_batch
from herdbook.eventlog.event import Event
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.messages import NO_NONCE, Have, Hello, open_hello, seal_have
from herdbook.eventlog.receiver import START, Position, judge
from tests.mosquitto import Mosquitto


class LlamaDouble:
    """Approves the first node it hears of, unless told not to, and keeps what it sends.

    Also a witness: `retained` is the last payload on each topic it may read.
    """

    def __init__(self, server: Mosquitto, *, approves: bool = True) -> None:
        self.approves = approves
        self.identity = Identity(b"\x07" * 32)
        self.position: Position = START
        self.events: list[Event] = []
        self.hello: Hello | None = None
        self.said = 0
        self.retained: dict[str, bytes] = {}
        self.heard: list[tuple[str, bytes]] = []
        self.loses: Callable[[], bool] = lambda: False
        self._hashes = {0: GENESIS}
        self.broker = Broker(
            BrokerSettings(host=server.host, port=server.port),
            client_id="llama-double",
            subscriptions=["herdbook/v1/node/#", "homeassistant/#"],
            on_connect=self._connected,
            on_message=self._message,
        )

    async def say_have(self, node_id: str) -> None:
        nonce = self.hello.nonce if self.hello else NO_NONCE
        self.said += 1
        at = self.position
        have = Have(node_id, at.seq, at.hash, self.approves, nonce, self.said, version="9.1.0")
        await self.broker.publish(topics.have(node_id), seal_have(self.identity, have), retain=True)

    async def _connected(self, broker: Broker) -> None:
        self.retained.clear()  # what it held may be gone; what is there comes again

    async def _message(self, topic: str, payload: bytes, retained: bool) -> None:
        self.retained[topic] = payload
        self.heard.append((topic, payload))
        match topics.parse(topic):
            case (node_id, "hello"):
                self.hello = open_hello(payload, node_id)
                await self.say_have(node_id)
            case (node_id, "log"):
                self._take(node_id, payload)
                await self.say_have(node_id)

    def _take(self, node_id: str, wire: bytes) -> None:
        batch = open_batch(wire, node_id)
        if self.loses():
            return
        try:
            verdict = judge(self.position, batch, self._hashes.get)
        except BatchRefused as refused:
            if refused.reason != "gap":
                raise
            return
        if verdict == "new":
            self.events += batch.events
            self.position = Position(batch.last_seq, batch.hash, batch.events[-1].lamport)
            self._hashes[batch.last_seq] = batch.hash
