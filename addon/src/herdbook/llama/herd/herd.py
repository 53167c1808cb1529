"""Gathers the herd: hellos, batches and availability, from the broker or by HTTP.

A batch is stored before it is acknowledged to the broker, and acknowledged to its node by the
“have” alone. Messages are handled in their order, those that arrived together in one transaction;
the broker holds back what is not handled. Where there is no broker, all comes through `door`.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from herdbook.broker import Broker, BrokerSettings, Message
from herdbook.clock import Clock
from herdbook.errors import BatchRefused, MessageRefused, StorageError
from herdbook.eventlog import topics
from herdbook.eventlog.batch import VerifiedBatch, open_batch
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.messages import open_hello
from herdbook.eventlog.neighbours import open_ask
from herdbook.house.book import HouseBook
from herdbook.house.node import Greeting, NodeRow
from herdbook.house.observation import Observation
from herdbook.llama.herd.discovery import retained_topics
from herdbook.llama.herd.door import Door
from herdbook.llama.herd.haves import Haves
from herdbook.llama.herd.heartbeats import Heartbeats
from herdbook.llama.herd.intake import Intake, Listener
from herdbook.llama.herd.neighbourhood import Neighbourhood
from herdbook.llama.herd.presence import Presence
from herdbook.llama.herd.sweep import left_behind
from herdbook.llama.herd.today import TodayWatch
from herdbook.llama.herd.ways import Ways
from herdbook.log import PacedLog

_CONFIRM_S: Final = 10.0
_TIDY_EVERY_S: Final = 3600.0
_LOOK_EVERY_S: Final = 5.0

_LOGGER = logging.getLogger(__name__)


class Herd:
    """The nodes of one house book. `door` is where those come in that have no broker."""

    def __init__(
        self,
        book: HouseBook,
        settings: BrokerSettings | None,
        identity: Identity,
        clock: Clock,
        listener: Listener,
        *,
        keep_days: int = 365,
        by_http: bool = False,
    ) -> None:
        """Readings are kept one by one for `keep_days`. `by_http`: somebody serves `door`."""
        self._book = book
        self._settings = settings
        self._keep_days = keep_days
        self._clock = clock
        self._listener = listener
        self._presence = Presence()
        self._heartbeats = Heartbeats()
        self._connected = asyncio.Event()
        self._log = PacedLog(_LOGGER, clock)
        self._today = TodayWatch(book, listener.on_today)
        self._intake = Intake(
            book, listener, clock, on_changed=self._told, on_counts=self._today.mark
        )
        self._broker = None if settings is None else self._client(settings, identity)
        self._by_http = by_http
        self._haves = Haves(book, identity, self._publish_retained)
        self._neighbourhood = Neighbourhood(book, identity, clock, self._publish)
        self.door = Door(
            book, self._intake, self._haves, self._neighbourhood, clock, on_heard=self._on_heard
        )

    @property
    def connected(self) -> bool:
        """Whether the broker answers."""
        return self._broker is not None and self._broker.connected

    @property
    def ways(self) -> Ways:
        """How Alpacas reach this Llama just now."""
        if self._broker is None:
            return Ways("none", self._by_http)
        return Ways("connected" if self._broker.connected else "away", self._by_http)

    async def run(self) -> None:
        """Gather until cancelled; survives the broker and a full disk."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._today.run())
            group.create_task(self._tidy())
            group.create_task(self._watch_heartbeats())
            if self._broker is not None:
                group.create_task(self._haves.run())
                group.create_task(self._neighbourhood.run())
                group.create_task(self._settle_presence())
                group.create_task(self._broker.run())

    async def nodes(self) -> list[NodeRow]:
        """Every node that has said hello, by name. Raises `StorageError`."""
        return [self._with_presence(node) for node in await self._book.nodes()]

    async def approve(self, node_id: str) -> NodeRow:
        """Make a node part of the herd: what it holds flows from now on.

        Raises `NodeUnknown` or `StorageError`.
        """
        node = self._told(await self._book.approve(node_id))
        self._haves.mark(node_id)
        return node

    async def observations(self, day: date) -> list[Observation]:
        """What the house noticed on a day, in order of time. Raises `StorageError`."""
        return await self._book.observations(day)

    async def rename(self, node_id: str, label: str | None) -> NodeRow:
        """Call a node something else here; None: what it calls itself.

        Raises `NodeUnknown` or `StorageError`.
        """
        return self._told(await self._book.rename(node_id, label))

    async def retire(self, node_id: str) -> NodeRow:
        """Take a node out of the herd, and out of Home Assistant, and keep what it told.

        Raises `BrokerUnavailable`, with nothing changed, `NodeUnknown` or `StorageError`.
        """
        await self._clean(node_id)
        self._heartbeats.forget(node_id)
        node = self._with_presence(await self._book.retire(node_id))
        self._haves.mark(node_id)
        self._listener.on_node_gone(node_id)
        return node

    async def forget(self, node_id: str) -> None:
        """The same, and erase all that it told. If it still runs it is a new node. Raises alike."""
        await self._clean(node_id)
        self._heartbeats.forget(node_id)
        await self._book.forget(node_id)
        self._listener.on_node_gone(node_id)

    def _client(self, settings: BrokerSettings, identity: Identity) -> Broker:
        return Broker(
            settings,
            client_id=f"herdbook-llama-{identity.node_id}",
            subscriptions=topics.ALL_NODES,
            on_connect=self._on_connect,
            on_messages=self._on_messages,
        )

    async def _clean(self, node_id: str) -> None:
        if self._settings is None:
            return
        for topic in retained_topics(node_id):
            await self._publish_retained(topic, b"")
        for topic in sorted(await left_behind(self._settings, node_id)):
            await self._publish_retained(topic, b"")

    async def _on_connect(self, _broker: Broker) -> None:
        self._presence.begin()
        self._connected.set()
        self._haves.mark_everyone()

    async def _on_messages(self, messages: Sequence[Message]) -> None:
        # An empty payload only removes what was retained.
        heard = [(topics.parse(one.topic), one) for one in messages if one.payload]
        of = {
            part: [(topic.node_id, one) for topic, one in heard if topic and topic.part == part]
            for part in ("hello", "availability", "ask", "log")
        }
        await self._on_hellos(of["hello"])
        await self._on_availabilities(of["availability"])
        for node_id, one in of["ask"]:
            await self._on_ask(node_id, one.payload)
        await self._on_batches([(node_id, one.payload) for node_id, one in of["log"]])

    async def _on_batches(self, wires: list[tuple[str, bytes]]) -> None:
        """Store what arrived together in one transaction: it is durable as fast as one batch is."""
        opened: list[tuple[VerifiedBatch, bytes]] = []
        for node_id, wire in wires:
            try:
                opened.append((open_batch(wire, node_id), wire))
            except BatchRefused as error:
                await self._refused(node_id, wire, error)
            await asyncio.sleep(0)  # many signatures must not keep others waiting
        if not opened:
            return
        taken = await self._intake.batches([batch for batch, _ in opened])
        for (batch, wire), stored in zip(opened, taken, strict=True):
            if isinstance(stored, BatchRefused):
                await self._refused(batch.node_id, wire, stored)
            else:
                self._haves.mark(batch.node_id)

    async def _refused(self, node_id: str, wire: bytes, error: BatchRefused) -> None:
        if await self._intake.refuse_batch(node_id, wire, error):
            self._haves.mark(node_id)

    async def _on_hellos(self, said: list[tuple[str, Message]]) -> None:
        """Note who is there, in one transaction: after a cut a whole herd says so at once."""
        greetings: list[Greeting] = []
        for node_id, message in said:
            try:
                hello = open_hello(message.payload, node_id)
            except MessageRefused as error:
                await self._intake.refuse_hello(node_id, message.payload, error)
            else:
                greetings.append(Greeting(node_id, hello, live=not message.retained))
        for node_id in await self._intake.hellos(greetings):
            self._haves.mark(node_id)

    async def _on_ask(self, node_id: str, wire: bytes) -> None:
        try:
            ask = open_ask(wire, node_id)
        except MessageRefused as error:
            await self._intake.refuse_ask(node_id, wire, error)
            return
        node = await self._book.node(node_id)
        if node is not None and node.approved:
            self._neighbourhood.mark(node_id, ask)

    async def _on_availabilities(self, said: list[tuple[str, Message]]) -> None:
        said = [one for one in said if one[1].payload in {topics.ONLINE, topics.OFFLINE}]
        if not said:
            return
        arrived = {
            node_id
            for node_id, message in said
            if message.payload == topics.ONLINE and not message.retained
        }
        nodes = await self._book.hear({node_id for node_id, _ in said}, arrived)
        for node_id, message in said:
            node = nodes.get(node_id)
            known = node is not None and node.approved
            online = message.payload == topics.ONLINE
            if self._presence.hear(node_id, online=online, known=known) and node is not None:
                self._told(node)

    async def _settle_presence(self) -> None:
        while True:
            await self._connected.wait()
            self._connected.clear()
            await asyncio.sleep(_CONFIRM_S)
            for node_id in self._presence.settle():
                await self._tell_of(node_id)

    async def _on_heard(self, node_id: str) -> None:
        if self._heartbeats.hear(node_id, self._clock.monotonic_ms()):
            await self._tell_of(node_id)

    async def _watch_heartbeats(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for node_id in self._heartbeats.lapse(self._clock.monotonic_ms()):
                await self._tell_of(node_id)

    async def _tidy(self) -> None:
        while True:
            try:
                for node_id in await self._book.tidy(self._keep_days):
                    _LOGGER.info("Node %s waited a week unheard and is forgotten", node_id)
            except StorageError as error:
                self._log.warning("tidy", f"Cannot drop what is past its time: {error}")
            await asyncio.sleep(_TIDY_EVERY_S)

    async def _tell_of(self, node_id: str) -> None:
        try:
            node = await self._book.node(node_id)
        except StorageError as error:
            self._log.warning("presence", f"Cannot say who came or went: {error}")
            return
        if node is not None:
            self._told(node)

    async def _publish_retained(self, topic: str, payload: bytes) -> None:
        await self._publish(topic, payload, retain=True)

    async def _publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        if self._broker is not None:
            await self._broker.publish(topic, payload, retain=retain)

    def _told(self, node: NodeRow) -> NodeRow:
        """The node with its presence, once told to the listener; one that has left is no news."""
        present = self._with_presence(node)
        if not node.retired:
            self._listener.on_node(present)
        return present

    def _with_presence(self, node: NodeRow) -> NodeRow:
        online = self._presence.is_online(node.node_id) or self._heartbeats.is_online(node.node_id)
        return msgspec.structs.replace(node, online=online)
