"""The MQTT connection, against a real mosquitto."""

import asyncio
import contextlib
import gc
import logging
import random
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import aiomqtt
import pytest

from herdbook.broker import (
    MAX_PACKET,
    MAX_UNHANDLED,
    Broker,
    BrokerSettings,
    Message,
    Will,
)
from herdbook.broker.connection import Connection
from herdbook.errors import BrokerUnavailable, ConfigError, InputError
from tests.mosquitto import Mosquitto

TOPIC = "herdbook/test/topic"


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as server:
        yield server


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


class Peer:
    """A broker client that keeps what it is told."""

    def __init__(self, server: Mosquitto, *, will: Will | None = None, name: str = "peer") -> None:
        self.connections = 0
        self.heard: list[tuple[str, bytes, bool]] = []
        self.broker = Broker(
            BrokerSettings(host=server.host, port=server.port),
            client_id=name,
            subscriptions=["herdbook/test/#"],
            on_connect=self.on_connect,
            on_message=self.on_message,
            will=will,
            rng=random.Random(1),
        )

    async def on_connect(self, broker: Broker) -> None:
        assert broker.connected
        self.connections += 1

    async def on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        self.heard.append((topic, payload, retained))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Peer"]:
        task = asyncio.create_task(self.broker.run())
        try:
            await until(lambda: self.connections > 0)
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def test_a_message_comes_back(mosquitto: Mosquitto) -> None:
    async with Peer(mosquitto).running() as peer:
        await peer.broker.publish(TOPIC, b"\x00\xff", retain=True)
        await until(lambda: len(peer.heard) == 1)
        assert peer.heard == [(TOPIC, b"\x00\xff", False)]
    async with Peer(mosquitto).running() as later:
        await until(lambda: len(later.heard) == 1)
        assert later.heard == [(TOPIC, b"\x00\xff", True)]


async def test_it_comes_back_after_the_broker_was_killed(mosquitto: Mosquitto) -> None:
    async with Peer(mosquitto).running() as peer:
        mosquitto.kill()
        await until(lambda: not peer.broker.connected)
        with pytest.raises(BrokerUnavailable, match="Not connected"):
            await peer.broker.publish(TOPIC, b"lost")
        mosquitto.start()
        await until(lambda: peer.connections == 2)
        await peer.broker.publish(TOPIC, b"again")
        await until(lambda: [heard[1] for heard in peer.heard] == [b"again"])


async def test_it_waits_for_a_broker_that_starts_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = Mosquitto(tmp_path)
    peer = Peer(server)
    caplog.set_level(logging.INFO, "herdbook.broker")
    task = asyncio.create_task(peer.broker.run())
    try:
        await until(lambda: "No MQTT broker at 127.0.0.1" in caplog.text)
        server.start()
        await until(lambda: peer.connections == 1)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.stop()
    lost = [record for record in caplog.records if "No MQTT broker" in record.message]
    assert len(lost) == 1, "once per change of state"
    assert "Check that it runs" in lost[0].message


