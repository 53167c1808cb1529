"""Both engines against a server that answers what it should not: a clear word each, and no harm."""

import asyncio
import gzip
import json
import logging
import random
import tracemalloc
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct

from herdbook.errors import AnswerUnusable, ModelDown, ModelRefused
from herdbook.llm import language_model
from herdbook.llm.engine import Engine, Turn
from herdbook.llm.language_model import LanguageModel, open_model
from herdbook.llm.ollama_engine import OllamaEngine
from herdbook.llm.openai_engine import OpenAIEngine
from herdbook.llm.settings import ModelSettings
from tests.fakes.hostile_engine import hostile_engine, http

TURNS = [Turn("user", "?")]
DEEP = b"[" * 100_000
ENGINES: dict[str, Callable[[ModelSettings], Engine]] = {
    "ollama": OllamaEngine,
    "openai": OpenAIEngine,
}


class Answer(Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(max_length=20)]


def settings(engine: str, url: str, **more: Any) -> ModelSettings:
    given: dict[str, Any] = {"engine": engine, "url": url, "model": "small", "memory": 0}
    return ModelSettings(**(given | more))


def said(engine: str, content: object) -> bytes:
    """The answer of such a server, in the shape that it documents."""
    message = {"role": "assistant", "content": content}
    if engine == "ollama":
        return json.dumps({"model": "small", "message": message, "done": True}).encode()
    return json.dumps({"choices": [{"index": 0, "message": message}]}).encode()


@pytest.fixture(params=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff nonsense",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        http(b"so"),
        http(b"[]"),
        http(b"null"),
        http(b'"so"'),
        http(b"\xff\xfe"),
        http(DEEP),
        http(b'{"a":' * 100_000),
        http(b'{"message":' + DEEP),
        http(b'{"message": {"content": {"tool": "answer"}}, "choices": []}'),
        http(b'{"choices": [{"message": {"content": 3}}], "message": {"content": 3}}'),
        http(b"[]", status=500),
        http(b"null", status=400),
        http(DEEP, status=500),
        http(b"\x1b[31mred\x1b]0;title\x07\r\nTwo lines", status=400),
        http(b'{"error": {"message": "\\u001b[31mred"}}', status=404),
        http(b"", status=302, headers="Location: http://127.0.0.1:1/elsewhere\r\n"),
        http(b"", status=999),
        http(gzip.compress(said("ollama", "x")), headers="Content-Encoding: gzip\r\n"),
        http(b"x", headers="Content-Encoding: nonsense\r\n"),
        b"HTTP/1.1 200 So\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnonsense\r\n",
        b"HTTP/1.1 200 So\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 So\r\nContent-Length: 1000\r\n\r\ncut",
    ],
    ids=lambda answer: repr(answer[:60]),
)
async def test_what_is_no_answer_is_said_in_one_plain_line(engine: str, answer: bytes) -> None:
    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        if not answer.startswith(b"HTTP") or b"cut" in answer:
            writer.close()

    async with hostile_engine(reply) as server, asyncio.timeout(5):
        asked = ENGINES[engine](settings(engine, server.url))
        with pytest.raises((ModelDown, ModelRefused)) as caught:
            await asked.complete(TURNS, {"type": "object"}, 10)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 400
        if engine == "ollama":
            assert not await asked.is_loaded()
        await asked.close()
    assert len(server.requests) <= 2


async def test_an_answer_without_end_is_left_off(engine: str) -> None:
    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 So\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(1_000):
            writer.write(b" " * 1_000_000)
            await writer.drain()

    tracemalloc.start()
    async with hostile_engine(reply) as server, asyncio.timeout(20):
        asked = ENGINES[engine](settings(engine, server.url))
        with pytest.raises(ModelRefused, match="larger than any we take"):
            await asked.complete(TURNS, {"type": "object"}, 10)
        await asked.close()
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


async def test_what_is_packed_small_is_not_unpacked(engine: str) -> None:
    bomb = gzip.compress(bytes(100_000_000))
    tracemalloc.start()
    async with hostile_engine(http(bomb, headers="Content-Encoding: gzip\r\n")) as server:
        asked = ENGINES[engine](settings(engine, server.url))
        with pytest.raises(ModelDown, match=r"no such server|no Ollama"):
            await asked.complete(TURNS, {"type": "object"}, 10)
        await asked.close()
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


