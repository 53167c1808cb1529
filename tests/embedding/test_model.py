import logging
import sys
from pathlib import Path

import pytest

from demo.minilm import minilm
from herdbook.embedding.model import Model


async def test_a_model_is_there_once_it_is_loaded() -> None:
    model = Model(minilm())
    assert model.embedder is None
    await model.load()
    embedder = await model.settled()
    assert embedder is model.embedder is not None
    assert (await embedder.vector("a text")).shape == (384,)
    await model.rest()
    await model.close()
    assert model.embedder is None


async def test_no_folder_is_no_model_and_nothing_to_say(caplog: pytest.LogCaptureFixture) -> None:
    model = Model()
    await model.load()
    await model.rest()
    await model.close()
    assert await model.settled() is None
    assert not caplog.records


async def test_a_missing_folder_is_no_model_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = Model(tmp_path / "nowhere")
    await model.load()
    assert await model.settled() is None
    (said,) = caplog.records
    assert said.levelno == logging.WARNING
    assert "by words only: There is no folder" in said.getMessage()


async def test_a_missing_program_is_no_model_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "herdbook.embedding.embedder", None)
    model = Model(minilm())
    await model.load()
    assert await model.settled() is None
    assert "herdbook[llama,embedding]" in caplog.text
