"""What a herd of n nodes does to one Llama in ten minutes of its time.

A real Llama and a real broker; the nodes are keys that speak the real protocol (`crowd_nodes`).
They say hello 64 at a time, as many as can wait, and are approved through the API. Then each sends
a batch a minute, of ten sensors read every half minute and now and then an observation, one node
after the other through the minute. A minute lasts 6 ms a node: with 1,000 of them six seconds, so
that the Llama has ten times the work that so many would make. A client of the API hears of all of
it, as Home Assistant does.

`approve_s`: from the first hello until everybody is in the herd. `lag_p50_ms`, `lag_p95_ms`,
`lag_max_ms`: from a batch sent until its node knows that it is durable; beside them a message to
the broker and back. `back_s`: the broker is killed and comes back, and all nodes with it, each with
another minute: until the Llama has that of each; who is not answered asks again after 5 s and more.
`rss_mb`: the Llama's memory after all that; beside it after the first minute. `cpu_percent`: what
it takes of one core in the ten minutes; beside it what the broker takes.
"""

import asyncio
import contextlib
import random
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from itertools import batched
from pathlib import Path
from statistics import median
from typing import Final

import psutil
from msgspec import Struct

from bench.crowd_nodes import Crowd, CrowdNode
from bench.mqtt_wire import MqttWire
from bench.report import Report, options, percentile
from demo.broker import Broker
from demo.folder import Folder
from demo.herdbook import Llama
from demo.llama_api import LlamaApi
from demo.ports import free_port
from demo.process import Process
from herdbook.eventlog.event import OBSERVATION, READINGS, Event, ObservationPayload, encode_payload
from herdbook.eventlog.readings import Sample, pack
from herdbook.house.node import MAX_WAITING

LIMITS: Final = {
    "approve_s": 120,
    "lag_p50_ms": 100,
    "lag_p95_ms": 500,
    "lag_max_ms": 5_000,
    "back_s": 30,
    "cpu_percent": 100,
}
_MINUTES: Final = 10
_NODE_S: Final = 0.006
_START_MS: Final = 1_793_534_400_000  # 2026-11-01 12:00 UTC
_SENSORS: Final = 10
_BACK_WITHIN_S: Final = 60
_OFTEN: Final = 0.02
_PINGS: Final = 50


async def main() -> None:
    """Measure, and print."""
    chosen = options("crowd", "Many nodes on one Llama for ten minutes.", n=1000)
    report = Report("crowd", as_json=chosen.json)
    nodes = [CrowdNode(f"Node {number}") for number in range(chosen.n)]
    async with _product() as (broker, llama), _listening(llama):
        ping = await asyncio.to_thread(_ping_ms, broker.port)
        crowd = Crowd(nodes, broker.port)
        approve = await _join(crowd, llama)
        _add(report, "approve_s", approve, "s", chosen.n)
        work = _Work(llama.process, broker.process)
        await asyncio.to_thread(_live, crowd, range(1))
        before_mb = work.rss_mb()
        work.begin()
        await asyncio.to_thread(_live, crowd, range(1, _MINUTES))
        ours, its = work.percent()
        lags = [lag * 1000 for lag in crowd.lags]
        crowd.close()
        await broker.kill()
        for node in nodes:
            node.tell(_minute(node, _MINUTES))
        await broker.start()
        back = await asyncio.to_thread(_come_back, nodes, broker.port)
        after_mb = work.rss_mb()
    for metric, lag in (
        ("lag_p50_ms", median(lags)),
        ("lag_p95_ms", percentile(lags, 95)),
        ("lag_max_ms", max(lags)),
    ):
        _add(report, metric, lag, "ms", chosen.n, ("a message and back", ping))
    _add(report, "back_s", back, "s", chosen.n)
    _add(report, "rss_mb", after_mb, "MB", chosen.n, ("after a minute", before_mb))
    _add(report, "cpu_percent", ours, "%", chosen.n, ("the broker", its))


def _add(
    report: Report,
    metric: str,
    value: float,
    unit: str,
    n: int,
    beside: tuple[str, float] | None = None,
) -> None:
    limit = f"limit {LIMITS[metric]}" if metric in LIMITS else ""
    if beside is None:
        report.add(metric, value, unit, n=n, reference=limit, against=LIMITS[metric])
        return
    what, against = beside
    words = "; ".join(filter(None, (f"{what}: {against:.2f}", limit)))
    report.add(metric, value, unit, n=n, reference=words, against=against)


@contextlib.asynccontextmanager
async def _product() -> AsyncIterator[tuple[Broker, Llama]]:
    with (
        tempfile.TemporaryDirectory(prefix="herdbook-bench-") as temporary,
        Folder(Path(temporary)) as folder,
    ):
        broker = Broker(folder, free_port())
        llama = Llama(folder, broker_port=broker.port, panel_port=free_port(), api_port=free_port())
        await broker.start()
        try:
            await llama.start()
            yield broker, llama
        finally:
            await llama.stop()
            await broker.stop()


