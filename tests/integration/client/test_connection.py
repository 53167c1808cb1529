"""The client against a server that speaks the documented protocol over real sockets."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import date
from typing import Any

import aiohttp
import pytest

from custom_components.herdbook import client as api
from custom_components.herdbook.client import connection as module
from custom_components.herdbook.client.errors import error_of
from tests.integration.double import GOLDEN, TOKEN, LlamaDouble, until

ADA = api.Person(user_id="0f3c9a52d3f24b1f8f6a3c2b1d0e9f8a", name="Ada")


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
async def opened(
    session: aiohttp.ClientSession, llama: LlamaDouble
) -> AsyncGenerator[api.Connection]:
    """A connection that somebody reads."""
    connection, _ = await api.LlamaClient(session, llama.url, TOKEN).connect()
    reader = asyncio.create_task(read(connection, []))
    yield connection
    reader.cancel()
    await asyncio.wait([reader])
    await connection.close()


async def read(connection: api.Connection, events: list[Any]) -> None:
    try:
        while True:
            events.append(await connection.next_event())
    except api.LlamaError as error:
        events.append(error)


async def test_start_gives_the_snapshot(session: aiohttp.ClientSession, llama: LlamaDouble) -> None:
    connection, snapshot = await api.LlamaClient(session, llama.url + "/", TOKEN).connect()
    assert connection.hello == api.Hello.from_json(GOLDEN["hello"])
    assert snapshot == api.Snapshot.from_json(GOLDEN["start_result"]["result"])
    await connection.close()


async def test_events_come_in_order(session: aiohttp.ClientSession, llama: LlamaDouble) -> None:
    connection, _ = await api.LlamaClient(session, llama.url, TOKEN).connect()
    for name in ("event_observation", "event_today", "event_node", "event_node_gone"):
        await llama.push(GOLDEN[name])
    assert [await connection.next_event() for _ in range(4)] == [
        api.Observation.from_json(GOLDEN["event_observation"]["data"]),
        api.Today.from_json(GOLDEN["event_today"]["data"]),
        api.Node.from_json(GOLDEN["event_node"]["data"]),
        api.NodeGone.from_json(GOLDEN["event_node_gone"]["data"]),
    ]
    await connection.close()


async def test_commands_are_the_golden_ones(opened: api.Connection, llama: LlamaDouble) -> None:
    await opened.write_entry(
        ADA, "The heating engineer came.", day=date(2026, 11, 20), source="Home Assistant"
    )
    await opened.approve_node("pjwk6ylbnvzgc43fobzgk33hmq")
    assert llama.commands == [GOLDEN["write_entry"], GOLDEN["approve_node"]]


async def test_answers_may_come_in_another_order(
    opened: api.Connection, llama: LlamaDouble
) -> None:
    llama.answer = lambda command: None
    first = asyncio.create_task(opened.approve_node("a"))
    second = asyncio.create_task(opened.approve_node("b"))
    await until(lambda: len(llama.commands) == 2)
    numbers = {command["node_id"]: command["id"] for command in llama.commands}
    await llama.push({"id": numbers["b"], "type": "result", "result": {"approved": True}})
    await second
    assert not first.done()
    await llama.push({"id": numbers["a"], "type": "result", "result": {"approved": True}})
    await first


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("invalid_input", api.InvalidInput),
        ("invalid_day", api.InvalidDay),
        ("text_too_long", api.TextTooLong),
        ("unknown_person", api.UnknownPerson),
        ("inbox_full", api.InboxFull),
        ("unknown_node", api.UnknownNode),
        ("storage_failed", api.StorageFailed),
        ("internal", api.CommandFailed),
        ("of_the_future", api.CommandFailed),
    ],
)
async def test_codes_become_classes_again(
    opened: api.Connection, llama: LlamaDouble, code: str, error: type[api.CommandFailed]
) -> None:
    llama.fail_with(code)
    with pytest.raises(error) as caught:
        await opened.approve_node("a")
    assert type(caught.value) is error
    assert caught.value.reason == code
    assert str(caught.value) == "It went wrong. Do better."


def test_golden_errors() -> None:
    for name, error in (
        ("error_unknown_person", api.UnknownPerson),
        ("error_unsupported_schema", api.UnsupportedSchema),
        ("error_invalid_message", api.CommandFailed),
    ):
        golden = GOLDEN[name]
        made = error_of(golden["code"], golden["message"], golden["fix"])
        assert type(made) is error
        assert golden["message"] in str(made)


async def test_a_message_that_the_llama_could_not_read_ends_the_reading(
    session: aiohttp.ClientSession, llama: LlamaDouble
) -> None:
    connection, _ = await api.LlamaClient(session, llama.url, TOKEN).connect()
    await llama.push(GOLDEN["error_invalid_message"])
    with pytest.raises(api.CommandFailed, match="one JSON object"):
        await connection.next_event()
    await connection.close()


async def test_an_answer_that_comes_too_late_is_nobodys(
    opened: api.Connection, llama: LlamaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMAND_TIMEOUT_S", 0.02)
    llama.answer = lambda command: None
    with pytest.raises(api.Unanswered):
        await opened.approve_node("a")
    await llama.push({"id": llama.commands[0]["id"], "type": "result", "result": {}})
    monkeypatch.setattr(module, "COMMAND_TIMEOUT_S", 5)
    llama.answer = llama.succeed
    await opened.approve_node("b")


async def test_no_more_commands_at_once_than_the_llama_takes(
    opened: api.Connection, llama: LlamaDouble
) -> None:
    llama.answer = lambda command: None
    waiting = [asyncio.create_task(opened.approve_node(str(n))) for n in range(70)]
    await until(lambda: len(llama.commands) == module.MOST_COMMANDS)
    await asyncio.sleep(0.05)
    assert len(llama.commands) == module.MOST_COMMANDS
    llama.answer = llama.succeed
    for command in list(llama.commands):
        await llama.push(llama.succeed(command))
    await asyncio.gather(*waiting)
    assert len(llama.commands) == 70


async def test_closing_fails_what_waits(session: aiohttp.ClientSession, llama: LlamaDouble) -> None:
    connection, _ = await api.LlamaClient(session, llama.url, TOKEN).connect()
    llama.answer = lambda command: None
    waiting = asyncio.create_task(connection.approve_node("a"))
    await until(lambda: llama.commands)
    await connection.close()
    with pytest.raises(api.Unanswered):
        await waiting
    with pytest.raises(api.ConnectionLost):
        await connection.approve_node("b")


async def test_a_llama_that_hangs_up(session: aiohttp.ClientSession, llama: LlamaDouble) -> None:
    connection, _ = await api.LlamaClient(session, llama.url, TOKEN).connect()
    await llama.hang_up()
    with pytest.raises(api.ConnectionLost, match="code 1001"):
        await connection.next_event()
    await connection.close()


async def test_a_llama_that_falls_silent(
    session: aiohttp.ClientSession, llama: LlamaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENCE_S", 0.02)
    connection, _ = await api.LlamaClient(session, llama.url, TOKEN).connect()
    with pytest.raises(api.ConnectionLost, match="silent"):
        await connection.next_event()
    await connection.close()


@pytest.mark.parametrize("frame", ["not json", "[]", '{"type": "song"}', '{"type": "event"}'])
async def test_frames_that_the_api_does_not_allow(
    session: aiohttp.ClientSession, llama: LlamaDouble, frame: str
) -> None:
    connection, _ = await api.LlamaClient(session, llama.url, TOKEN).connect()
    await llama.push(frame)
    with pytest.raises(api.MalformedMessage):
        await connection.next_event()
    await connection.close()


async def test_a_frame_that_is_too_large_ends_the_connection(
    session: aiohttp.ClientSession, llama: LlamaDouble
) -> None:
    connection, _ = await api.LlamaClient(session, llama.url, TOKEN).connect()
    await llama.push(json.dumps({"type": "event", "event": "x" * module.LARGEST_MESSAGE}))
    with pytest.raises(api.ConnectionLost):
        await connection.next_event()
    await connection.close()


async def test_a_text_that_fits_no_message_is_not_sent(
    opened: api.Connection, llama: LlamaDouble
) -> None:
    with pytest.raises(api.TextTooLong):
        await opened.write_entry(ADA, "🦙" * 270_000, day=None, source="test")
    with pytest.raises(api.InvalidInput) as caught:
        await opened.write_entry(ADA, "half \ud83e of a llama", day=None, source="test")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert llama.commands == []


async def test_a_wrong_token(session: aiohttp.ClientSession, llama: LlamaDouble) -> None:
    for token in ("wrong", "", "with\r\nline: breaks"):
        with pytest.raises(api.InvalidAuth) as caught:
            await api.LlamaClient(session, llama.url, token).connect()
        assert caught.value.__cause__ is None


async def test_no_llama(session: aiohttp.ClientSession, llama: LlamaDouble) -> None:
    client = api.LlamaClient(session, llama.url, TOKEN)
    with pytest.raises(api.CannotConnect, match="HTTP 404"):
        await api.LlamaClient(session, llama.url + "/elsewhere", TOKEN).connect()
    await llama.stop()
    with pytest.raises(api.CannotConnect, match="No Llama answers at http://127"):
        await client.connect()


async def test_a_server_that_does_not_say_hello(
    session: aiohttp.ClientSession, llama: LlamaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OPEN_TIMEOUT_S", 0.2)
    llama.hello = None
    with pytest.raises(api.CannotConnect, match="does not say hello"):
        await api.LlamaClient(session, llama.url, TOKEN).connect()


@pytest.mark.parametrize(("schema", "oldest"), [(9, 2), (0, 0)])
async def test_no_common_schema(
    session: aiohttp.ClientSession, llama: LlamaDouble, schema: int, oldest: int
) -> None:
    llama.hello.update(schema=schema, min_schema=oldest)
    with pytest.raises(api.UnsupportedSchema):
        await api.LlamaClient(session, llama.url, TOKEN).connect()
    assert llama.starts == 0


@pytest.mark.parametrize("url", ["", "llama", "ftp://llama", "http://", "http://[", "//llama:1"])
async def test_what_is_no_address(session: aiohttp.ClientSession, url: str) -> None:
    with pytest.raises(api.InvalidUrl):
        api.LlamaClient(session, url, TOKEN)
