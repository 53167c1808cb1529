"""The real model, loaded once for the tests of a module that ask for it by `embedder`."""

import asyncio
from collections.abc import Iterator

import pytest

from demo.minilm import minilm
from herdbook.embedding.embedder import Embedder
from herdbook.embedding.model import Model


@pytest.fixture(scope="module")
def embedder() -> Iterator[Embedder]:
    """It works in a thread of its own, in whatever loop it is asked from."""
    embedder = asyncio.run(Embedder.load(minilm()))
    yield embedder
    asyncio.run(embedder.close())


@pytest.fixture
async def model(embedder: Embedder) -> Model:
    """That model, as a Llama has it."""
    model = Model()
    await model.load()
    model.embedder, model.state = embedder, "ready"
    return model
