"""The API's socket, spoken to by aiohttp's own client over a real connection."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer

from herdbook.errors import InboxFull
from herdbook.llama.api import messages
from herdbook.llama.api.app import api_app
from herdbook.llama.api.connection import CLOSE_SCHEMA
from herdbook.llama.api.feed import QUEUE_LIMIT, Feed, Subscription
from herdbook.settings import Listener
from herdbook.web.listener import listening
from tests.mosquitto import free_port

TOKEN = "the token of this test"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
HELLO = messages.Hello("0.1.0", "id", "Llama", "http://127.0.0.1:1/")

type Client = TestClient[web.Request, web.Application]


async def _handle(command: messages.Command) -> object:
    match command:
        case messages.Start():
            return {"snapshot": True}
        case messages.WriteEntry(text="full"):
            raise InboxFull("It is full.", fix="Open it.")
        case messages.WriteEntry(text="fault"):
            raise ZeroDivisionError
        case _:
            return {"done": command.id}


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
async def client(feed: Feed) -> AsyncIterator[Client]:
    app = api_app(token=TOKEN, hello=HELLO, feed=feed, handle=_handle)
    async with TestClient(TestServer(app)) as client:
        yield client


async def _started(client: Client) -> aiohttp.ClientWebSocketResponse[bool]:
    connection = await client.ws_connect("/api/ws", headers=AUTHORIZED)
    assert (await connection.receive_json())["type"] == "hello"
    await connection.send_json({"id": 1, "type": "start", "schema": 1})
    assert await connection.receive_json() == {
        "id": 1,
        "type": "result",
        "result": {"snapshot": True},
    }
    return connection


def _by_hand(port: int) -> socket.socket:
    """A client that completes the handshake by hand, starts, and reads nothing."""
    made = socket.create_connection(("127.0.0.1", port))
    made.sendall(
        (
            "GET /api/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Authorization: Bearer {TOKEN}\r\n\r\n"
        ).encode()
    )
    start = b'{"id":1,"type":"start","schema":1}'
    made.sendall(bytes([0x81, 0x80 | len(start), 0, 0, 0, 0]) + start)
    return made


def _write(text: str, command_id: int = 2) -> dict[str, Any]:
    return {"id": command_id, "type": "write_entry", "person": {"name": "Ada"}, "text": text}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer \xff\xfe"},
    ],
)
async def test_without_the_token_there_is_no_socket(
    client: Client, headers: dict[str, str]
) -> None:
    response = await client.get("/api/ws", headers=headers)
    assert response.status == 401
    body = await response.json()
    assert body["code"] == "unauthorized"
    assert "herdbook llama token" in body["fix"]


async def test_a_flood_of_wrong_tokens_fills_no_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        assert (await client.get("/api/ws")).status == 401
    assert len([one for one in caplog.records if "Refused a client" in one.getMessage()]) <= 1


async def test_hello_comes_first_then_the_snapshot(client: Client) -> None:
    connection = await client.ws_connect("/api/ws", headers=AUTHORIZED)
    assert await connection.receive_json() == json.loads(messages.encode(HELLO))
    await connection.close()
    await (await _started(client)).close()


async def test_another_schema_is_refused_and_closed(client: Client) -> None:
    connection = await client.ws_connect("/api/ws", headers=AUTHORIZED)
    await connection.receive_json()
    await connection.send_json({"id": 1, "type": "start", "schema": 9})
    answer = await connection.receive_json()
    assert (answer["code"], answer["id"]) == ("unsupported_schema", 1)
    assert (await connection.receive()).type is WSMsgType.CLOSE
    assert connection.close_code == CLOSE_SCHEMA


async def test_before_start_nothing_else_is_answered(client: Client, feed: Feed) -> None:
    connection = await client.ws_connect("/api/ws", headers=AUTHORIZED)
    await connection.receive_json()
    await connection.send_json(_write("x"))
    answer = await connection.receive_json()
    assert (answer["id"], answer["code"]) == (2, "invalid_message")
    feed.publish(b'{"type": "event"}')
    await connection.send_json({"id": 3, "type": "start", "schema": 1})
    assert (await connection.receive_json())["id"] == 3
    await connection.close()


async def test_errors_are_answered_with_code_message_and_fix(client: Client) -> None:
    connection = await _started(client)
    await connection.send_json(_write("full"))
    assert await connection.receive_json() == {
        "id": 2,
        "type": "error",
        "code": "inbox_full",
        "message": "It is full.",
        "fix": "Open it.",
    }
    await connection.close()


async def test_a_fault_of_ours_is_said_without_details_and_the_socket_lives(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    connection = await _started(client)
    await connection.send_json(_write("fault"))
    answer = await connection.receive_json()
    assert (answer["code"], answer["message"]) == ("internal", "The Llama made a mistake.")
    assert "ZeroDivisionError" in caplog.text
    await connection.send_json(_write("fine", 3))
    assert (await connection.receive_json())["result"] == {"done": 3}
    await connection.close()


@pytest.mark.parametrize("text", ["", "{", '{"id": 5, "type": "dance"}', "[1]"])
async def test_nonsense_is_answered_and_the_socket_lives(client: Client, text: str) -> None:
    connection = await _started(client)
    await connection.send_str(text)
    assert (await connection.receive_json())["type"] == "error"
    await connection.send_bytes(b"\x00")
    assert (await connection.receive_json())["code"] == "invalid_message"
    await connection.send_json(_write("fine", 3))
    assert (await connection.receive_json())["id"] == 3
    await connection.close()


async def test_a_message_over_the_limit_closes_the_socket(client: Client) -> None:
    connection = await _started(client)
    await connection.send_str("x" * (messages.SIZE_LIMIT + 1))
    assert (await connection.receive()).type is WSMsgType.CLOSE
    assert connection.close_code == 1009


async def test_events_reach_every_client_in_order(client: Client, feed: Feed) -> None:
    connections = [await _started(client) for _ in range(3)]
    for n in range(50):
        feed.publish(messages.encode(messages.Event("today", n)))
    for connection in connections:
        assert [(await connection.receive_json())["data"] for _ in range(50)] == list(range(50))
        await connection.close()


async def test_a_client_that_does_not_read_is_closed_and_holds_up_nobody(
    client: Client, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    lively = await _started(client)
    port = client.server.port
    assert port is not None
    deaf = _by_hand(port)
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    filling = messages.encode(messages.Event("today", "x" * 60_000))
    async with asyncio.timeout(20):
        while "does not read" not in caplog.text:
            feed.publish(filling)
            await lively.receive_json()
    deaf.close()
    await lively.close()


async def test_a_client_that_goes_without_a_word_is_no_error(
    feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    started = asyncio.Event()

    async def handle(_: messages.Command) -> object:
        started.set()
        return {}

    app = api_app(token=TOKEN, hello=HELLO, feed=feed, handle=handle)
    port = free_port()
    # Listening as the Llama does: a test server would cancel whoever is being heard.
    async with listening(app, Listener(port), "api"), asyncio.timeout(20):
        gone = _by_hand(port)
        await started.wait()
        # With nothing to linger for, closing resets the connection.
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.close()
        for n in range(10):
            feed.publish(messages.encode(messages.Event("today", n)))
        while "api writer" in {task.get_name() for task in asyncio.all_tasks()}:
            await asyncio.sleep(0.01)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_who_asks_faster_than_it_reads_waits_and_is_answered(client: Client) -> None:
    connection = await _started(client)
    ids = list(range(2, 4 * QUEUE_LIMIT))
    for command_id in ids:
        await connection.send_json(_write("x", command_id))
    async with asyncio.timeout(20):
        assert [(await connection.receive_json())["id"] for _ in ids] == ids
    await connection.close()


async def test_a_stop_closes_clients_with_a_word(feed: Feed) -> None:
    server = TestServer(api_app(token=TOKEN, hello=HELLO, feed=feed, handle=_handle))
    async with TestClient(server) as client:
        connection = await _started(client)
        closing = asyncio.create_task(server.close())
        message = await connection.receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1001)
        await closing


def test_the_queue_of_a_slow_client_is_bounded() -> None:
    feed = Feed()
    subscription = Subscription()
    with feed.subscribed(subscription):
        for _ in range(QUEUE_LIMIT + 10):
            feed.publish(b"{}")
    assert subscription.queue.qsize() == QUEUE_LIMIT
    assert subscription.overflowed.is_set()
    feed.publish(b"{}")
    assert subscription.queue.qsize() == QUEUE_LIMIT