async def test_a_byte_now_and_then_is_no_answer_in_time(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herdbook.llm.ollama_engine._LOADED_S", 0.2)

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 So\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with hostile_engine(reply) as server, asyncio.timeout(10):
        model = open_model(settings(engine, server.url, timeout=1.0))
        with pytest.raises(ModelDown, match=r"no answer within|[Tt]imeout|does not answer"):
            await model.ask(Answer, TURNS, patience_s=30, down_s=0.1)
        await model.close()


async def test_one_that_never_says_what_it_has_loaded_has_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("herdbook.llm.ollama_engine._LOADED_S", 0.2)

    async def reply(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with hostile_engine(reply) as server, asyncio.timeout(5):
        asked = OllamaEngine(settings("ollama", server.url))
        assert not await asked.is_loaded()
        await asked.close()


async def test_no_cookie_comes_back(engine: str) -> None:
    answer = http(said(engine, "{}"), headers="Set-Cookie: who=this; Path=/\r\n")
    async with hostile_engine(answer) as server:
        asked = ENGINES[engine](settings(engine, server.url))
        for _ in range(2):
            await asked.complete(TURNS, {"type": "object"}, 10)
        await asked.close()
        assert len(server.requests) == 2
        assert not any(b"cookie" in request.lower() for request in server.requests)


@pytest.mark.parametrize(
    "content",
    [
        "",
        None,
        "\ud800",
        '{"text": "\ud800"}',
        "[" * 100_000,
        '{"text": "so", "\u001b[31m' + "x" * 100_000 + '": 1}',
        '{"text": "so"} and more',
        '{"tool_calls": [{"name": "write_output"}]}',
    ],
    ids=repr,
)
async def test_what_is_not_of_the_kind_is_said_without_repeating_it(
    engine: str, content: object
) -> None:
    async with hostile_engine(http(said(engine, content))) as server:
        model = open_model(settings(engine, server.url))
        with pytest.raises((AnswerUnusable, ModelDown)) as caught:
            await model.ask(Answer, TURNS, patience_s=10, down_s=0)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 400
        await model.close()


class Failing:
    """An engine that is down in other words each time."""

    def __init__(self) -> None:
        self.asked = 0

    async def complete(self, turns: list[Turn], schema: Any, most_tokens: int) -> str:
        self.asked += 1
        raise ModelDown(f"The model's server answered 500: request {self.asked} failed so.")

    async def is_loaded(self) -> bool:
        return False

    async def close(self) -> None:
        return


async def test_one_that_stays_down_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(language_model, "_FIRST_RETRY_S", 0.001)
    monkeypatch.setattr(language_model, "_LAST_RETRY_S", 0.001)
    caplog.set_level(logging.INFO, "herdbook.llm")
    failing = Failing()
    model = LanguageModel(failing, rng=random.Random(1))
    for _ in range(3):
        with pytest.raises(ModelDown):
            await model.ask(Answer, TURNS, patience_s=0.1)
    assert failing.asked > 10
    assert len(caplog.records) == 1


async def test_who_waits_for_one_that_is_down_is_told_soon_and_why() -> None:
    model = LanguageModel(Failing(), rng=random.Random(1))
    async with asyncio.timeout(2):
        with pytest.raises(ModelDown, match="The model's server answered 500"):
            await model.ask(Answer, TURNS, patience_s=300, down_s=0)


async def test_a_question_that_nobody_waits_for_any_more_says_nothing_of_the_model(
    engine: str,
) -> None:
    async with hostile_engine(lambda _writer: asyncio.sleep(10)) as server:
        model = open_model(settings(engine, server.url))
        asking = asyncio.create_task(model.ask(Answer, TURNS, patience_s=300))
        async with asyncio.timeout(5):
            while not server.requests:
                await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert model.state.state == "ready"
        await model.close()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "Correct “api_key” under"),
        (307, "It sends elsewhere, where nobody is asked: correct “url”"),
        (400, "Correct “url” and “model” under"),
    ],
)
async def test_what_to_do_about_a_refusal_is_said(engine: str, status: int, words: str) -> None:
    answer = http(b"", status=status, headers="Location: http://127.0.0.1:1/\r\n")
    async with hostile_engine(answer) as server:
        model = open_model(settings(engine, server.url))
        with pytest.raises(ModelRefused) as caught:
            await model.ask(Answer, TURNS, patience_s=10)
        assert words in str(caught.value)
        await model.close()


class Fickle(Failing):
    """An engine that is down for another reason each time, or answers."""

    async def complete(self, turns: list[Turn], schema: Any, most_tokens: int) -> str:
        self.asked += 1
        if self.asked % 3 == 0:
            return '{"text": "so"}'
        raise ModelDown(f"Reason {chr(ord('a') + self.asked % 26)} it is.")


async def test_one_that_is_another_each_time_is_no_flood(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(language_model, "_FIRST_RETRY_S", 0.001)
    caplog.set_level(logging.INFO, "herdbook.llm")
    fickle = Fickle()
    model = LanguageModel(fickle, rng=random.Random(1))
    for _ in range(20):
        await model.ask(Answer, TURNS, patience_s=5)
    assert fickle.asked == 60
    assert len(caplog.records) == 1