@contextlib.asynccontextmanager
async def _listening(llama: Llama) -> AsyncIterator[None]:
    """Somebody who hears of everything through the API, as Home Assistant does."""

    async def listen(api: LlamaApi) -> None:
        async for _ in api.events():
            pass

    async with LlamaApi(llama.api_url, llama.token) as api:
        listening = asyncio.create_task(listen(api))
        yield
        if listening.done():
            raise SystemExit("the Llama told more than the API's client could read")
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


class _Work:
    """What the Llama and the broker take of the machine."""

    def __init__(self, llama: Process, broker: Process) -> None:
        self._both = [psutil.Process(llama.pid), psutil.Process(broker.pid)]
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._begun = time.perf_counter(), *map(_cpu_s, self._both)

    def percent(self) -> tuple[float, float]:
        """Of one core, since then."""
        begun, *before = self._begun
        passed = time.perf_counter() - begun
        now = map(_cpu_s, self._both)
        ours, its = (100 * (s - b) / passed for s, b in zip(now, before, strict=True))
        return ours, max(its, 0.01)  # at n few it takes less than the kernel counts

    def rss_mb(self) -> float:
        """Of the Llama."""
        return float(self._both[0].memory_info().rss) / 1e6


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _join(crowd: Crowd, llama: Llama) -> float:
    """Seconds until everybody is in the herd."""
    begun = time.perf_counter()
    for some in batched(crowd.nodes.values(), MAX_WAITING, strict=False):
        joining = asyncio.create_task(asyncio.to_thread(_until_they_send, crowd, some))
        while not joining.done():
            await _approve(llama)
        await joining
    return time.perf_counter() - begun


async def _approve(llama: Llama) -> None:
    """Let in whoever waits."""
    async with LlamaApi(llama.api_url, llama.token) as api:
        for node_id, node in api.nodes.items():
            if not node["approved"]:
                await api.command("approve_node", node_id=node_id)
    await asyncio.sleep(0.05)


def _until_they_send(crowd: Crowd, nodes: Sequence[CrowdNode]) -> None:
    crowd.join(nodes)
    while any(node.sync.state != "sending" for node in nodes):
        crowd.step(0.05)


def _live(crowd: Crowd, minutes: Sequence[int]) -> None:
    """Let everybody tell what these minutes brought, and wait until the Llama has it."""
    nodes = list(crowd.nodes.values())
    for minute in minutes:
        begun = time.perf_counter()
        for place, node in enumerate(nodes):
            due = begun + place * _NODE_S
            crowd.step(max(0.0, due - time.perf_counter()))
            while time.perf_counter() < due:
                crowd.step(max(0.0, due - time.perf_counter()))
            node.tell(_minute(node, minute))
            crowd.send(node)
    _finish(crowd)


def _finish(crowd: Crowd) -> None:
    until = time.perf_counter() + _BACK_WITHIN_S
    while not crowd.is_done():
        if time.perf_counter() > until:
            raise SystemExit(f"after {_BACK_WITHIN_S} s something is still on its way")
        crowd.step(0.05)


def _come_back(nodes: Sequence[CrowdNode], port: int) -> float:
    """Seconds from the broker's start until the Llama has everything."""
    begun = time.perf_counter()
    crowd = Crowd(nodes, port)
    crowd.join(nodes)
    _finish(crowd)
    crowd.close()
    return time.perf_counter() - begun


def _minute(node: CrowdNode, minute: int) -> list[Event]:
    """What a node tells of a minute."""
    chance = random.Random(f"{node.name} {minute}")
    wall_ms = _START_MS + minute * 60_000
    told: list[tuple[str, Struct]] = [
        (READINGS, pack(f"sensor_{number}", "°C", _samples(wall_ms, chance)))
        for number in range(_SENSORS)
    ]
    if chance.random() < _OFTEN:
        told.append((OBSERVATION, _noticed(minute)))
    return [
        Event(
            seq=seq,
            lamport=seq,
            boot_id="0f4d7c1e-5a5c-4c62-9a49-0a9d6a0f4f1e",
            monotonic_ms=minute * 60_000,
            wall_ms=wall_ms,
            clock_quality="synced",
            kind=kind,
            payload=encode_payload(payload),
        )
        for seq, (kind, payload) in enumerate(told, node.last_seq + 1)
    ]


def _samples(wall_ms: int, chance: random.Random) -> list[Sample]:
    return [(wall_ms + after, round(20 + chance.gauss(), 1)) for after in (0, 30_000)]


def _noticed(minute: int) -> ObservationPayload:
    return ObservationPayload(
        sensor="sensor_0",
        sensor_name="Sensor",
        kind="above_usual",
        sentence=f"Sensor is {minute} °C.",
        value=float(minute),
        unit="°C",
        usual=(18.0, 22.0),
        confidence=0.9,
    )


def _ping_ms(port: int) -> float:
    """The median of a message to the broker and back."""
    wire = MqttWire(port, "ping")
    wire.subscribe(["ping"])
    took = []
    for _ in range(_PINGS):
        begun = time.perf_counter()
        wire.publish("ping", b"?")
        while not wire.poll(1):
            pass
        took.append((time.perf_counter() - begun) * 1000)
    wire.close()
    return median(took)


if __name__ == "__main__":
    asyncio.run(main())
