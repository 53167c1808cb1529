"""What comes through a real broker into the house book of a real Llama, until its “have” says so.

A message is one batch, and every batch is signed, whatever is in it. So there are two rates:
`ingest_per_s`: events a second in QoS 1 messages of a thousand each, as a node with a backlog
sends them; its log is in memory, and eight messages are on their way at once. Beside it the same
messages through the same broker to a subscriber that only counts, in events a second.
`messages_per_s`: QoS 1 messages a second of one event each, from 64 nodes at once; beside it the
same to a subscriber that only counts. So small ones cost a signature and a place each.
`drain_s`: an Alpaca, whose log of n days is on its disk, from the start of its program until the
Llama has everything; beside it the same bytes to a subscriber that only counts.
"""

import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import Final

from bench.crowd_nodes import Crowd, CrowdNode
from bench.herd_log import NODE, SEED, HerdLog
from bench.mqtt_wire import MqttWire
from bench.report import Report
from demo.broker import Broker
from demo.folder import Folder
from demo.herdbook import COMMAND, Llama
from demo.ports import free_port
from demo.process import Process
from herdbook.clock import SystemClock
from herdbook.eventlog import topics
from herdbook.eventlog.batch import SealedBatch
from herdbook.eventlog.event import OBSERVATION, Event, ObservationPayload, encode_payload
from herdbook.eventlog.identity import Identity
from herdbook.eventlog.messages import Hello, open_have
from herdbook.eventlog.protocol import WINDOW
from herdbook.eventlog.store import LogStore
from herdbook.files import make_folder
from herdbook.house.book import HouseBook

LIMITS: Final = {"ingest_per_s": 20_000, "drain_s": 60}
_NODES: Final = 64
_MESSAGES_A_DAY: Final = 140
_PATIENCE_S: Final = 600


async def measure(report: Report, log: HerdLog, days: int) -> None:
    """Add this module's figures to a report."""
    wires = [batch.wire for batch in log.batches]
    node = CrowdNode("Backlog", NODE)
    node.load(log.batches)
    ingest, alone = await _through([node], [(node.node_id, wire) for wire in wires])
    _add(report, "ingest_per_s", log.events / ingest, "/s", days, log.events / alone)

    nodes, messages = _small(days)
    took, alone = await _through(nodes, messages)
    _add(report, "messages_per_s", len(messages) / took, "/s", days, len(messages) / alone)

    drain, alone = await _drain(log)
    _add(report, "drain_s", drain, "s", days, alone)


def _add(report: Report, metric: str, value: float, unit: str, n: int, against: float) -> None:
    limit = f"; limit {LIMITS[metric]:,}" if metric in LIMITS else ""
    report.add(
        metric, value, unit, n=n, reference=f"mosquitto: {against:,.2f}{limit}", against=against
    )


async def _through(
    nodes: Sequence[CrowdNode], messages: Sequence[tuple[str, bytes]]
) -> tuple[float, float]:
    """Seconds until a Llama has all that these nodes have; and until somebody has counted it."""
    async with _product([node.node_id for node in nodes]) as (_, broker):
        alone = await asyncio.to_thread(_counted, broker.port, messages, WINDOW * len(nodes))
        return await asyncio.to_thread(_sent, nodes, broker.port), alone


def _sent(nodes: Sequence[CrowdNode], port: int) -> float:
    crowd = Crowd(nodes, port)
    begun = time.perf_counter()
    crowd.join(nodes)
    while not crowd.is_done():
        if time.perf_counter() - begun > _PATIENCE_S:
            raise SystemExit("the Llama does not take everything")
        crowd.step(0.05)
    took = time.perf_counter() - begun
    crowd.close()
    return took


def _counted(port: int, messages: Sequence[tuple[str, bytes]], window: int) -> float:
    """Seconds for messages through the broker, so many at a time, to whom counts them."""
    sender, counter = MqttWire(port, "sender"), MqttWire(port, "counter")
    # Not where the Llama listens.
    counter.subscribe(["counted/+"])
    begun = time.perf_counter()
    sent = received = 0
    while received < len(messages):
        while sent < len(messages) and sent - received < window:
            node_id, wire = messages[sent]
            sender.publish(f"counted/{node_id}", wire)
            sent += 1
        sender.poll(0)
        received += len(counter.poll(0))
    took = time.perf_counter() - begun
    sender.close()
    counter.close()
    return took


