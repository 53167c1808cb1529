"""The whole Alpaca, against a real mosquitto."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from herdbook import __version__
from herdbook.alpaca import agent
from herdbook.alpaca.config import AlpacaConfig
from herdbook.alpaca.memory.habits import Habits
from herdbook.alpaca.memory.memories import Proposal
from herdbook.alpaca.outputs.outputs import Outputs
from herdbook.alpaca.sensors.file import FileConfig
from herdbook.alpaca.sensors.room import RoomConfig
from herdbook.alpaca.sensors.settings import SensorSettings
from herdbook.alpaca.sensors.system import SystemConfig
from herdbook.broker import BrokerSettings
from herdbook.clock import SystemClock
from herdbook.errors import LogInUse, OutputUnavailable, StorageError
from herdbook.eventlog import topics
from herdbook.eventlog.audit import audit
from herdbook.eventlog.event import ObservationPayload, decode_payload
from herdbook.eventlog.folder import LogFolder
from herdbook.eventlog.log import EventLog
from herdbook.eventlog.readings import ReadingsPayload
from herdbook.eventlog.retention import Retention
from herdbook.eventlog.timeline import ClockPayload
from tests.alpaca.llama_double import LlamaDouble
from tests.fakes.kernel import Kernel
from tests.mosquitto import Mosquitto, free_port

ALWAYS = {
    "waiting_to_sync",
    "observe",
    "observation",
    "clock_quality",
    "log_share",
    "update",
}


@pytest.fixture(autouse=True)
def nothing_failed_unseen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A cut connection is everyday life: asyncio has no fault to report."""
    yield
    faults = [record for record in caplog.get_records("call") if record.name == "asyncio"]
    assert [fault.getMessage() for fault in faults] == []


@pytest.fixture(autouse=True)
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """What tells whether the clock is synchronised; this machine's may be, or not."""
    kernel = Kernel()
    kernel.use(monkeypatch)
    return kernel


