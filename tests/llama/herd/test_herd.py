"""The herd over a real mosquitto: everything arrives, once, in order, whatever is killed."""

import asyncio
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import pytest

from herdbook import __version__
from herdbook.alpaca import discovery
from herdbook.alpaca.outputs.part import output_availability_topic, output_state_topic
from herdbook.alpaca.part import sensor_state_topic
from herdbook.broker import BrokerSettings
from herdbook.clock import SystemClock
from herdbook.errors import BrokerUnavailable, NodeUnknown
from herdbook.eventlog import topics
from herdbook.eventlog.event import OBSERVATION, READINGS
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.messages import Hello, open_have
from herdbook.eventlog.readings import pack
from herdbook.house.book import HouseBook
from herdbook.llama.api.feed import Feed, Subscription
from herdbook.llama.herd.ways import Ways
from tests.eventlog.samples import CO2, SYNCED_MS, numbered
from tests.house.household import Teller
from tests.llama.herd.conftest import LlamaFixture, admit, until
from tests.llama.herd.node_driver import NodeDriver
from tests.mosquitto import Mosquitto

MANY = 20_000


def fill_many(log: EventLog) -> None:
    """As many observations as a long absence leaves, in batches that are not all full."""
    for start in range(1, MANY + 1, 250):
        log.append_many([(OBSERVATION, numbered(n)) for n in range(start, start + 250)])
        log.seal()


async def heard(llama: LlamaFixture, count: int, seconds: float = 60) -> None:
    await until(lambda: len(llama.heard.observations) >= count, seconds)


async def stored_values(book: HouseBook) -> list[float]:
    return await book._read(
        lambda c: [row[0] for row in c.execute("SELECT value FROM observation ORDER BY seq")]
    )


