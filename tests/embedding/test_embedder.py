"""The real model, all-MiniLM-L6-v2: what it makes of texts, and that it needs nobody for it."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from demo.minilm import minilm
from herdbook.embedding import near
from herdbook.embedding.embedder import Embedder
from herdbook.errors import ModelUnusable

# Everything that a program could reach another one by.
ALONE = """
import asyncio, sys
from pathlib import Path
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen"):
        raise AssertionError(event)
sys.addaudithook(refuse)
from herdbook.embedding.embedder import Embedder
async def main():
    embedder = await Embedder.load(Path(sys.argv[1]))
    print((await embedder.vector("a text")).size)
    await embedder.close()
asyncio.run(main())
"""


@pytest.fixture
async def embedder() -> AsyncIterator[Embedder]:
    embedder = await Embedder.load(minilm())
    yield embedder
    await embedder.close()


async def test_vectors_are_those_of_the_published_model(embedder: Embedder) -> None:
    """As sentence-transformers compares them."""
    one = await embedder.vector("That is a happy person")
    for text, like in (
        ("That is a happy dog", 0.695),
        ("That is a very happy person", 0.943),
        ("Today is a sunny day", 0.257),
    ):
        assert float(one @ await embedder.vector(text)) == pytest.approx(like, abs=0.002)


async def test_vectors_have_length_one(embedder: Embedder) -> None:
    for text in ("", "word", "a long text " * 2_000, "\x00\ud83d\ude00 😀 表"):
        text = text.encode("utf-8", "replace").decode()
        vector = await embedder.vector(text)
        assert vector.shape == (embedder.dimensions,)
        assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-5)


async def test_pieces_fit_into_the_model_and_cover_the_text(embedder: Embedder) -> None:
    text = "Ein Satz über das Wetter, nicht zu kurz. " * 300
    spans = await embedder.pieces(text)
    assert len(spans) > 10
    assert (spans[0].begin, spans[-1].end) == (0, len(text.rstrip()))
    end = await embedder.vector(text[spans[0].begin : spans[0].end])
    longer = await embedder.vector(text[spans[0].begin : spans[0].end] + "Tomatoes. " * 30)
    assert float(end @ longer) < 0.999, "a piece is not cut off: what is added is read"


async def test_a_model_that_rests_wakes(embedder: Embedder) -> None:
    before = await embedder.vector("a text")
    await embedder.rest()
    assert embedder._loaded is None
    assert np.array_equal(before, await embedder.vector("a text"))


async def test_many_may_ask_at_once(embedder: Embedder) -> None:
    found = await asyncio.gather(*(embedder.vector(f"text {n % 3}") for n in range(12)))
    assert np.array_equal(found[0], found[3])
    assert not np.array_equal(found[0], found[1])


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
async def test_a_broken_model_is_said(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(minilm(), folder, ignore=shutil.ignore_patterns(name))
    (folder / name).write_text('{"not": "one"}')
    with pytest.raises(ModelUnusable, match="cannot be loaded"):
        await Embedder.load(folder)


async def test_another_size_than_is_said_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(minilm(), folder)
    (folder / "config.json").write_text('{"hidden_size": 768, "pad_token_id": 0}')
    with pytest.raises(ModelUnusable, match="gives 384 numbers, not 768"):
        await Embedder.load(folder)


def test_no_network_is_asked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(minilm())], capture_output=True, text=True, check=False
    )
    assert done.stdout == "384\n", done.stderr


async def test_what_is_kept_is_made_at_low_priority_and_nobody_waits_for_it(
    embedder: Embedder,
) -> None:
    """Priorities are a thread's own on Linux."""
    kept, asked = await asyncio.gather(embedder.kept("a text"), embedder.vector("a text"))
    assert kept == (near.sides(asked), near.half(asked)), "both at once, with the same model"
    niceness = {
        thread.name.rpartition("_")[0]: os.getpriority(os.PRIO_PROCESS, thread.native_id)
        for thread in threading.enumerate()
        if thread.native_id is not None
    }
    usual = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert niceness["embed"] == usual
    assert niceness["embed-quiet"] == 15
