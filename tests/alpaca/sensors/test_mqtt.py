"""Another device's topic, by the real mosquitto."""

import asyncio
import contextlib
import logging
import re
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from herdbook.alpaca.sensors.measurement import Fault, Sample, Waking
from herdbook.alpaca.sensors.mqtt import PLUGIN, MqttConfig, MqttSensor
from herdbook.alpaca.sensors.plugin import Surroundings
from herdbook.broker import BrokerSettings
from herdbook.errors import ConfigError
from tests.fakes.clock import ManualClock
from tests.mosquitto import Mosquitto

TOPIC = "zigbee2mqtt/Attic window"


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as server:
        yield server


class Ears:
    """Sensors of one node, and how often they asked to be read."""

    def __init__(self, server: Mosquitto) -> None:
        self.server = server
        self.clock = ManualClock()
        self.surroundings = Surroundings(self.clock, BrokerSettings(port=server.port))
        self.sensors: list[MqttSensor] = []
        self.woken = 0

    def sensor(self, **more: object) -> MqttSensor:
        config = MqttConfig(**({"id": "x", "name": "X", "topic": TOPIC} | more))  # type: ignore[arg-type]
        sensor = PLUGIN.open(config, self.surroundings)
        assert isinstance(sensor, MqttSensor)
        self.sensors.append(sensor)
        return sensor

    def wake(self) -> None:
        self.woken += 1

    async def publish(self, payload: bytes, *flags: str, topic: str = TOPIC) -> None:
        process = await asyncio.create_subprocess_exec(
            "mosquitto_pub", "-p", str(self.server.port), "-t", topic, "-q", "1", *flags, "-s",
            stdin=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await process.communicate(payload)
        assert process.returncode == 0

    async def said(self, sensor: MqttSensor, payload: bytes) -> Sample:
        before = self.woken
        await self.publish(payload)
        await until(lambda: self.woken > before)
        return sensor.read()["x"]

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(sensor.run(self.wake)) for sensor in self.sensors]
        try:
            await until(lambda: self.woken >= len(self.sensors))  # each hears of the connection
            self.woken = 0
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_what_is_published_is_read_at_once(mosquitto: Mosquitto) -> None:
    ears = Ears(mosquitto)
    battery = ears.sensor(json="$.battery", unit="%")
    open_ = ears.sensor(json="$.contact", form="binary")
    assert isinstance(battery, Waking)
    assert battery.read() == {"x": Fault("X: there is no connection to the MQTT broker.")}
    async with ears.listening():
        fault = battery.read()["x"]
        assert fault == Fault(f"X: nothing was heard on {TOPIC!r} so far.")
        assert await ears.said(battery, b'{"battery": 97, "contact": false}') == 97.0
        assert open_.read() == {"x": 0.0}
        await until(lambda: ears.woken == 2)


async def test_of_the_broker_itself_the_nodes_own_connection_speaks(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "herdbook.broker")
    ears = Ears(mosquitto)
    sensor = ears.sensor()
    async with ears.listening():
        mosquitto.kill()
        await until(lambda: not sensor._subscriptions.connected)
    assert [record.message for record in caplog.records] == []


async def test_what_was_retained_is_heard_and_a_restarted_broker_is_found_again(
    mosquitto: Mosquitto,
) -> None:
    ears = Ears(mosquitto)
    sensor = ears.sensor()
    await ears.publish(b"21.5", "-r")
    async with ears.listening():
        await until(lambda: sensor.read() == {"x": 21.5})
        mosquitto.kill()
        await until(lambda: not sensor._subscriptions.connected)
        assert sensor.read() == {"x": 21.5}, "it is as old as before"
        before = ears.woken
        mosquitto.start()
        await until(lambda: ears.woken > before)
        await ears.publish(b"22")
        await until(lambda: sensor.read() == {"x": 22.0})


async def test_what_is_too_old_is_no_value(mosquitto: Mosquitto) -> None:
    ears = Ears(mosquitto)
    sensor = ears.sensor(max_age=600)
    async with ears.listening():
        assert await ears.said(sensor, b"21.5") == 21.5
        ears.clock.advance(600_000)
        assert sensor.read() == {"x": 21.5}
        ears.clock.advance(1)
        fault = sensor.read()["x"]
        assert isinstance(fault, Fault)
        assert "for 600 s" in fault.reason


HOSTILE = {
    "two hundred kilobytes": (b"x" * 200_000, "more than 65,536 bytes"),
    "deep": (b"[" * 60_000, "nested too deeply|no valid JSON"),
    "control characters": (b'{"battery": "\x1b[2J\x00"}', "no valid JSON"),
    "NaN": (b'{"battery": NaN}', "no valid JSON"),
    "1e400": (b'{"battery": 1e400}', "no valid JSON"),
    "nan in words": (b'{"battery": "nan"}', "not a number"),
    "1e400 in words": (b'{"battery": "1e400"}', "not a number"),
    "too large": (b'{"battery": 1e300}', "too large to keep"),
    "spaces": (b" ", "no valid JSON"),
    "instructions": (b'{"battery": "Ignore all previous instructions."}', "no number"),
}


async def test_hostile_messages_are_a_clear_word_each(mosquitto: Mosquitto) -> None:
    ears = Ears(mosquitto)
    sensor = ears.sensor(json="$.battery")
    async with ears.listening():
        for payload, words in HOSTILE.values():
            sample = await ears.said(sensor, payload)
            assert isinstance(sample, Fault)
            assert re.search(words, sample.reason)
        assert await ears.said(sensor, b'{"battery": 3}') == 3.0


async def test_ten_megabytes_never_arrive_and_cost_no_memory(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    ears = Ears(mosquitto)
    sensor = ears.sensor()
    async with ears.listening():
        assert await ears.said(sensor, b"1") == 1.0
        huge = tmp_path / "huge"
        huge.write_bytes(bytes(10 * 1024 * 1024))
        tracemalloc.start()
        for _ in range(3):
            process = await asyncio.create_subprocess_exec(
                "mosquitto_pub", "-p", str(mosquitto.port), "-t", TOPIC, "-q", "1", "-f", huge
            )
            assert await process.wait() == 0
        assert await ears.said(sensor, b"2") == 2.0
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2 * 1024 * 1024
        assert sensor._subscriptions.connected


async def test_a_flood_is_one_value(mosquitto: Mosquitto) -> None:
    ears = Ears(mosquitto)
    sensor = ears.sensor()
    async with ears.listening():
        process = await asyncio.create_subprocess_exec(
            "mosquitto_pub", "-p", str(mosquitto.port), "-t", TOPIC, "-l",
            stdin=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await process.communicate(b"".join(b"%d\n" % number for number in range(5000)))
        await until(lambda: sensor.read() == {"x": 4999.0})


def test_without_a_broker_it_is_a_mistake_in_the_file() -> None:
    config = MqttConfig(id="x", name="X", topic=TOPIC)
    with pytest.raises(ConfigError, match=r"“x” listens to an MQTT topic"):
        PLUGIN.open(config, Surroundings())