async def test_an_observation_is_heard_within_two_seconds(
    llama: LlamaFixture, log: EventLog, settings: BrokerSettings
) -> None:
    async with llama.running(), NodeDriver(log, settings).running() as node:
        await admit(llama, log.node_id)
        await until(lambda: node.sync.state == "sending")
        for number in range(1, 4):
            started = time.monotonic()
            log.append(OBSERVATION, CO2)
            node.appended()
            await heard(llama, number, 2)
            assert time.monotonic() - started < 2
        samples = [(time.time_ns() // 1_000_000, 20.5)] * 5
        log.append(READINGS, pack("room_temperature", "°C", samples))
        node.appended()
        await until(
            lambda: [(t.observations, t.readings) for t in llama.heard.todays[-1:]] == [(3, 5)]
        )
        assert llama.heard.observations[-1] == await llama.book.last_observation()
        assert [one.id for one in llama.heard.observations] == [
            one.id for one in await llama.herd.observations(datetime.now(UTC).date())
        ]


async def test_nothing_of_an_unapproved_node_is_stored_until_it_is_approved(
    llama: LlamaFixture, log: EventLog, settings: BrokerSettings
) -> None:
    log.append(OBSERVATION, CO2)
    log.seal()
    async with llama.running(), NodeDriver(log, settings).running() as node:
        await until(lambda: node.sync.state == "unapproved")
        async with aiomqtt.Client(settings.host, settings.port) as pushy:
            await pushy.publish(topics.log(log.node_id), log.batches_after(0, 1)[0], qos=1)
        while (await llama.book.refusals()).get("unapproved") != 1:
            await asyncio.sleep(0.01)
        assert await stored_values(llama.book) == []
        with pytest.raises(NodeUnknown):
            await llama.herd.approve("a" * 26)
        await admit(llama, log.node_id)
        await until(lambda: len(llama.heard.observations) == 1)
        assert llama.heard.nodes[-1].approved


async def test_a_batch_full_of_observations_is_no_flood_to_who_reads(
    llama: LlamaFixture, log: EventLog, settings: BrokerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, reader = Feed(), Subscription()
    read: list[bytes] = []

    async def reading() -> None:
        while True:
            read.append(await reader.queue.get())

    monkeypatch.setattr(llama.heard, "on_observation", lambda _: feed.publish(b"{}"))
    log.append_many([(OBSERVATION, CO2)] * 1_500)
    log.seal()
    assert len(log.batches_after(0, 9)) < 4, "they come in few batches"
    with feed.subscribed(reader):
        task = asyncio.create_task(reading())
        async with llama.running(), NodeDriver(log, settings).running():
            await admit(llama, log.node_id)
            await until(lambda: len(read) == 1_500 or reader.overflowed.is_set())
        task.cancel()
    assert not reader.overflowed.is_set()


@pytest.mark.parametrize("persistence", [False, True])
async def test_a_broker_killed_while_a_long_log_drains(
    tmp_path: Path, log: EventLog, persistence: bool
) -> None:
    fill_many(log)
    with Mosquitto(tmp_path / "broker", persistence=persistence) as broker:
        settings = BrokerSettings(host=broker.host, port=broker.port)
        llama = LlamaFixture(tmp_path / "llama", settings)
        async with llama.running(), NodeDriver(log, settings).running() as node:
            await admit(llama, log.node_id)
            for part in (5, 2):
                await heard(llama, MANY // part)
                broker.kill()
                await until(lambda: not llama.herd.connected)
                broker.start()
            await until(lambda: node.sync.acknowledged == MANY, 60)
            assert await stored_values(llama.book) == [float(n) for n in range(1, MANY + 1)]
            assert [one.value for one in llama.heard.observations] == list(range(1, MANY + 1))


async def test_a_llama_killed_while_a_long_log_drains(
    tmp_path: Path, llama: LlamaFixture, log: EventLog, settings: BrokerSettings
) -> None:
    fill_many(log)
    async with llama.running():
        await llama.book.hello(log.node_id, Hello("Hallway", "0.1.0", 0))
        await llama.book.approve(log.node_id)
    said: list[str] = []
    root = Path(__file__).parents[3]

    async def run_until(count: int) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.llama.herd.llama_process",
            str(llama.folder),
            str(settings.port),
            stdout=asyncio.subprocess.PIPE,
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while len(said) < count:
                line = await process.stdout.readline()
                assert line, "the Llama ended by itself"
                said.append(line.decode().split()[1])
        process.kill()
        await process.stdout.read()
        await process.wait()

    async with NodeDriver(log, settings).running() as node:
        await run_until(MANY // 10)
        await run_until(MANY // 3)
        async with llama.running():
            await until(lambda: node.sync.acknowledged == MANY, 60)
            assert await stored_values(llama.book) == [float(n) for n in range(1, MANY + 1)]
            said += [one.id for one in llama.heard.observations]
    numbers = [int(one.split(":")[1]) for one in said]
    assert numbers == sorted(set(numbers)), "heard twice or out of order"


async def test_a_node_is_seen_coming_going_and_renamed(
    llama: LlamaFixture, log: EventLog, settings: BrokerSettings, mosquitto: Mosquitto
) -> None:
    async with llama.running():
        async with NodeDriver(log, settings).running() as driver:
            await until(lambda: _last(llama) == ("Hallway", True))
            mosquitto.kill()
            await until(lambda: not llama.herd.connected and not driver.connected)
            mosquitto.start()
            await until(lambda: llama.herd.connected and driver.connected)
            assert _last(llama) == ("Hallway", True), "a broker's restart is not the node's going"
        await until(lambda: _last(llama) == ("Hallway", False))
        async with NodeDriver(log, settings, name="Landing").running():
            await until(lambda: _last(llama) == ("Landing", True))
        await until(lambda: _last(llama) == ("Landing", False))


async def test_a_node_that_went_while_the_broker_was_away_is_offline(
    llama: LlamaFixture,
    log: EventLog,
    settings: BrokerSettings,
    mosquitto: Mosquitto,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("herdbook.llama.herd.herd._CONFIRM_S", 0.1)
    async with llama.running():
        async with NodeDriver(log, settings).running():
            await until(lambda: _last(llama) == ("Hallway", True))
            mosquitto.kill()
        mosquitto.start()
        await until(lambda: _last(llama) == ("Hallway", False))


def _last(llama: LlamaFixture) -> tuple[str, bool] | None:
    return (llama.heard.nodes[-1].name, llama.heard.nodes[-1].online) if llama.heard.nodes else None


async def test_what_the_llama_has_is_retained_signed_and_said_again_when_the_broker_forgot(
    llama: LlamaFixture, log: EventLog, settings: BrokerSettings, mosquitto: Mosquitto
) -> None:
    log.append(OBSERVATION, CO2)
    log.seal()
    async with llama.running():
        async with NodeDriver(log, settings).running() as node:
            await admit(llama, log.node_id)
            await until(lambda: node.sync.acknowledged == 1)
        for _ in range(2):
            async with aiomqtt.Client(settings.host, settings.port) as reader:
                await reader.subscribe(topics.have(log.node_id))
                async with asyncio.timeout(5):
                    message = await anext(aiter(reader.messages))
            key, have = open_have(bytes(message.payload), log.node_id)
            assert have.version == __version__
            assert key == llama.identity.public_key
            assert (have.seq, have.hash, have.approved) == (1, log.head().sealed_hash, True)
            mosquitto.restart()
            await until(lambda: llama.herd.connected)


async def test_a_full_disk_of_the_llama_acknowledges_nothing_and_loses_nothing(
    llama: LlamaFixture,
    log: EventLog,
    settings: BrokerSettings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("herdbook.eventlog.protocol.FIRST_TIMEOUT_MS", 200)
    async with llama.running(), NodeDriver(log, settings).running() as node:
        await admit(llama, log.node_id)
        await until(lambda: node.sync.state == "sending")
        await _limit_pages(llama, 1)
        log.append_many([(OBSERVATION, numbered(n)) for n in range(1, 1001)])
        node.appended()
        await until(lambda: "house.db: database or disk is full" in caplog.text)
        assert node.sync.acknowledged == 0
        assert llama.heard.observations == []
        await _limit_pages(llama, 1_000_000)
        await until(lambda: node.sync.acknowledged == 1000)
        assert [one.value for one in llama.heard.observations] == list(range(1, 1001))


async def _limit_pages(llama: LlamaFixture, pages: int) -> None:
    await llama.book._read(lambda c: c.execute(f"PRAGMA max_page_count={pages}").fetchone())


async def test_a_node_that_is_let_go_leaves_nothing_at_the_broker(
    llama: LlamaFixture, log: EventLog, settings: BrokerSettings
) -> None:
    log.append(READINGS, pack("room_temperature", "°C", [(SYNCED_MS, 20.5)]))
    log.append(READINGS, pack("../+/#", None, [(SYNCED_MS, 20.5)]))
    log.seal()
    node_id = log.node_id
    async with aiomqtt.Client(settings.host, settings.port) as home:
        for topic in (
            discovery.discovery_topic(node_id),
            sensor_state_topic(node_id, "room_temperature"),
            discovery.sensor_availability_topic(node_id, "room_temperature"),
            sensor_state_topic(node_id, discovery.WAITING.id),
            output_state_topic(node_id, "fan"),
            output_availability_topic(node_id, "fan"),
            f"herdbook/v1/node/{node_id}/what/a/later/release/has",
        ):
            await home.publish(topic, b"left behind", retain=True)
    async with llama.running():
        async with NodeDriver(log, settings).running() as node:
            await admit(llama, node_id)
            await until(lambda: node.sync.acknowledged == 2)
        renamed = await llama.herd.rename(node_id, "Ground floor")
        assert (renamed.name, llama.heard.nodes[-1].name) == ("Ground floor", "Ground floor")
        await llama.herd.retire(node_id)
        assert llama.heard.gone == [node_id]
        # It is told that it is not approved any more; nothing else is left.
        await until(lambda: not llama.herd._haves._marked)
        have = topics.have(node_id)
        assert set(await retained(settings)) <= {have}
        # It still runs, and says so: nobody is told of it as if it waited.
        before = len(llama.heard.nodes)
        async with NodeDriver(log, settings).running() as node:
            await until(lambda: node.sync.state == "unapproved")
            await llama.herd.rename(node_id, "Cellar")
        assert llama.heard.nodes[before:] == []
        await llama.herd.forget(node_id)
        assert llama.heard.gone == [node_id, node_id]
        assert await retained(settings) == []
        assert await llama.herd.nodes() == []


async def test_without_a_broker_no_node_is_let_go(
    llama: LlamaFixture, log: EventLog, settings: BrokerSettings, mosquitto: Mosquitto
) -> None:
    async with llama.running():
        async with NodeDriver(log, settings).running():
            await admit(llama, log.node_id)
        assert llama.herd.ways == Ways("connected", http=False)
        mosquitto.kill()
        await until(lambda: not llama.herd.connected)
        assert llama.herd.ways == Ways("away", http=False)
        for let_go in (llama.herd.retire, llama.herd.forget):
            with pytest.raises(BrokerUnavailable):
                await let_go(log.node_id)
        [row] = await llama.herd.nodes()
        assert row.approved
        mosquitto.start()


async def test_readings_past_their_time_are_dropped(llama: LlamaFixture) -> None:
    async with llama.running():
        hallway = Teller(llama.book)
        await hallway.join()
        await hallway.measure((SYNCED_MS - 400 * 86_400_000, 1.0))
        await hallway.measure((SystemClock().wall_ms(), 2.0))
    async with llama.running():
        [series] = await llama.book.series(hallway.node_id)

        async def kept() -> list[float]:
            return [one.value for one in await llama.book.readings(series.id, 0, 2 * SYNCED_MS)]

        async with asyncio.timeout(10):
            while await kept() != [2.0]:
                await asyncio.sleep(0.01)


async def retained(settings: BrokerSettings) -> list[str]:
    """The topics on which the broker keeps something."""
    found = []
    async with aiomqtt.Client(settings.host, settings.port) as reader:
        await reader.subscribe("#")
        await reader.publish("herdbook/test/end", b"end")
        async for message in reader.messages:
            if message.topic.value == "herdbook/test/end":
                return found
            found.append(message.topic.value)
    return found
