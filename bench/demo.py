"""How soon the whole product is usable, and how soon Home Assistant knows what a sensor read.

`start_s`: the second start of everything, from nothing running to pages that answer and a fresh
reading in Home Assistant; beside an empty Home Assistant alone. `reading_to_ha_ms` and
`observation_to_ha_ms`: from the sensor's sample, by the Alpaca's own log, to Home Assistant's
state, by the same clock; beside a bare MQTT message through the same broker.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import aiomqtt

from bench.report import Report, options, percentile
from demo.folder import Folder
from demo.follow import State, expecting
from demo.hass_api import HassApi
from demo.homeassistant import HomeAssistant
from demo.narrator import Narrator
from demo.onboarding import sign_in
from demo.ports import free_port
from demo.product import Product
from demo.waiting import until
from herdbook.clock import SystemClock
from herdbook.eventlog.batch import open_batch
from herdbook.eventlog.event import READINGS, decode_payload
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.readings import ReadingsPayload

READING_LIMIT_MS: Final = 200.0
OBSERVATION_LIMIT_MS: Final = 2000.0
_PATIENCE_S: Final = 20
_PAUSE_S: Final = 0.1  # as between two readings

_SENSORS: Final = """
[[sensor]]
kind = "file"
id = "gauge"
name = "Gauge"
path = "{gauge}"
interval = 0.1
usual = [0, 1000000]

[[sensor]]
kind = "file"
id = "kettle"
name = "Kettle"
path = "{kettle}"
interval = 0.1
usual = [20, 90]
quiet = 0
"""


class Probe:
    """A sensor's file and the Home Assistant entity that follows it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set(50)

    def set(self, value: float) -> None:
        """Let the sensor read this from now on."""
        replacement = self.path.with_suffix(".new")
        replacement.write_text(f"{value}\n")
        replacement.replace(self.path)


async def main() -> None:
    """Measure, and print."""
    chosen = options("demo", "Start, readings and observations of the whole product.", n=100)
    report = Report("demo", as_json=chosen.json)
    with tempfile.TemporaryDirectory(prefix="herdbook-bench-") as temporary:
        folder = Path(temporary)
        bare_s = await start_bare_home_assistant(folder / "bare")
        gauge, kettle = Probe(folder / "gauge"), Probe(folder / "kettle")
        sensors = _SENSORS.format(gauge=gauge.path, kettle=kettle.path)
        with Folder(folder / "product") as state:
            async with Product(state, Narrator(quiet=True), more_sensors=sensors):
                pass
            async with Product(state, Narrator(quiet=True), more_sensors=sensors) as product:
                start_s = product.started_in_s
                bare_ms = await bare_messages(product.broker.port, chosen.n)
                arrivals = await follow_gauge(product, gauge, chosen.n)
                noticed_ms = await follow_kettle(product, kettle, chosen.n)
            sampled = samples(product.alpaca.data, product.alpaca.node_id, "gauge")
    readings_ms = [arrived - sampled[value] for value, arrived in arrivals.items()]
    report.add("start_s", start_s, "s", n=1, reference="empty Home Assistant alone", against=bare_s)
    for name, values, limit in (
        ("reading_to_ha_ms", readings_ms, READING_LIMIT_MS),
        ("observation_to_ha_ms", noticed_ms, OBSERVATION_LIMIT_MS),
    ):
        _add(report, name, values, bare_ms, limit)


def _add(
    report: Report, name: str, values: Sequence[float], bare: Sequence[float], limit: float
) -> None:
    n, peer = len(values), percentile(bare, 50)
    report.add(
        f"{name}_p50",
        percentile(values, 50),
        "ms",
        n=n,
        reference=f"bare MQTT message, p50 {peer:.2f} ms",
        against=peer,
    )
    report.add(
        f"{name}_p95",
        percentile(values, 95),
        "ms",
        n=n,
        reference=f"limit {limit:g} ms",
        against=limit,
    )


async def start_bare_home_assistant(path: Path) -> float:
    """Seconds of the second start of a Home Assistant with nothing set up."""
    with Folder(path) as folder:
        home = HomeAssistant(folder, free_port())
        await home.start()
        token = await sign_in(folder, home.url)
        async with HassApi(home.url, token) as hass:
            await until(hass.reachable, "Home Assistant runs", seconds=120)
            await home.stop()
            begun = time.monotonic()
            await home.start()
            await until(hass.reachable, "Home Assistant runs", seconds=120)
            seconds = time.monotonic() - begun
        await home.stop()
    return seconds


async def bare_messages(port: int, n: int) -> list[float]:
    """Milliseconds from one client's publishing at QoS 1 to another's having it, `n` times."""
    took = []
    async with (
        aiomqtt.Client("127.0.0.1", port) as sender,
        aiomqtt.Client("127.0.0.1", port) as receiver,
    ):
        await receiver.subscribe("herdbook/bench", qos=1)
        messages = aiter(receiver.messages)
        for number in range(n):
            begun = time.perf_counter()
            sending = asyncio.create_task(sender.publish("herdbook/bench", str(number), qos=1))
            await anext(messages)
            took.append((time.perf_counter() - begun) * 1000)
            await sending
            await asyncio.sleep(_PAUSE_S)
    return took


async def follow_gauge(product: Product, gauge: Probe, n: int) -> dict[float, float]:
    """`n` values of the gauge, each with the wall time in ms at which Home Assistant had it."""
    arrivals = {}
    for number in range(n):
        value = 100 + number / 10
        async with expecting(
            product, product.device.ending("_gauge"), partial(_is, value), within=_PATIENCE_S
        ) as arrival:
            gauge.set(value)
            arrivals[value] = _updated_ms(await arrival())
    return arrivals


async def follow_kettle(product: Product, kettle: Probe, n: int) -> list[float]:
    """Milliseconds from the sample that was noticed to Home Assistant's event, `n` times."""
    event, sensor = product.device.of("event")[0], product.device.ending("_kettle")
    took = []
    for number in range(n):
        value = 100 + number / 10
        async with expecting(
            product, event, partial(_observes, value), within=_PATIENCE_S
        ) as arrival:
            kettle.set(value)
            state = await arrival()
        sampled = datetime.fromisoformat(state["attributes"]["observed_at"])
        took.append(_updated_ms(state) - sampled.timestamp() * 1000)
        async with expecting(product, sensor, partial(_is, 50), within=_PATIENCE_S) as back:
            kettle.set(50)
            await back()
    return took


def _is(value: float, state: State) -> bool:
    return bool(state["state"] == f"{value:.1f}")


def _observes(value: float, state: State) -> bool:
    attributes = state["attributes"]
    return bool(attributes.get("sensor") == "kettle" and attributes.get("value") == value)


def _updated_ms(state: State) -> float:
    return datetime.fromisoformat(state["last_updated"]).timestamp() * 1000


def samples(data: Path, node_id: str, sensor: str) -> dict[float, int]:
    """When each value of a sensor was first sampled, in ms: what the stopped Alpaca's log says."""
    first: dict[float, int] = {}
    log = EventLog.open(data, SystemClock())
    try:
        log.seal()
        for wire in log.batches_after(0, 1_000_000):
            for event in open_batch(wire, node_id).events:
                if event.kind == READINGS:
                    block = decode_payload(event, ReadingsPayload)
                    if block.sensor == sensor:
                        for wall_ms, value in block.samples():
                            first.setdefault(float(value), wall_ms)
    finally:
        log.close()
    return first


if __name__ == "__main__":
    asyncio.run(main())