async def test_a_broker_that_dies_under_publishes_is_no_error_in_the_log(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    async def keep_publishing(broker: Broker) -> None:
        while True:
            with contextlib.suppress(BrokerUnavailable):
                await broker.publish(TOPIC, bytes(20_000))
            await asyncio.sleep(0)

    async with Peer(mosquitto).running() as peer:
        publishing = [asyncio.create_task(keep_publishing(peer.broker)) for _ in range(8)]
        for connections in range(2, 5):
            mosquitto.kill()
            mosquitto.start()
            await until(lambda connections=connections: peer.connections >= connections)
        for task in publishing:
            task.cancel()
        await asyncio.gather(*publishing, return_exceptions=True)
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
    assert "failed to receive" not in caplog.text, "that it is gone is said once, in our words"
    assert "No MQTT broker at 127.0.0.1" in caplog.text
    assert not re.search("Errno|iteration", caplog.text)


async def test_a_publish_does_not_hang_when_the_broker_dies_under_it(mosquitto: Mosquitto) -> None:
    async with Peer(mosquitto).running() as peer:
        publishing = [
            asyncio.create_task(peer.broker.publish(TOPIC, bytes(100_000))) for _ in range(50)
        ]
        mosquitto.kill()
        async with asyncio.timeout(5):
            results = await asyncio.gather(*publishing, return_exceptions=True)
        assert any(isinstance(result, BrokerUnavailable) for result in results)
        assert all(result is None or isinstance(result, BrokerUnavailable) for result in results)


async def test_the_will_is_said_by_a_stop_and_by_a_crash(mosquitto: Mosquitto) -> None:
    async with Peer(mosquitto, name="watcher").running() as watcher:
        will = Will("herdbook/test/will", b"offline")
        async with Peer(mosquitto, will=will, name="leaver").running():
            pass
        await until(lambda: ("herdbook/test/will", b"offline", False) in watcher.heard)
        watcher.heard.clear()
        async with Peer(mosquitto, will=will, name="crasher").running() as crasher:
            connection = crasher.broker._connection
            assert connection is not None
            raw = connection._client.socket()
            assert isinstance(raw, socket.socket)
            raw.shutdown(socket.SHUT_RDWR)
            await until(lambda: ("herdbook/test/will", b"offline", False) in watcher.heard)


async def test_a_handler_error_of_ours_is_logged_and_ends_nothing(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(topic: str, payload: bytes, retained: bool) -> None:
        if payload == b"bad":
            raise InputError("That is not a payload.", fix="Send another.")
        peer.heard.append((topic, payload, retained))

    peer = Peer(mosquitto)
    peer.broker._on_message = refuse
    async with peer.running():
        await peer.broker.publish(TOPIC, b"bad")
        await peer.broker.publish(TOPIC, b"good")
        await until(lambda: [heard[1] for heard in peer.heard] == [b"good"])
        assert peer.connections == 1
    assert "That is not a payload. Send another." in caplog.text


async def test_another_error_of_a_handler_leaves_run(mosquitto: Mosquitto) -> None:
    async def break_(topic: str, payload: bytes, retained: bool) -> None:
        raise ZeroDivisionError

    peer = Peer(mosquitto)
    peer.broker._on_message = break_
    task = asyncio.create_task(peer.broker.run())
    await until(lambda: peer.connections == 1)
    with contextlib.suppress(BrokerUnavailable):  # it may end before the acknowledgement
        await peer.broker.publish(TOPIC, b"x")
    with pytest.raises(ZeroDivisionError):
        await task


def _waiting(mosquitto: Mosquitto) -> tuple[Peer, asyncio.Event]:
    """One that takes in nothing before the event."""
    go = asyncio.Event()

    async def wait(topic: str, payload: bytes, retained: bool) -> None:
        await go.wait()
        peer.heard.append((topic, payload, retained))

    peer = Peer(mosquitto)
    peer.broker._on_message = wait
    return peer, go


async def test_a_slow_handler_holds_the_sender_back(mosquitto: Mosquitto) -> None:
    peer, go = _waiting(mosquitto)
    async with peer.running(), Peer(mosquitto, name="sender").running() as sender:
        for number in range(3 * MAX_UNHANDLED):
            await sender.broker.publish(TOPIC, b"%d" % number)
        connection = peer.broker._connection
        assert connection is not None
        assert len(connection.messages) <= MAX_UNHANDLED
        go.set()
        await until(lambda: len(peer.heard) == 3 * MAX_UNHANDLED)
        assert [int(heard[1]) for heard in peer.heard] == list(range(3 * MAX_UNHANDLED))


async def test_a_flood_without_acknowledgement_is_bounded_and_does_not_block_the_rest(
    mosquitto: Mosquitto,
) -> None:
    peer, go = _waiting(mosquitto)
    async with peer.running(), Peer(mosquitto, name="sender").running() as sender:
        for _ in range(100):
            await sender.broker.publish(TOPIC, bytes(100_000), qos=0)
        await sender.broker.publish(TOPIC, b"acknowledged")
        connection = peer.broker._connection
        assert connection is not None
        await until(lambda: len(connection.messages) >= 40)
        assert len(connection.messages) < 60
        go.set()
        await until(lambda: peer.heard[-1:] == [(TOPIC, b"acknowledged", False)])


async def test_a_flood_of_tiny_messages_is_bounded_too(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    peer, go = _waiting(mosquitto)
    async with peer.running(), Peer(mosquitto, name="sender").running() as sender:
        for _ in range(6):
            await asyncio.gather(*(sender.broker.publish(TOPIC, b"x", qos=0) for _ in range(800)))
        await sender.broker.publish(TOPIC, b"acknowledged")
        connection = peer.broker._connection
        assert connection is not None
        await until(lambda: len(connection.messages) > 4_000)
        await until(lambda: "More comes by MQTT than can be handled" in caplog.text)
        assert len(connection.messages) < 4_200
        assert all(one.properties is None for one in connection._queue._queue)
        go.set()
        await until(lambda: peer.heard[-1:] == [(TOPIC, b"acknowledged", False)])
    assert caplog.text.count("can be handled") == 1
    assert "Discarding" not in caplog.text


async def test_small_messages_do_not_wait_for_each_other(mosquitto: Mosquitto) -> None:
    async with Peer(mosquitto).running() as peer, asyncio.timeout(4):
        for _ in range(200):  # 9 s when each waits for a delayed acknowledgement of TCP
            await peer.broker.publish(TOPIC, b"small")


async def test_a_huge_retained_message_never_reaches_us(mosquitto: Mosquitto) -> None:
    async with aiomqtt.Client(mosquitto.host, mosquitto.port) as hostile:
        await hostile.publish("herdbook/test/huge", bytes(10_000_000), qos=1, retain=True)
        await hostile.publish("herdbook/test/fits", bytes(MAX_PACKET - 100), qos=1, retain=True)
    async with Peer(mosquitto).running() as peer:
        await peer.broker.publish(TOPIC, b"small")
        await until(lambda: len(peer.heard) == 2)
        assert {heard[0] for heard in peer.heard} == {"herdbook/test/fits", TOPIC}


async def test_a_wrong_password_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = Mosquitto(tmp_path, extra="allow_anonymous false").start()
    peer = Peer(server)
    task = asyncio.create_task(peer.broker.run())
    try:
        await until(lambda: "without a user name and password" in caplog.text)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.stop()


async def test_what_is_no_broker_is_said_in_words(caplog: pytest.LogCaptureFixture) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(200)
        writer.write(b"\x20\x08\x00\x87\x05\x1f\x00\x02\xff\xfe")  # a reason that is no text
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        connection = Connection(BrokerSettings(port=port), "x", None, None)
        connection.timeout = 0.5
        with pytest.raises(aiomqtt.MqttError):
            await connection.__aenter__()
        del connection
        gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


async def test_a_missing_certificate_says_so(tmp_path: Path) -> None:
    settings = BrokerSettings(tls=True, ca=str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigError, match=r"missing\.pem"):
        Broker(
            settings,
            client_id="x",
            subscriptions=[],
            on_connect=lambda _broker: asyncio.sleep(0),
            on_message=lambda _topic, _payload, _retained: asyncio.sleep(0),
        )


async def test_what_arrived_meanwhile_comes_at_once_and_the_sender_goes_on(
    mosquitto: Mosquitto,
) -> None:
    groups: list[list[bytes]] = []
    held = asyncio.Event()

    async def keep(messages: Sequence[Message]) -> None:
        groups.append([one.payload for one in messages])
        await held.wait()

    async def on_connect(broker: Broker) -> None:
        connected.set()

    connected = asyncio.Event()
    broker = Broker(
        BrokerSettings(host=mosquitto.host, port=mosquitto.port),
        client_id="together",
        subscriptions=["herdbook/test/#"],
        on_connect=on_connect,
        on_messages=keep,
    )
    task = asyncio.create_task(broker.run())
    await connected.wait()
    sent = [b"%d" % number for number in range(100)]
    async with aiomqtt.Client(mosquitto.host, mosquitto.port) as sender:
        for payload in sent:
            await sender.publish(TOPIC, payload, qos=1)
        await until(lambda: len(groups) == 1)
        held.set()
        await until(lambda: sum(map(len, groups)) == len(sent))
    assert [payload for group in groups for payload in group] == sent
    assert 1 < max(map(len, groups)) <= MAX_UNHANDLED // 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
