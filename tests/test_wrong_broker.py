"""Brokers that let nobody in, take nothing, come and go, or are something else altogether."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiomqtt
import pytest

from herdbook.broker import Broker, BrokerSettings, reach
from herdbook.broker.changes import _ENDS_SOON, Changes
from herdbook.broker.connection import Connection
from herdbook.broker.refusal import unavailable
from herdbook.errors import BrokerRefused, BrokerUnavailable
from tests.broker_double import LET_IN, BrokerDouble, connack
from tests.certificates import Authority
from tests.mosquitto import Mosquitto

TOPIC = "herdbook/test/topic"


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def words_for(double: BrokerDouble, **settings: object) -> str:
    """What is said of it, which has to be at once."""
    given = {"port": double.port, **settings}
    async with asyncio.timeout(3):
        with pytest.raises(BrokerUnavailable) as caught:
            await reach(BrokerSettings(**given), "test")  # type: ignore[arg-type]
    assert caught.value.fix
    return str(caught.value)


@contextlib.asynccontextmanager
async def running(port: int, *, name: str = "test") -> AsyncIterator[Broker]:
    broker = Broker(
        BrokerSettings(port=port),
        client_id=name,
        subscriptions=["herdbook/test/#"],
        on_connect=lambda _broker: asyncio.sleep(0),
        on_message=lambda _topic, _payload, _retained: asyncio.sleep(0),
        rng=random.Random(1),
    )
    task = asyncio.create_task(broker.run())
    try:
        await until(lambda: broker.connected or broker.trouble is not None)
        yield broker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nConnection: keep-alive\r\n\r\n", "it answers HTTP. Correct"),
        (b"\x00\xff nothing of ours" * 20, "is no MQTT broker. Correct “host” and “port”"),
        (b"\x15\x03\x03\x00\x02\x02\x0a", "it speaks TLS. Set “tls = true” under [broker]"),
        (b"\x20\x02\x00\x01", "it does not speak MQTT 5. Update the broker"),
        (b"\x20\x02\x00\x00", "it does not speak MQTT 5. Update the broker"),
        (b"\x20\x02\x00\x05", "lets nobody in without a user name and password"),
        (b"\x20\xff\xff\xff\x7f", "No MQTT broker at 127.0.0.1"),
        (b"\xe0\x02\x89\x00", "it is busy. It is tried again"),
        (b"\xe0\x01\x89", "it is busy. It is tried again"),
    ],
)
async def test_what_answers_is_said_at_once(answer: bytes, words: str) -> None:
    async with BrokerDouble(answer=answer) as double:
        assert words in await words_for(double)


@pytest.mark.parametrize(
    ("banner", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no MQTT broker: it says “SSH-2.0-OpenSSH_9.2”. Correct"),
        (b"220 mail ready\x1b[31m\r\n", "no MQTT broker: it says “220 mail ready”. Correct"),
        (b"", "it ends the connection without a word"),
    ],
)
async def test_who_speaks_or_closes_unasked_is_said_at_once(banner: bytes, words: str) -> None:
    async with BrokerDouble(banner=banner, closes=True) as double:
        assert words in await words_for(double)


async def test_who_says_nothing_is_told_from_who_is_not_there() -> None:
    settings = BrokerSettings()
    async with BrokerDouble(answer=b"") as double:
        connection = Connection(BrokerSettings(port=double.port), "test", None, None)
        connection.timeout = 0.2
        with pytest.raises(aiomqtt.MqttError) as caught:
            await connection.__aenter__()
        assert "takes the connection, and says nothing to it" in str(
            unavailable(settings, caught.value)
        )
        await until(lambda: double.gone == 1)  # nothing of the try is left open


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x80, "it refuses, by MQTT's reason 0x80. Check the broker's own log"),
        (0x84, "does not speak MQTT 5"),
        (0x85, "client id. Let the broker take ids"),
        (0x86, "without a user name and password. Give"),
        (0x87, "without a user name and password. Give"),
        (0x88, "not available now. It is tried again"),
        (0x89, "it is busy"),
        (0x8A, "has banned this program"),
        (0x8C, "another way of signing in"),
        (0x95, "messages of this size"),
        (0x97, "a quota there is used up"),
        (0x9A, "it does not keep messages"),
        (0x9B, "it does not acknowledge messages"),
        (0x9C, "another broker to be used"),
        (0x9D, "it has moved"),
        (0x9F, "fewer connections"),
    ],
)
async def test_each_reason_to_let_nobody_in_has_its_words(code: int, words: str) -> None:
    async with BrokerDouble(answer=connack(code)) as double:
        assert words in await words_for(double)


async def test_a_certificate_that_we_do_not_have_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.issue("broker")
    lines = (
        f"certfile {certificate}\nkeyfile {key}\ncafile {authority.ca}\nrequire_certificate true"
    )
    with Mosquitto(tmp_path / "mosquitto", extra=lines) as server:
        settings = BrokerSettings(server.host, server.port, tls=True, ca=str(authority.ca))
        with pytest.raises(BrokerUnavailable, match="wants a certificate of this program"):
            async with asyncio.timeout(3):
                await reach(settings, "test")


async def test_what_the_access_list_refuses_is_said_once_and_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rights = tmp_path / "acl"
    rights.write_text("topic read herdbook/#\ntopic write herdbook/test/allowed\n")
    with Mosquitto(tmp_path / "mosquitto", extra=f"acl_file {rights}") as server:
        async with running(server.port) as broker:
            for number in range(3):
                with pytest.raises(BrokerRefused, match=f"{TOPIC}: this user may not. Let it"):
                    await broker.publish(TOPIC, b"%d" % number)
            with pytest.raises(BrokerRefused):
                await broker.publish("homeassistant/x", b"")
            await broker.publish("herdbook/test/allowed", b"1")
            assert broker.connected
    said = [record.message for record in caplog.records if "does not take" in record.message]
    assert len(said) == 2
    assert TOPIC in said[0]
    assert "homeassistant/x" in said[1]


@pytest.mark.parametrize("limit", ["message_size_limit 2000", "max_packet_size 2000"])
async def test_a_message_too_large_for_the_broker_is_refused_in_words(
    tmp_path: Path, limit: str
) -> None:
    with Mosquitto(tmp_path / "mosquitto", extra=limit) as server:
        async with running(server.port) as broker:
            with pytest.raises(BrokerRefused, match=r"messages of this size\. Let the"):
                await broker.publish(TOPIC, bytes(5000))
            await broker.publish(TOPIC, bytes(1000))
            assert broker.connected


async def test_a_broker_that_takes_one_at_a_time_gets_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "herdbook.broker")
    with Mosquitto(tmp_path / "mosquitto", extra="max_inflight_messages 1") as server:
        async with running(server.port) as broker:
            await asyncio.gather(*(broker.publish(TOPIC, bytes(1000)) for _ in range(100)))
    assert [record.message for record in caplog.records if "roker" in record.message] == [
        f"Connected to the MQTT broker at 127.0.0.1:{server.port}."
    ]


async def test_two_of_one_identity_are_told_so(caplog: pytest.LogCaptureFixture) -> None:
    """As MQTT 5 has it; mosquitto 2.0 just closes."""
    async with BrokerDouble(goodbye=b"\xe0\x01\x8e") as double, running(double.port):
        await until(lambda: "another program has signed in there" in caplog.text)
        assert "Stop that one" in caplog.text


async def test_a_broker_that_acknowledges_nothing_is_left_and_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("herdbook.broker.connection._SILENT_S", 0.3)
    async with (
        BrokerDouble(acknowledge=lambda _mid: b"") as double,
        running(double.port) as broker,
    ):
        assert broker._connection is not None
        broker._connection.timeout = 0.2
        with pytest.raises(BrokerUnavailable):
            await broker.publish(TOPIC, b"1")
        assert broker.connected, "it may be slow"
        with pytest.raises(BrokerUnavailable):
            await broker.publish(TOPIC, b"2")
        await until(lambda: "it does not acknowledge what is published" in caplog.text)
        await until(lambda: double.connections == 2)


async def test_more_than_was_agreed_on_is_not_gathered() -> None:
    huge = b"\x30\xff\xff\xff\x7f" + bytes(1000)
    async with (
        BrokerDouble(acknowledge=lambda _mid: huge) as double,
        running(double.port) as broker,
    ):
        with pytest.raises(BrokerUnavailable):
            async with asyncio.timeout(3):
                await broker.publish(TOPIC, b"1")


async def test_what_cannot_be_understood_ends_the_connection_and_takes_no_time() -> None:
    """A property of MQTT that does not exist: paho raises, each time it looks at it."""
    async with (
        BrokerDouble(acknowledge=lambda mid: b"\x40\x05" + mid.to_bytes(2) + b"\0\1\7") as double,
        running(double.port) as broker,
    ):
        with pytest.raises(BrokerUnavailable):
            async with asyncio.timeout(3):
                await broker.publish(TOPIC, b"1")
        await until(lambda: double.gone == 1)


async def test_a_broker_that_reads_nothing_keeps_nobody_from_stopping() -> None:
    async with BrokerDouble(deaf=True) as double:
        async with running(double.port) as broker:
            sending = [
                asyncio.create_task(broker.publish(TOPIC, bytes(300_000))) for _ in range(40)
            ]
            await asyncio.sleep(0.05)
            before = time.monotonic()
        assert time.monotonic() - before < 3
        done = await asyncio.gather(*sending, return_exceptions=True)
        assert all(isinstance(one, BrokerUnavailable) for one in done)


@pytest.mark.parametrize(
    "double",
    [
        BrokerDouble(answer=LET_IN + b"\xe0\x01\x8b"),
        BrokerDouble(goodbye=b"\xe0\x01\x8b"),
        BrokerDouble(acknowledge=lambda _mid: b"\xe0\x01\x8b"),
    ],
    ids=["let in", "subscribed", "published"],
)
async def test_why_a_broker_ends_the_connection_is_said_whenever_it_does(
    double: BrokerDouble, caplog: pytest.LogCaptureFixture
) -> None:
    async with double, running(double.port) as broker:
        with contextlib.suppress(BrokerUnavailable):
            await broker.publish(TOPIC, b"1")
        await until(lambda: "No MQTT broker" in caplog.text)
    assert "it was shut down. It is tried again by itself." in caplog.text


@pytest.mark.parametrize("grants", [-1, 1, 20])
async def test_who_grants_another_number_of_subscriptions_is_tried_again(
    caplog: pytest.LogCaptureFixture, grants: int
) -> None:
    async with BrokerDouble(grants=grants) as double, running(double.port):
        await until(lambda: double.connections == 2)
    assert "it answers to other subscriptions than were asked for" in caplog.text


async def test_what_comes_and_goes_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "herdbook.broker")
    async with BrokerDouble(goodbye=b"\xe0\x01\x8b") as double, running(double.port):
        where = f"MQTT broker at 127.0.0.1:{double.port}"
        await until(lambda: double.connections == 5, 20)
    lost = f"No {where}: it was shut down. It is tried again by itself."
    assert [one.message for one in caplog.records if one.name == "herdbook.broker.client"] == [
        f"Connected to the {where}.",
        lost,
        f"Connected to the {where}.",
        f"{lost} {_ENDS_SOON}",
    ]


class Told:
    """A `Changes`, and what it had to say."""

    def __init__(self, *, aside: bool = False) -> None:
        self.said: list[str] = []
        logger = logging.Logger("told", logging.INFO)
        handler = logging.Handler()
        handler.emit = lambda record: self.said.append(record.getMessage())  # type: ignore[method-assign]
        logger.addHandler(handler)
        self.changes = Changes(logger, "here", aside=aside)


def test_the_last_that_is_said_is_how_it_is() -> None:
    told = Told()
    changes = told.changes
    changes.lost("Nobody is there.")
    changes.lost("Nobody is there.")
    changes.stands()
    changes.lost("It was cut.")
    changes.lost("Nobody is there.")
    changes.stands()
    changes.settled()
    changes.lost("It was cut.")
    assert told.said == [
        "Nobody is there.",
        "Connected to the MQTT broker at here.",
        "It was cut.",
        "Connected to the MQTT broker at here.",
        "It was cut.",
    ]


def test_who_came_and_went_is_said_to_hold_when_it_does() -> None:
    told = Told()
    for _ in range(1000):
        told.changes.stands()
        told.changes.lost("It was cut.")
    assert len(told.said) == 4
    told.changes.stands()
    told.changes.settled()
    assert told.said[4:] == ["Connected to the MQTT broker at here, and it holds now."]


def test_words_that_differ_each_time_are_no_flood() -> None:
    told = Told()
    for number in range(1000):
        told.changes.lost(f"It says “{number}”.")
    assert len(told.said) == 16


def test_what_is_so_for_two_connections_is_said_of_one() -> None:
    told = Told(aside=True)
    told.changes.stands()
    told.changes.lost("It was cut.")
    assert told.said == []
    told.changes.lost("A topic is refused.", shared=False)
    assert told.said == ["A topic is refused."]