def _small(days: int) -> tuple[list[CrowdNode], list[tuple[str, bytes]]]:
    """Nodes with one event a batch, and all their batches in turns."""
    nodes = [CrowdNode(f"Node {number}") for number in range(_NODES)]
    each = -(-_MESSAGES_A_DAY * days // _NODES)
    messages = []
    for number in range(1, each + 1):
        for node in nodes:
            node.tell([_observation(number)])
            messages.append((node.node_id, node.batches_after(number - 1, 1)[0]))
    return nodes, messages


def _observation(number: int) -> Event:
    payload = ObservationPayload(
        sensor="co2",
        sensor_name="CO₂",
        kind="above_usual",
        sentence=f"CO₂ is {number} ppm.",
        value=float(number),
        unit="ppm",
        usual=(420.0, 990.0),
        confidence=0.97,
    )
    return Event(
        seq=number,
        lamport=number,
        boot_id="0f4d7c1e-5a5c-4c62-9a49-0a9d6a0f4f1e",
        monotonic_ms=number * 1000,
        wall_ms=1_793_534_400_000 + number * 1000,
        clock_quality="synced",
        kind=OBSERVATION,
        payload=encode_payload(payload),
    )


async def _drain(log: HerdLog) -> tuple[float, float]:
    """Seconds from an Alpaca's start until the Llama has its log; and until it is counted."""
    async with _product([NODE.node_id]) as (folder, broker):
        messages = [(NODE.node_id, batch.wire) for batch in log.batches]
        alone = await asyncio.to_thread(_counted, broker.port, messages, WINDOW)
        config = _alpaca(folder.part("alpaca"), broker.port, log.batches)
        listening = MqttWire(broker.port, "listening")
        listening.subscribe([topics.have(NODE.node_id)])
        alpaca = Process(
            "alpaca", [COMMAND, "alpaca", "run", "--config", config], folder.log("alpaca")
        )
        begun = time.perf_counter()
        await alpaca.start()
        try:
            await asyncio.to_thread(_until_had, listening, log.events)
            return time.perf_counter() - begun, alone
        finally:
            await alpaca.stop()
            listening.close()


def _until_had(listening: MqttWire, seq: int) -> None:
    until = time.perf_counter() + _PATIENCE_S
    while time.perf_counter() < until:
        for _, payload in listening.poll(1):
            if open_have(payload, NODE.node_id)[1].seq >= seq:
                return
    raise SystemExit("the Llama does not get everything")


def _alpaca(home: Path, port: int, batches: Sequence[SealedBatch]) -> Path:
    """The configuration of an Alpaca that has sealed this much, and measures nothing more."""
    data = make_folder(home / "data")
    (data / "identity.key").write_text(SEED.hex())
    store = LogStore(data / "log.db")
    store.claim(NODE.public_key)
    with store.writing():
        for batch in batches:
            store.add_batch(batch)
    store.close()
    config = home / "alpaca.toml"
    config.write_text(
        f'name = "Bench"\ndata = {json.dumps(str(data))}\n'
        f"[broker]\nport = {port}\n"
        '[[sensor]]\nkind = "file"\nid = "none"\nname = "None"\ninterval = 3600\n'
        f"path = {json.dumps(str(home / 'none'))}\n"
    )
    return config


@contextlib.asynccontextmanager
async def _product(node_ids: Sequence[str]) -> AsyncIterator[tuple[Folder, Broker]]:
    """A Llama that has approved these nodes, and its broker."""
    with (
        tempfile.TemporaryDirectory(prefix="herdbook-bench-") as temporary,
        Folder(Path(temporary)) as folder,
    ):
        broker = Broker(folder, free_port())
        llama = Llama(folder, broker_port=broker.port, panel_port=free_port(), api_port=free_port())
        await _approve(llama.data, node_ids)
        await broker.start()
        try:
            await llama.start()
            yield folder, broker
        finally:
            await llama.stop()
            await broker.stop()


async def _approve(data: Path, node_ids: Sequence[str]) -> None:
    Identity.load_or_create(make_folder(data) / "identity")
    book = await HouseBook.open(data, SystemClock(), UTC)
    for node_id in node_ids:
        await book.hello(node_id, Hello("Bench", "0", 0))
        await book.approve(node_id)
    await book.close()
