"""Both engines: a real llama-server with nonsense in it, and a double of Ollama."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from herdbook.errors import ConfigError, ModelDown, ModelRefused
from herdbook.llm.engine import Turn
from herdbook.llm.language_model import LanguageModel, open_model
from herdbook.llm.ollama_engine import OllamaEngine
from herdbook.llm.openai_engine import OpenAIEngine
from herdbook.llm.schema import schema_of
from herdbook.llm.settings import ModelSettings
from tests.fakes.ollama_double import OllamaDouble, ollama_double
from tests.llm.llama_server import LlamaServer
from tests.mosquitto import free_port

TURNS = [Turn("system", "Say something."), Turn("user", "What?")]


class Said(Struct):
    sentence: Annotated[str, Meta(min_length=1, max_length=40)]
    mood: Literal["dry", "wet"]
    numbers: Annotated[list[Annotated[int, Meta(ge=0, le=9)]], Meta(max_length=3)]


class Long(Struct):
    texts: Annotated[
        list[Annotated[str, Meta(min_length=90, max_length=100)]],
        Meta(min_length=28, max_length=30),
    ]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    with LlamaServer(tmp_path_factory.mktemp("llama")) as running:
        yield running


def settings(url: str, **more: object) -> ModelSettings:
    return ModelSettings(**({"engine": "openai", "url": url, "memory": 0} | more))  # type: ignore[arg-type]


async def test_a_real_server_keeps_to_the_schema(server: LlamaServer) -> None:
    model = open_model(settings(server.url))
    for _ in range(3):
        said = await model.ask(Said, TURNS, patience_s=30)
        assert 1 <= len(said.sentence) <= 40
        assert said.mood in ("dry", "wet")
        assert len(said.numbers) <= 3
    assert model.state.state == "ready"
    await model.close()


async def test_a_question_that_is_cancelled_ends_at_the_server(server: LlamaServer) -> None:
    engine = OpenAIEngine(settings(server.url))
    question = asyncio.create_task(engine.complete(TURNS, schema_of(Long), 3500))
    async with asyncio.timeout(10):
        while "processing task" not in server.log().rpartition("stop: cancel")[2]:
            await asyncio.sleep(0.02)
    question.cancel()
    await asyncio.gather(question, return_exceptions=True)
    # There is one slot: the next one would wait for the whole of it.
    begun = time.monotonic()
    await engine.complete(TURNS, schema_of(Said), 200)
    assert time.monotonic() - begun < 8
    await engine.close()


async def test_one_that_is_too_slow_is_left_in_time(server: LlamaServer) -> None:
    model = open_model(settings(server.url, timeout=1.0))
    begun = time.monotonic()
    with pytest.raises(ModelDown):
        await model.ask(Long, TURNS, patience_s=1.5)
    assert time.monotonic() - begun < 5
    assert model.state.state == "down"
    await model.close()


async def test_a_server_that_comes_back_answers_who_still_waits(tmp_path: Path) -> None:
    server = LlamaServer(tmp_path).start()
    server.stop()
    model = open_model(settings(server.url))
    question = asyncio.create_task(model.ask(Said, TURNS, patience_s=30))
    async with asyncio.timeout(5):
        while model.state.state != "down":
            await asyncio.sleep(0.01)
    assert model.state.reason == f"No model answers at {server.url}: nobody listens there."
    try:
        await asyncio.to_thread(server.start)
        assert (await question).mood in ("dry", "wet")
    finally:
        await model.close()
        server.stop()


@pytest.fixture
async def ollama() -> "Iterator[OllamaDouble]":  # type: ignore[misc]
    async with ollama_double() as double:
        yield double


def of(double: OllamaDouble, **more: object) -> ModelSettings:
    return settings(double.url, **({"engine": "ollama", "model": "small"} | more))


async def test_ollama_is_asked_as_it_documents(ollama: OllamaDouble) -> None:
    ollama.answers = ['{"sentence": "So.", "mood": "dry", "numbers": [1]}']
    model = open_model(of(ollama, keep_alive="30s", api_key="secret"))
    assert await model.ask(Said, TURNS, patience_s=10) == Said("So.", "dry", [1])
    [asked] = ollama.asked
    assert asked["model"] == "small"
    assert asked["format"] == schema_of(Said)
    assert asked["keep_alive"] == "30s"
    assert asked["stream"] is False
    assert [one["role"] for one in asked["messages"]] == ["system", "user"]
    assert asked["options"]["num_predict"] < 400
    assert ollama.headers[0]["Authorization"] == "Bearer secret"
    await model.close()


async def test_ollama_says_whether_the_model_has_its_memory(ollama: OllamaDouble) -> None:
    engine = OllamaEngine(of(ollama))
    assert not await engine.is_loaded()
    for names, loaded in ((["large"], False), (["small:latest"], True), (["x", "small"], True)):
        ollama.loaded = names
        assert await engine.is_loaded() is loaded
    await engine.close()
    nobody = OllamaEngine(settings(f"http://127.0.0.1:{free_port()}", model="small"))
    assert not await nobody.is_loaded()
    await nobody.close()


async def test_a_model_that_ollama_does_not_have_is_named(ollama: OllamaDouble) -> None:
    ollama.answers = [404]
    engine = OllamaEngine(of(ollama))
    with pytest.raises(ModelRefused, match="ollama pull small"):
        await engine.complete(TURNS, schema_of(Said), 10)
    ollama.answers = [500]
    with pytest.raises(ModelDown, match="it is 500"):
        await engine.complete(TURNS, schema_of(Said), 10)
    await engine.close()


@pytest.mark.parametrize("engine", ["ollama", "openai"])
async def test_no_other_host_is_asked(
    ollama: OllamaDouble, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "OLLAMA_HOST"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    ollama.answers = [302]
    made = (OllamaEngine if engine == "ollama" else OpenAIEngine)(of(ollama, engine=engine))
    with pytest.raises((ModelDown, ModelRefused)):
        await made.complete(TURNS, schema_of(Said), 10)
    assert len(ollama.asked) == (1 if engine == "ollama" else 0)
    await made.close()


async def test_what_is_no_such_server_is_said(ollama: OllamaDouble) -> None:
    engine = OpenAIEngine(of(ollama))
    with pytest.raises(ModelRefused, match="404"):
        await engine.complete(TURNS, schema_of(Said), 10)
    await engine.close()
    for kind in (OllamaEngine, OpenAIEngine):
        nobody = kind(settings(f"http://127.0.0.1:{free_port()}", model="m"))
        with pytest.raises(ModelDown):
            await nobody.complete(TURNS, schema_of(Said), 10)
        await nobody.close()


async def test_being_cancelled_closes_the_connection_to_ollama(ollama: OllamaDouble) -> None:
    ollama.hold.clear()
    model = open_model(of(ollama))
    question = asyncio.create_task(model.ask(Said, TURNS, patience_s=30))
    async with asyncio.timeout(5):
        while not ollama.asked:
            await asyncio.sleep(0.01)
    assert model.state.state == "busy"
    question.cancel()
    async with asyncio.timeout(5):
        while not ollama.given_up:
            await asyncio.sleep(0.01)
    assert question.cancelled() or question.cancelling()
    await model.close()


def test_without_a_choice_there_is_none() -> None:
    model = open_model(ModelSettings())
    assert isinstance(model, LanguageModel)
    assert (model.is_on, model.state.state) == (False, "off")


def test_an_authority_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="certificate authority"):
        OpenAIEngine(settings("https://model.home", ca=str(tmp_path / "none.pem")))