async def until(condition: Callable[[], object], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(config: AlpacaConfig) -> AsyncIterator[str]:
    """The node, from ready to its clean stop; gives its id."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(agent.run(config, on_ready=ready.set_result))
    try:
        await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
        yield ready.result() if ready.done() else await task  # type: ignore[misc]
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def listening(double: LlamaDouble) -> AsyncIterator[LlamaDouble]:
    task = asyncio.create_task(double.broker.run())
    try:
        yield double
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Bench:
    """A node with one number in a file, and what it takes to change it."""

    def __init__(self, folder: Path, server: Mosquitto) -> None:
        self.file = folder / "value"
        self.data = folder / "node"
        self.server = server
        self.write(50)

    def write(self, value: object) -> None:
        self.file.write_text(f"{value}\n")

    def config(self, *others: SensorSettings, name: str = "Hallway") -> AlpacaConfig:
        boiler = FileConfig(
            id="boiler",
            name="Boiler",
            path=str(self.file),
            interval=0.1,
            unit="°C",
            device_class="temperature",
            usual=(20, 90),
            quiet=0,
        )
        return AlpacaConfig(
            name=name,
            data=self.data,
            broker=BrokerSettings(port=self.server.port, username="ada", password="pa55-canary"),
            sensor=(boiler, *others),
        )


@pytest.fixture
def bench(tmp_path: Path, mosquitto: Mosquitto) -> Bench:
    return Bench(tmp_path, mosquitto)


def state(node: str, sensor: str = "boiler") -> str:
    return f"herdbook/v1/node/{node}/sensor/{sensor}/state"


def availability(node: str, sensor: str = "boiler") -> str:
    return f"herdbook/v1/node/{node}/sensor/{sensor}/availability"


def sentences(double: LlamaDouble) -> list[str]:
    return [
        decode_payload(event, ObservationPayload).sentence
        for event in double.events
        if event.kind == "observation"
    ]


async def test_it_announces_itself_and_shows_its_state(bench: Bench) -> None:
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node:
        await until(lambda: llama.retained.get(state(node)) == b"50.0" and llama.hello)
        assert llama.retained[availability(node)] == b"online"
        assert llama.retained[topics.availability(node)] == b"online"
        assert llama.hello is not None
        assert llama.hello.name == "Hallway"
        payload = json.loads(llama.retained[f"homeassistant/device/herdbook_{node}/config"])
        assert set(payload["cmps"]) == {"boiler", *ALWAYS}
        await until(lambda: llama.retained.get(state(node, "waiting_to_sync")) == b"0")
    # Everything of it is retained: somebody who comes later sees the same.
    async with listening(LlamaDouble(bench.server)) as later:
        await until(lambda: later.retained.get(topics.availability(node)) == b"offline")
        await until(lambda: state(node) in later.retained)
        await until(lambda: f"homeassistant/device/herdbook_{node}/config" in later.retained)


async def test_it_works_before_there_is_a_broker(bench: Bench) -> None:
    bench.server.stop()
    async with running(bench.config()) as node:
        bench.write(95)
        await asyncio.sleep(0.1)
        bench.server.start()
        async with listening(LlamaDouble(bench.server)) as llama:
            await until(lambda: llama.retained.get(state(node)) == b"95.0")
            await until(lambda: sentences(llama))


async def test_a_killed_broker_gets_everything_again(bench: Bench) -> None:
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node:
        await until(lambda: state(node, "waiting_to_sync") in llama.retained)
        # What it asks, it asks again when that is due.
        expected = set(llama.retained) - {topics.log(node), topics.ask(node)}
        for value in (61, 62):
            bench.server.kill()
            llama.retained.clear()
            bench.write(value)
            bench.server.start()
            await until(lambda: expected <= set(llama.retained))
            await until(lambda v=value: llama.retained[state(node)] == f"{v}.0".encode())
            assert llama.retained[topics.availability(node)] == b"online"


async def test_a_broken_sensor_is_unavailable_and_never_a_number(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node:
        await until(lambda: llama.retained.get(availability(node)) == b"online")
        bench.write("garbage")
        await until(lambda: llama.retained[availability(node)] == b"offline")
        assert llama.retained[state(node)] == b"50.0"
        bench.write(51)
        await until(lambda: llama.retained[availability(node)] == b"online")
        await until(lambda: llama.retained[state(node)] == b"51.0")
        states = {payload for topic, payload in llama.heard if topic == state(node)}
        assert states == {b"50.0", b"51.0"}
    assert caplog.text.count("holds no number") == 1
    assert caplog.text.count("Boiler is read again") == 1


async def test_an_observation_reaches_the_llama_at_once(bench: Bench) -> None:
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node:
        await until(lambda: state(node, "waiting_to_sync") in llama.retained)
        bench.write(95)
        await until(lambda: sentences(llama), seconds=2)
        (event,) = (event for event in llama.events if event.kind == "observation")
        made = decode_payload(event, ObservationPayload)
        assert made.sentence == "Boiler is 95 °C. It is usually between 20 and 90 °C."
        assert (made.sensor, made.value, made.usual) == ("boiler", 95.0, (20.0, 90.0))
        await until(lambda: llama.retained[state(node, "waiting_to_sync")] == b"0")


async def test_a_fact_reaches_the_llama_without_waiting_for_the_next_block(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = asyncio.Event()

    async def find(habits: Habits) -> None:
        await found.wait()
        fact = Proposal("boiler", "usual hours", "at six", "It is on at six.", 0.9, "arithmetic")
        await habits._memories.propose(fact)

    monkeypatch.setattr(Habits, "run", find)
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node:
        waiting = state(node, "waiting_to_sync")
        await until(lambda: llama.retained.get(waiting) == b"0")
        found.set()
        await until(lambda: "memory" in [event.kind for event in llama.events], seconds=5)
        assert "readings" not in [event.kind for event in llama.events]


def last_written(folder: Path) -> float:
    """The last reading in the log of a node that has stopped, and let go of its folder."""
    log = EventLog.open(folder, SystemClock())
    try:
        blocks = [one for one in log.events_after(0) if one.kind == "readings"]
    finally:
        log.close()
    samples = [one for block in blocks for one in decode_payload(block, ReadingsPayload).samples()]
    return samples[-1][1]


async def begun(bench: Bench, llama: LlamaDouble) -> asyncio.Task[None]:
    """A node whose last reading, 51, is in memory alone."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(agent.run(bench.config(), on_ready=ready.set_result))
    node = await ready
    await until(lambda: llama.retained.get(state(node)) == b"50.0")
    bench.write(51)
    await until(lambda: llama.retained.get(state(node)) == b"51.0")
    return task


async def test_a_second_stop_cuts_nothing_short(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    resting, may_rest = asyncio.Event(), asyncio.Event()
    safe = False

    async def rest(_: Outputs) -> None:
        nonlocal safe
        resting.set()
        await may_rest.wait()
        safe = True

    monkeypatch.setattr(Outputs, "rest", rest)
    async with listening(LlamaDouble(bench.server)) as llama:
        task = await begun(bench, llama)
        task.cancel()
        await resting.wait()
        task.cancel()
        await asyncio.sleep(0.01)
        may_rest.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert safe
    assert last_written(bench.data) == 51.0


async def test_what_fails_at_the_stop_keeps_nothing_else_from_its_end_and_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    safe = False

    async def fail(_: Habits) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise StorageError("The habits cannot be kept.")

    async def rest(_: Outputs) -> None:
        nonlocal safe
        await asyncio.sleep(0.01)
        safe = True
        raise OutputUnavailable("The relay is stuck.")

    monkeypatch.setattr(Habits, "run", fail)
    monkeypatch.setattr(Outputs, "rest", rest)
    async with listening(LlamaDouble(bench.server)) as llama:
        task = await begun(bench, llama)
        task.cancel()
        await asyncio.wait({task})
    assert safe
    assert last_written(bench.data) == 51.0
    assert not task.cancelled()
    told = "".join(traceback.format_exception(task.exception()))
    assert "The habits cannot be kept." in told
    assert "The relay is stuck." in told


async def test_sync_resumes_after_every_cut(bench: Bench) -> None:
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node:
        await until(lambda: state(node, "waiting_to_sync") in llama.retained)
        for wanted in range(1, 4):
            cut = asyncio.Event()

            def cut_off(cut: asyncio.Event = cut) -> bool:
                if cut.is_set():
                    return False
                bench.server.kill()
                cut.set()
                return True  # on the wire when it was cut: nobody has it

            llama.loses = cut_off
            bench.write(95)
            await asyncio.wait_for(cut.wait(), 15)
            assert len(sentences(llama)) == wanted - 1
            bench.write(50)
            bench.server.start()
            await until(lambda w=wanted: len(sentences(llama)) == w)
            await until(lambda: llama.retained.get(state(node)) == b"50.0")
        await until(lambda: llama.retained.get(state(node, "waiting_to_sync")) == b"0")
        assert len(sentences(llama)) == 3
        assert [event.seq for event in llama.events] == list(range(1, len(llama.events) + 1))


async def test_an_unapproved_node_sends_nothing_but_its_hello(bench: Bench) -> None:
    double = LlamaDouble(bench.server, approves=False)
    async with listening(double) as llama, running(bench.config()) as node:
        bench.write(95)
        await until(lambda: llama.retained.get(state(node, "waiting_to_sync")) == b"1")
        assert topics.log(node) not in llama.retained
        llama.approves = True
        await llama.say_have(node)
        await until(lambda: sentences(llama))


async def test_what_it_is_told_in_malformed_ways_is_survived(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node:
        await until(lambda: state(node, "waiting_to_sync") in llama.retained)
        caplog.clear()
        for garbage in (b"", b"garbage", b"\xff\xfe\x00", b"HBV\x01" + bytes(200), b"{" * 2000):
            await llama.broker.publish(topics.have(node), garbage)
        await llama.broker.publish("homeassistant/status", b"\xff\xfe\x00")
        await until(lambda: len(caplog.records) >= 4)
        assert len(caplog.records) == 4, "each sort once"
        assert {record.levelno for record in caplog.records} == {logging.WARNING}
        # The broker itself keeps what is larger than this node takes.
        await publish_raw(bench.server, topics.have(node), 1024 * 1024)
        bench.write(95)
        await until(lambda: sentences(llama))
        assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 4, (
            "each sort once"
        )


async def publish_raw(server: Mosquitto, topic: str, size: int) -> None:
    process = await asyncio.create_subprocess_exec(
        "mosquitto_pub", "-p", str(server.port), "-t", topic, "-q", "1", "-s",
        stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await process.communicate(b"x" * size)
    assert process.returncode == 0


async def test_what_others_say_of_its_presence_is_put_right(bench: Bench) -> None:
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node_id:
        place = topics.availability(node_id)
        await until(lambda: llama.retained.get(place) == b"online")
        await llama.broker.publish(place, b"offline", retain=True)
        await until(lambda: (place, b"offline") in llama.heard)
        await until(lambda: llama.retained[place] == b"online")
        assert [payload for topic, payload in llama.heard if topic == place][-2:] == [
            b"offline",
            b"online",
        ]


@pytest.mark.parametrize("remains", [b"\xff{", b"[1]", b"{", None], ids=str)
async def test_it_starts_whatever_became_of_what_it_remembers(
    bench: Bench, remains: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    bench.data.mkdir()
    memory = bench.data / "announced.json"
    if remains is None:
        memory.mkdir()
    else:
        memory.write_bytes(remains)
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node_id:
        await until(lambda: llama.retained.get(topics.availability(node_id)) == b"online")
        await until(lambda: any("homeassistant/" in topic for topic in llama.retained))
    assert "announced.json is damaged" in caplog.text


async def test_a_flood_of_bad_messages_is_a_few_lines(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node_id:
        await until(lambda: llama.retained.get(topics.availability(node_id)) == b"online")
        for _ in range(50):
            await llama.broker.publish(topics.have(node_id), b"nonsense")
            await llama.broker.publish("homeassistant/status", b"perhaps")
        await until(lambda: "neither online nor offline" in caplog.text)
        bench.write(51)
        await asyncio.sleep(0.1)
    lines = [line for line in caplog.messages if "nonsense" in line or "handling" in line]
    assert len(lines) == 1
    assert sum("neither online nor offline" in line for line in caplog.messages) == 1


async def test_another_llama_is_not_believed(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node:
        await until(lambda: state(node, "waiting_to_sync") in llama.retained)
        llama.identity = type(llama.identity)(b"\x08" * 32)
        await llama.say_have(node)
        await until(lambda: "is not the one that approved this node" in caplog.text)
        bench.write(95)
        await asyncio.sleep(0.1)
        llama.identity = type(llama.identity)(b"\x07" * 32)
        await llama.say_have(node)
        await until(lambda: sentences(llama))


async def test_a_restarted_node_is_the_same_node(bench: Bench) -> None:
    async with listening(LlamaDouble(bench.server)) as llama:
        async with running(bench.config()) as first:
            await until(lambda: llama.retained.get(state(first)) == b"50.0")
            await until(lambda: state(first, "waiting_to_sync") in llama.retained)
        await until(lambda: llama.retained[topics.availability(first)] == b"offline")
        # Stopping wrote the block of readings, and the Llama had it before the node was gone.
        blocks = [e for e in llama.events if e.kind == "readings"]
        assert blocks
        samples = decode_payload(blocks[-1], ReadingsPayload).samples()
        assert {value for _, value in samples} == {50.0}
        assert decode_payload(blocks[0], ReadingsPayload).name == "Boiler", "what people call it"
        seq = llama.position.seq
        async with running(bench.config(name="Attic")) as second:
            bench.write(95)
            await until(lambda: sentences(llama))
        assert second == first
        assert agent.node_id(bench.config()) == first
        assert llama.hello is not None
        assert llama.hello.name == "Attic"
        assert llama.hello.seq == seq
        assert [event.seq for event in llama.events] == list(range(1, len(llama.events) + 1))


async def test_the_llama_is_told_when_the_node_knows_the_time(bench: Bench, kernel: Kernel) -> None:
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()):
        bench.write(95)
        await until(lambda: sentences(llama))
    assert {event.kind for event in llama.events} == {"observation", "readings"}
    kernel.sync()
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()):
        await until(lambda: any(event.kind == "clock" for event in llama.events))
    (told,) = (event for event in llama.events if event.kind == "clock")
    offset = decode_payload(told, ClockPayload).offset_ms
    assert abs(told.wall_ms - told.monotonic_ms - offset) < 100


async def test_a_disk_that_is_full_for_a_while_holds_up_and_stops_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise StorageError("The disk is full.")

    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node:
        await until(lambda: state(node, "waiting_to_sync") in llama.retained)
        with monkeypatch.context() as patch:
            for method in ("seal", "append_many", "acknowledge"):
                patch.setattr(EventLog, method, full)
            bench.write(95)
            await until(lambda: llama.retained.get(state(node)) == b"95.0")
            await until(lambda: "Events wait in memory" in caplog.text)
            bench.write(50)
            await until(lambda: llama.retained.get(state(node)) == b"50.0")
            assert sentences(llama) == []
        bench.write(96)
        await until(lambda: len(sentences(llama)) == 2)
    assert [event.seq for event in llama.events] == list(range(1, len(llama.events) + 1))


async def test_what_the_llama_has_is_deleted_when_it_is_old(bench: Bench) -> None:
    config = msgspec.structs.replace(bench.config(), log=Retention(keep_days=30, disk_share=1e-12))
    async with listening(LlamaDouble(bench.server)) as llama:
        for value in (95, 96):  # at its second start it knows from the first “have” what is there
            async with running(config):
                bench.write(value)
                await until(lambda wanted=value - 94: len(sentences(llama)) == wanted)
                bench.write(50)
    source = LogFolder.open(bench.data)
    found = audit(source)
    source.close()
    assert found.problems == []
    assert [absence.why for absence in found.absent] == ["retired"]


async def test_a_removed_sensor_is_taken_out_of_home_assistant(bench: Bench) -> None:
    def told(llama: LlamaDouble, node: str) -> list[dict[str, dict[str, object]]]:
        topic = f"homeassistant/device/herdbook_{node}/config"
        return [json.loads(payload)["cmps"] for heard, payload in llama.heard if heard == topic]

    async with listening(LlamaDouble(bench.server)) as llama:
        async with running(bench.config(RoomConfig(id="attic", name="Attic"))) as node:
            await until(lambda: state(node, "attic_co2") in llama.retained)
            [whole] = told(llama, node)
            described = whole["attic_co2"]
        llama.heard.clear()
        async with running(bench.config()):
            await until(lambda: llama.retained[state(node, "attic_co2")] == b"")
            await until(lambda: llama.retained[availability(node, "attic_door")] == b"")
            # Home Assistant may have been started since: it takes away only what it was told of.
            whole, *others = told(llama, node)
            assert whole["attic_co2"] == {"p": "sensor"}
            assert whole["attic_door"] == {"p": "binary_sensor"}
            at = others.index({"attic_co2": described})
            assert others[at + 1] == {"attic_co2": {"p": "sensor"}}
        llama.heard.clear()
        async with running(bench.config()):
            # Only Home Assistant's birth proves that it has heard: until then it is said again.
            await until(lambda: {"attic_co2": {"p": "sensor"}} in told(llama, node))
            await llama.broker.publish("homeassistant/status", b"online")
            await until(lambda: b"attic" not in (bench.data / "announced.json").read_bytes())
        llama.heard.clear()
        async with running(bench.config()):
            await until(lambda: told(llama, node))
            assert [set(one) for one in told(llama, node)] == [{"boiler", *ALWAYS}]


async def test_what_an_earlier_release_announced_is_taken_out_too(bench: Bench) -> None:
    node = agent.node_id(bench.config())
    (bench.data / "announced.json").write_text('{"boiler": "sensor", "attic_co2": "sensor"}')
    await _retain(bench, state(node, "attic_co2"))
    async with listening(LlamaDouble(bench.server)) as llama:
        await until(lambda: llama.retained.get(state(node, "attic_co2")) == b"1")
        async with running(bench.config()):
            await until(lambda: llama.retained.get(state(node, "attic_co2")) == b"")


async def test_of_what_becomes_another_sort_nothing_in_use_is_cleared(bench: Bench) -> None:
    node = agent.node_id(bench.config())
    (bench.data / "announced.json").write_text('{"boiler": "binary_sensor"}')
    topic = f"homeassistant/device/herdbook_{node}/config"
    async with listening(LlamaDouble(bench.server)) as llama:
        await until(lambda: llama.broker.connected)
        async with running(bench.config()):
            gone = {"boiler": {"p": "binary_sensor"}}
            await until(lambda: json.loads(llama.retained.get(topic, b"{}")).get("cmps") == gone)
            assert (state(node), b"") not in llama.heard


async def _retain(bench: Bench, topic: str) -> None:
    async with listening(LlamaDouble(bench.server)) as llama:
        await until(lambda: llama.broker.connected)
        await llama.broker.publish(topic, b"1", retain=True)


async def test_observe_now_reads_every_sensor(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    config = bench.config()
    [boiler] = config.sensor
    assert isinstance(boiler, FileConfig)
    slow = msgspec.structs.replace(boiler, interval=3600)
    config = msgspec.structs.replace(config, sensor=(slow,))
    async with listening(LlamaDouble(bench.server)) as llama, running(config) as node:
        await until(lambda: llama.retained.get(state(node)) == b"50.0")
        bench.write(61)
        press = f"herdbook/v1/node/{node}/observe"
        for other in (b"press", b"PRESS " * 9000, b"\x00\x1b", b""):
            await llama.broker.publish(press, other)
        await until(lambda: "understands PRESS" in caplog.text)
        assert llama.retained[state(node)] == b"50.0"
        await llama.broker.publish(press, b"PRESS")
        await until(lambda: llama.retained.get(state(node)) == b"61.0")


async def test_a_retained_press_is_none(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    node = agent.node_id(bench.config())
    await _retain(bench, f"herdbook/v1/node/{node}/observe")
    async with running(bench.config()):
        await until(lambda: "A retained “Observe now” is ignored" in caplog.text)


async def test_an_observation_is_an_event_and_not_retained(bench: Bench) -> None:
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node:
        topic = f"herdbook/v1/node/{node}/observation"
        await until(lambda: state(node, "waiting_to_sync") in llama.retained)
        bench.write(95)
        await until(lambda: topic in llama.retained)
        told = json.loads(llama.retained[topic])
        assert 0 < told.pop("confidence") <= 1
        assert told == {
            "event_type": "above_usual",
            "sentence": "Boiler is 95 °C. It is usually between 20 and 90 °C.",
            "sensor": "boiler",
            "sensor_name": "Boiler",
            "value": 95.0,
            "unit": "°C",
            "usual": [20.0, 90.0],
        }
    async with listening(LlamaDouble(bench.server)) as later:
        await until(lambda: topics.availability(node) in later.retained)
        assert topic not in later.retained


async def test_diagnostics(bench: Bench, kernel: Kernel) -> None:
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node:
        await until(lambda: state(node, "log_share") in llama.retained)
        assert llama.retained[state(node, "clock_quality")] in {b"synced", b"unconfirmed"}
        assert 0 <= int(llama.retained[state(node, "log_share")]) <= 100
        await until(
            lambda: (
                json.loads(llama.retained[state(node, "update")])
                == {"installed_version": __version__, "latest_version": "9.1.0"}
            )
        )


async def test_it_announces_itself_again_when_home_assistant_is_born(bench: Bench) -> None:
    async with listening(LlamaDouble(bench.server)) as llama, running(bench.config()) as node:
        topic = f"homeassistant/device/herdbook_{node}/config"
        await until(lambda: topic in llama.retained)
        await until(lambda: state(node, "waiting_to_sync") in llama.retained)
        llama.heard.clear()
        for _ in range(3):
            await llama.broker.publish("homeassistant/status", b"online")
        await until(lambda: topic in {heard for heard, _ in llama.heard})


async def test_two_processes_do_not_share_a_log(bench: Bench) -> None:
    async with running(bench.config()):
        with pytest.raises(LogInUse):
            await agent.run(bench.config(), on_ready=lambda _: None)


async def test_nothing_secret_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    config = bench.config(SystemConfig(interval=0.5))
    async with listening(LlamaDouble(bench.server)) as llama, running(config) as node:
        await until(lambda: state(node, "waiting_to_sync") in llama.retained)
        bench.server.restart()
        await until(lambda: state(node, "system_cpu") in llama.retained)
    assert "Connected to the MQTT broker" in caplog.text
    assert "pa55-canary" not in caplog.text
    assert (bench.data / "identity.key").read_text().strip() not in caplog.text


async def test_it_stops_when_told_though_a_sensor_hangs(bench: Bench) -> None:
    pipe = bench.file.with_name("pipe")
    os.mkfifo(pipe)  # nobody writes into it: who opens it waits for ever
    config = bench.file.with_name("alpaca.toml")
    config.write_text(
        f'name = "Hallway"\ndata = "node"\n[broker]\nport = {free_port()}\n'
        f'[[sensor]]\nkind = "replay"\nid = "tape"\nname = "Tape"\npath = "{pipe}"\n'
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "herdbook.cli.main", "alpaca", "run", "--config", str(config),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            await process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            _, log = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, log


async def test_the_command_says_when_it_is_ready_and_stops_when_told(bench: Bench) -> None:
    port = free_port()  # nobody there: it is ready nonetheless
    config = bench.file.with_name("alpaca.toml")
    config.write_text(
        f'name = "Hallway"\ndata = "node"\n[broker]\nport = {port}\n'
        f'[[sensor]]\nkind = "file"\nid = "boiler"\nname = "Boiler"\npath = "{bench.file}"\n'
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "herdbook.cli.main", "alpaca", "run", "--config", str(config),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(20):
        line = (await process.stdout.readline()).decode()
        process.send_signal(signal.SIGTERM)
        _, log = await process.communicate()
    assert line == f"Herdbook Alpaca ready: {agent.node_id(bench.config())}\n"
    assert process.returncode == 0, log
    assert b"Traceback" not in log
