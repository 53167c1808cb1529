import asyncio
import logging
import sys
from pathlib import Path

import pytest

from demo.minilm import minilm
from herdbook.embedding import model as model_module
from herdbook.embedding.model import Model, ModelState
from herdbook.errors import ModelUnusable


def state_of(model: Model) -> ModelState:
    return model.state


async def test_a_model_is_there_once_it_is_loaded() -> None:
    model = Model(minilm())
    assert model.embedder is None
    await model.load()
    assert state_of(model) == "ready"
    embedder = model.embedder
    assert embedder is not None
    assert (await embedder.vector("a text")).shape == (384,)
    await model.rest()
    await model.close()
    assert model.embedder is None


async def test_no_folder_is_no_model_and_nothing_to_say(caplog: pytest.LogCaptureFixture) -> None:
    model = Model()
    await model.load()
    await model.rest()
    await model.close()
    assert model.embedder is None
    assert model.state == "none"
    assert not caplog.records


async def test_a_model_that_nobody_wants_is_not_loaded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = Model(minilm(), off=True)
    await model.load()
    assert (model.embedder, model.state) == (None, "off")
    assert await model.vector("a text") is None
    await model.rest()
    await model.close()
    assert not caplog.records


async def test_a_model_that_is_not_there_yet_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_module, "_LOOK_EVERY_S", 0.01)
    model = Model(tmp_path / "model")
    loading = asyncio.create_task(model.load())
    async with asyncio.timeout(30):
        while not caplog.records:
            await asyncio.sleep(0.01)
        assert state_of(model) == "missing"
        (said,) = caplog.records
        assert said.levelno == logging.WARNING
        assert "by words only: there is no folder" in said.getMessage()
        assert "herdbook model fetch" in said.getMessage()
        (tmp_path / "model").symlink_to(minilm())
        await loading
    assert model.embedder is not None
    assert state_of(model) == "ready"
    await model.close()


async def test_a_folder_with_something_else_is_no_model_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = Model(tmp_path)
    await model.load()
    assert model.embedder is None
    assert model.state == "unusable"
    (said,) = caplog.records
    assert said.levelno == logging.WARNING
    assert "by words only" in said.getMessage()


async def test_a_model_that_breaks_is_none_from_then_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(minilm())
    await model.load()
    embedder = model.embedder
    assert embedder is not None

    async def gone(_text: str) -> None:
        raise ModelUnusable("It has gone.")

    monkeypatch.setattr(embedder, "vector", gone)
    assert await model.vector("a text") is None
    assert (model.embedder, model.state) == (None, "unusable")
    assert "It has gone." in caplog.text
    await embedder.close()


async def test_a_missing_program_is_no_model_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "herdbook.embedding.embedder", None)
    model = Model(minilm())
    await model.load()
    assert model.embedder is None
    assert "herdbook[llama,embedding]" in caplog.text
