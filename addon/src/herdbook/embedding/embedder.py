"""The model at work, in threads of its own: texts in, vectors out. It never asks the network.

What a person looks for has one thread; what is kept is made in another, of low priority, so that
nobody waits for it. Memory is bounded: one piece of a text at a time in each, and nothing of the
engine's is kept between two. While no vault is open the model is not loaded, so that nothing of a
text stays in it.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from fastembed import TextEmbedding
from fastembed.common.model_description import ModelSource, PoolingType
from tokenizers import Tokenizer

from herdbook.embedding import near
from herdbook.embedding.folder import ModelFiles, read_folder
from herdbook.embedding.near import Vector
from herdbook.embedding.pieces import Span, cut
from herdbook.errors import ModelUnusable

# One text at a time needs no second thread, and the tokenizer's would outlive it.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

_NICENESS: Final = 15
"""Of what is done in the background: it gets what nobody else wants of the machine."""


class _Loaded(NamedTuple):
    model: TextEmbedding
    tokenizer: Tokenizer
    window: int


class Embedder:
    """A model in its folder. Use `load`; then `close`."""

    def __init__(self, files: ModelFiles) -> None:
        """Use `load`."""
        self.id = files.id
        self.dimensions = files.dimensions
        self._files = files
        self._asked = ThreadPoolExecutor(1, thread_name_prefix="embed")
        self._quiet = ThreadPoolExecutor(
            1, thread_name_prefix="embed-quiet", initializer=_step_back
        )
        self._loading = threading.Lock()
        self._loaded: _Loaded | None = None

    @classmethod
    async def load(cls, folder: Path) -> "Embedder":
        """Look at the folder, load the model and try it. Raises `ModelUnusable`."""
        embedder = cls(await asyncio.to_thread(read_folder, folder))
        try:
            await embedder.vector("A try.")
        except BaseException:
            await embedder.close()
            raise
        await embedder.rest()
        return embedder

    async def pieces(self, text: str) -> list[Span]:
        """The pieces of a text that each get a vector. Raises `ModelUnusable`."""
        return await self._run(self._quiet, lambda loaded: _pieces(loaded, text))

    async def vector(self, text: str) -> Vector:
        """The vector of a text, of length 1; of its beginning, if it is more than one piece.

        Raises `ModelUnusable`.
        """
        return await self._run(self._asked, lambda loaded: _vector(loaded, text))

    async def kept(self, text: str) -> tuple[bytes, bytes]:
        """The vector of a text as it is kept: its sides and its halves. Raises `ModelUnusable`."""
        vector = await self._run(self._quiet, lambda loaded: _vector(loaded, text))
        return near.sides(vector), near.half(vector)

    def nearest(
        self, wanted: Vector, blocks: Mapping[int, bytes], allowed: Sequence[int] | None = None
    ) -> list[int]:
        """Places of the vectors that are worth ranking, in no order; see `near`.

        `blocks` are equally long runs of sides by their number. With `allowed` only those count.
        """
        return near.nearest_by_sides(wanted, blocks, allowed)

    def likeness(self, wanted: Vector, halves: Sequence[bytes]) -> list[float]:
        """The cosine with each of some vectors as they are kept."""
        return near.likeness(wanted, halves)

    async def rest(self) -> None:
        """Let go of the model until it is next needed; what is under way ends first."""

        def unload() -> None:
            with self._loading:
                self._loaded = None

        for thread in (self._quiet, self._asked):
            await asyncio.get_running_loop().run_in_executor(thread, unload)

    async def close(self) -> None:
        """Let go of the model and its threads."""
        await self.rest()
        for thread in (self._quiet, self._asked):
            thread.shutdown()

    async def _run[T](self, thread: ThreadPoolExecutor, work: Callable[[_Loaded], T]) -> T:
        def run() -> T:
            with self._loading:
                if self._loaded is None:
                    self._loaded = _load(self._files)
                loaded = self._loaded
            return work(loaded)

        return await asyncio.get_running_loop().run_in_executor(thread, run)


def _step_back() -> None:
    # Of this thread alone: Linux has a priority for each.
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _load(files: ModelFiles) -> _Loaded:
    # The engine and its tokenizer raise whatever they like about files that are not theirs.
    try:
        _register(files)
        model = TextEmbedding(
            files.id,
            cache_dir=str(files.folder),
            specific_model_path=str(files.folder),
            local_files_only=True,
            threads=1,
            providers=["CPUExecutionProvider"],
            enable_cpu_mem_arena=False,
        )
        tokenizer = Tokenizer.from_file(str(files.tokenizer))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        loaded = _Loaded(
            model, tokenizer, files.window - tokenizer.num_special_tokens_to_add(False)
        )
        size = _vector(loaded, "A try.").size
    except Exception as error:
        raise ModelUnusable(
            f"The model in {files.folder} cannot be loaded ({type(error).__name__}: {error}).",
            fix="docs/guides/llama.md says which models can.",
        ) from error
    if size != files.dimensions:
        raise ModelUnusable(
            f"The model in {files.folder} gives {size} numbers, not {files.dimensions}.",
            fix="Take its ONNX file and its config.json from the same place.",
        )
    return loaded


def _register(files: ModelFiles) -> None:
    if any(known["model"] == files.id for known in TextEmbedding.list_supported_models()):
        return
    TextEmbedding.add_custom_model(
        model=files.id,
        pooling=PoolingType.CLS if files.pooling == "cls" else PoolingType.MEAN,
        normalization=True,
        # Names a place to download from; with `specific_model_path` nobody looks there.
        sources=ModelSource(hf=files.id),
        dim=files.dimensions,
        model_file=files.onnx,
    )


def _pieces(loaded: _Loaded, text: str) -> list[Span]:
    offsets = loaded.tokenizer.encode(text, add_special_tokens=False).offsets
    return cut(text, offsets, loaded.window)


def _vector(loaded: _Loaded, text: str) -> Vector:
    (vector,) = loaded.model.embed([text], batch_size=1)
    return np.asarray(vector, np.float32)
